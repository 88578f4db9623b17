"""Steady load, and what its clients see: every request is accounted for."""

import http.client
import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from threading import Event

BODY = json.dumps({"data": [10]}).encode()
HEADERS = {"Content-Type": "application/json"}
CLIENTS = 8
TIMEOUT_SECONDS = 30.0
REST_SECONDS = 0.01  # of a client that nobody listens to


@dataclass
class Seen:
    """What clients saw.

    Attributes:
        answers: When each request ended, and how: the status, or the name of what went wrong.
        versions: How many answers came from each version.
        unhelpful: How many 503 came without a Retry-After.
        slowest: By how requests ended, how long the longest took, in seconds.
    """

    answers: list[tuple[float, str]] = field(default_factory=list)
    versions: Counter[int] = field(default_factory=Counter)
    unhelpful: int = 0
    slowest: dict[str, float] = field(default_factory=dict)

    def kinds(self) -> Counter[str]:
        """How many requests ended in each way."""
        return Counter(kind for _, kind in list(self.answers))

    def failed(self) -> Counter[str]:
        """How many requests ended in each way but well."""
        found = self.kinds()
        del found["200"]
        return found

    def good(self) -> list[float]:
        """When the good answers came, in their order."""
        return sorted(when for when, kind in list(self.answers) if kind == "200")

    def good_after(self, moment: float) -> float:
        """How long after a moment of `time.monotonic()` the first good answer came; -1 if none did."""
        return min((when - moment for when in self.good() if when > moment), default=-1)

    def longest_pause(self) -> float:
        """The longest time between two good answers."""
        return max((b - a for a, b in pairwise(self.good())), default=0.0)

    def __str__(self) -> str:
        """In words, for the table."""
        failed = ", ".join(f"{number:,} x {kind}" for kind, number in sorted(self.failed().items())) or "none"
        return f"{len(self.answers):,} requests, failed: {failed}; longest pause {self.longest_pause():.2f} s"


class Client:
    """Asks on a connection that it keeps; where nobody listens it turns to the next address, as a balancer would."""

    def __init__(self, ports: Sequence[int], seen: Seen, headers: Mapping[str, str] = HEADERS) -> None:
        self._headers = headers
        self._ports = list(ports)
        self._seen = seen
        self._connection: http.client.HTTPConnection | None = None

    def ask(self) -> str:
        """Ask once; notes how it ended, and tells."""
        began = time.monotonic()
        try:
            kind = self._asked()
        except (OSError, http.client.HTTPException) as error:
            kind = type(error).__name__
            self.close()
        ended = time.monotonic()
        self._seen.slowest[kind] = max(self._seen.slowest.get(kind, 0.0), ended - began)
        self._seen.answers.append((ended, kind))
        return kind

    def _asked(self) -> str:
        connection = self._connected()
        connection.request("POST", "/predict", BODY, dict(self._headers))
        answer = connection.getresponse()
        text = answer.read()
        if answer.status == 200:
            self._seen.versions[json.loads(text)["version"]] += 1
        if answer.status == 503 and "Retry-After" not in answer.headers:
            self._seen.unhelpful += 1
        if answer.will_close:
            self.close()
        return str(answer.status)

    def _connected(self) -> http.client.HTTPConnection:
        for _ in self._ports:
            if self._connection is not None:
                return self._connection
            connection = http.client.HTTPConnection("127.0.0.1", self._ports[0], timeout=TIMEOUT_SECONDS)
            try:
                connection.connect()
                self._connection = connection
            except ConnectionRefusedError:
                self._ports.append(self._ports.pop(0))
        if self._connection is None:
            raise ConnectionRefusedError
        return self._connection

    def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


@contextmanager
def load(*ports: int, clients: int = CLIENTS, headers: Mapping[str, str] = HEADERS) -> Iterator[Seen]:
    """Let clients ask, one request after the other, until the block ends.

    Args:
        ports: Of the gateways; the next one is turned to when nobody listens at the one before.
        clients: How many at a time.
        headers: What each request has.

    Yields:
        What they see; it grows while the block runs.
    """
    seen, done = Seen(), Event()

    def run() -> None:
        client = Client(ports, seen, headers)
        while not done.is_set():
            if client.ask() == "ConnectionRefusedError":
                done.wait(REST_SECONDS)
        client.close()

    with ThreadPoolExecutor(clients) as pool:
        asking = [pool.submit(run) for _ in range(clients)]
        try:
            yield seen
        finally:
            done.set()
    for client in asking:
        client.result()


def get(port: int, path: str) -> tuple[int, str]:
    """What a gateway answers over a connection of its own; status 0 if it does not."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    except (OSError, http.client.HTTPException):
        return 0, ""
    finally:
        connection.close()
