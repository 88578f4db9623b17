"""Clients that ask without a pause while versions are published, tried out, promoted and rolled back.

Version n of the model is the line of slope n, so that each answer tells whether it belongs to the version that it
names. Clients speak all three protocols; some force the canary or refuse it, some are to stay on one side.
"""

import http.client
import itertools
import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

from tests.e2e.stack import Stack, command
from tests.saved_models import write_release

Headers = dict[str, str]
HEADERS: list[Headers] = [{}, {}, {"X-Canary": "always"}, {"X-Canary": "never"}, {"X-Canary-Key": "somebody"}]
COMMAND_SECONDS = 120.0


@dataclass(frozen=True)
class Answer:
    """What a client saw.

    Attributes:
        moment: When it came.
        status: The HTTP status.
        version: The version that it names.
        label: The label that it names.
        is_right: Whether its value belongs to that version, and all that names a version names the same one.
    """

    moment: float
    status: int
    version: int
    label: str | None
    is_right: bool


@dataclass
class Seen:
    """What was seen while a release changed.

    Attributes:
        answers: All answers.
        invalid: How often models.config could not be read as a configuration.
        reads: How often it was read.
        commands: By command, how long each run took.
        rollbacks: When rollbacks returned whose version does not come back, and which version it was.
        seconds: How long it took, as far as anybody noted it.
    """

    answers: list[Answer] = field(default_factory=list)
    invalid: int = 0
    reads: int = 0
    commands: dict[str, list[float]] = field(default_factory=dict)
    rollbacks: list[tuple[float, int]] = field(default_factory=list)
    seconds: float = 0.0

    def statuses(self) -> Counter[int]:
        """How often each status was seen."""
        return Counter(answer.status for answer in self.answers)

    def wrong(self) -> list[Answer]:
        """Answers that do not belong to the version that they name."""
        return [answer for answer in self.answers if answer.status == 200 and not answer.is_right]

    def labels(self) -> Counter[str | None]:
        """How many answers came from which label."""
        return Counter(answer.label for answer in self.answers)

    def late(self) -> list[float]:
        """By rollback, the seconds from its command's return to the last answer by the version it came from."""
        last = {answer.version: answer.moment for answer in self.answers}
        return [max(last.get(version, 0.0) - moment, 0.0) for moment, version in self.rollbacks]


def _asking(number: int, protocol: int) -> tuple[str, Any]:
    """A path and a body that ask for the line at a number."""
    return [
        ("/predict", {"data": number}),
        ("/v1/models/line:predict", {"instances": [number]}),
        (
            "/v2/models/line/infer",
            {"inputs": [{"name": "x", "shape": [1, 1], "datatype": "FP32", "data": [number]}]},
        ),
    ][protocol]


def _read(answer: http.client.HTTPResponse, number: int, protocol: int) -> Answer:
    text = answer.read()
    moment = time.perf_counter()
    if answer.status != 200:
        return Answer(moment, answer.status, 0, None, is_right=False)
    document, label = json.loads(text), answer.getheader("X-Model-Label")
    version = int(answer.getheader("X-Model-Version") or 0)
    if protocol == 0:
        named, value = (document["version"], document.get("label", "stable")), document["prediction"]
    elif protocol == 1:
        named, value = (version, label), document["predictions"][0][0]
    else:
        named, value = (int(document["model_version"]), label), document["outputs"][0]["data"][0]
    return Answer(moment, 200, version, label, is_right=named == (version, label) and value == version * number)


def _ask(stack: Stack, index: int, done: Event, answers: list[Answer]) -> None:
    """Ask until the end; a connection that fails raises."""
    host, _, port = stack.url.removeprefix("http://").partition(":")
    protocol, headers = index % 3, HEADERS[index % len(HEADERS)] | {"Content-Type": "application/json"}
    connection = http.client.HTTPConnection(host, int(port), timeout=30)
    try:
        for number in itertools.cycle(range(1, 1000)):
            if done.is_set():
                return
            path, body = _asking(number, protocol)
            connection.request("POST", path, json.dumps(body), headers)
            answers.append(_read(connection.getresponse(), number, protocol))
    finally:
        connection.close()


def _watch(store: Path, done: Event, seen: Seen) -> None:
    """Read models.config again and again, as servers do."""
    while not done.wait(0.002):
        seen.reads += 1
        try:
            text = (store / "models.config").read_text(encoding="utf-8")
            config = text_format.Parse(text, model_server_config_pb2.ModelServerConfig())
            seen.invalid += not config.HasField("model_config_list")
        except (text_format.ParseError, OSError):
            seen.invalid += 1


@contextmanager
def clients(stack: Stack, seen: Seen, count: int) -> Iterator[None]:
    """Let so many clients ask until the block ends, each on a connection of its own.

    Args:
        stack: Whom to ask.
        seen: Takes what they see.
        count: How many.

    Yields:
        While they ask. A connection that fails raises when the block ends.
    """
    done = Event()
    mine: list[list[Answer]] = [[] for _ in range(count)]
    with ThreadPoolExecutor(count + 1) as pool:
        asking = [pool.submit(_ask, stack, index, done, answers) for index, answers in enumerate(mine)]
        watching = pool.submit(_watch, stack.store, done, seen)
        try:
            yield
        finally:
            done.set()
    for future in [*asking, watching]:
        future.result()
    seen.answers += sorted(itertools.chain.from_iterable(mine), key=lambda answer: answer.moment)


class Releases:
    """Works on a stack's release by its commands, and keeps how long they took."""

    def __init__(self, stack: Stack, made: Path, seen: Seen) -> None:
        """Take a stack, the folder of versions that are made and not yet published, and what keeps the times."""
        self._stack, self._made, self._seen = stack, made, seen

    def run(self, *words: str) -> None:
        """Run a command; one that fails raises with what it said."""
        begin = time.perf_counter()
        host, port = self._stack.server_address
        store = str(self._stack.store)
        where = ["--store", store, "--model-server", f"{host}:{port}", "--served-from", store]
        ended = command("src.release", *words, *where, check=False, timeout=COMMAND_SECONDS)
        assert ended.returncode == 0, ended.stderr
        self._seen.commands.setdefault(words[0], []).append(time.perf_counter() - begin)

    def _rollback(self, version: int) -> None:
        self.run("rollback", "line")
        if version % 2 == 0:
            self._seen.rollbacks.append((time.perf_counter(), version))

    def publish(self, version: int) -> None:
        """Have a version appear in the store, whole."""
        (self._made / "line" / str(version)).rename(self._stack.store / "line" / str(version))

    def round(self, version: int) -> None:
        """Publish a version, try it out, promote it, roll back; and one with an odd number, promote again."""
        self.publish(version)
        self.run("canary", "line", str(version), "--share", "0.3")
        self.run("promote", "line", str(version))
        self._rollback(version)
        if version % 2:
            self.run("promote", "line", str(version))


def make(made: Path, versions: Sequence[int]) -> None:
    """Make versions outside of a store: to write them would take the processor from clients.

    Args:
        made: The folder.
        versions: Their numbers, which are their slopes.
    """
    for version in versions:
        write_release(made / "line" / str(version), slope=float(version))
