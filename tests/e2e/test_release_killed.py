"""`python -m src.release`, killed between every two of its steps: nothing is torn, and it can be completed."""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

from tests.contract.calls import values, with_label
from tests.contract.model_server import EMPTY_CONFIG, ModelServer, State, started, write_config
from tests.e2e.stack import command
from tests.processes import wait_until
from tests.saved_models import write_release
from tests.servers import Command, embedded_command

MAX_STEPS = 80
LEAST_STEPS = 10  # a lock, the history and one models.config: fewer would mean that the count misses what it should see
STRIDE = 7  # of the steps that the real server sees, which takes seconds to follow each
RELEASES: dict[str, tuple[list[str], dict[str, int], list[int]]] = {
    "promote": (["promote", "line", "3"], {"stable": 3}, [2, 3]),
    "canary": (["canary", "line", "3", "--share", "0.5"], {"stable": 2, "canary": 3}, [1, 2, 3]),
    "rollback": (["rollback", "line"], {"stable": 1}, [1]),
    "retire": (["retire", "line", "1"], {"stable": 2}, [2]),
}


@pytest.fixture(scope="module")
def server(server_command: Command, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModelServer]:
    """A server over a store with three versions of the line, version n of slope n."""
    with started(server_command, tmp_path_factory.mktemp("killed")) as running_server:
        for version in (1, 2, 3):
            write_release(running_server.store / "line" / str(version), slope=float(version))
        yield running_server


def begin_anew(server: ModelServer) -> None:
    """Version 2 is stable, version 1 was so before, and nothing else is known."""
    for name in ("history.jsonl", "traffic.json"):
        (server.store / name).unlink(missing_ok=True)
    write_config(server.store, EMPTY_CONFIG)
    wait_until(lambda: State.AVAILABLE not in server.states("line").values(), 60, "all versions to be unloaded")
    server.configure("line", specific=[1, 2], labels={"stable": 2})
    for version in (1, 2):
        server.wait_for("line", version, State.AVAILABLE)
    server.wait_for_label("line", "stable", 2)


def release_state(store: Path) -> tuple[dict[str, int], list[int]]:
    """The labels and versions that models.config names; fails where it is not valid."""
    text = (store / "models.config").read_text(encoding="utf-8")
    (entry,) = text_format.Parse(text, model_server_config_pb2.ModelServerConfig()).model_config_list.config
    return dict(entry.version_labels), list(entry.model_version_policy.specific.versions)


def outcome(store: Path) -> str | None:
    """What the history says last."""
    path = store / "history.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    last: dict[str, Any] = json.loads(lines[-1]) if lines else {}
    return last.get("outcome")


def share(store: Path) -> float:
    """The canary's share of the traffic."""
    path = store / "traffic.json"
    shares: dict[str, dict[str, float]] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return shares.get("line", {}).get("canary_share", 0.0)


def release(server: ModelServer, module: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command on the server's store."""
    asked = [*words, "--store", str(server.store), "--model-server", server.target]
    return command(module, *asked, check=False)


@pytest.mark.parametrize("action", RELEASES)
def test_a_release_killed_at_any_step_serves_on_and_can_be_completed(
    server: ModelServer, server_command: Command, action: str
) -> None:
    """After each kill models.config is whole, the stable version answers, and the same command leads to its end."""
    words, labels, loaded = RELEASES[action]
    stride, kills = 1 if server_command is embedded_command else STRIDE, 0
    for step in range(1, MAX_STEPS, stride):
        begin_anew(server)
        ended = release(server, "tests.e2e.killed_release", str(step), str(server.store), *words)
        stable = release_state(server.store)[0]["stable"]
        assert stable in (2, labels["stable"])
        answer = server.predict(with_label("line", "stable"))
        assert values(answer) == [[10.0 * answer.model_spec.version.value]]
        if ended.returncode == 0:
            break
        kills += 1
        assert ended.returncode == -signal.SIGKILL, f"was not killed: {ended}"
        if outcome(server.store) != "done":  # else it is complete, though it could not say so
            completed = release(server, "src.release", *words)
            assert (completed.returncode, completed.stderr) == (0, "")
        assert release_state(server.store) == (labels, loaded)
        assert server.labelled("line", "stable") == labels["stable"]
        assert share(server.store) == (0.5 if action == "canary" else 0.0)
        assert not list(server.store.glob("*/.removed-*"))
    assert ended.returncode == 0, f"not done after {MAX_STEPS} steps"
    assert kills >= LEAST_STEPS // stride


@pytest.fixture
def _heeding_interrupts() -> Iterator[None]:
    """Start programs that heed Ctrl-C, also where the tests run in the background of a shell and so ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_heeding_interrupts")
@pytest.mark.parametrize(("number", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_release_that_is_interrupted_is_taken_back(
    server: ModelServer, number: signal.Signals, exit_code: int
) -> None:
    """Ctrl-C while a version does not load leaves the release as it was, and the history says so."""
    begin_anew(server)
    before = (server.store / "models.config").read_text(encoding="utf-8")
    if not (broken := server.store / "line" / "4").exists():
        write_release(broken, slope=4.0)
        shutil.rmtree(broken / "variables")
        (broken / "assets.extra" / "SHA256SUMS").unlink()
    where = ["--store", str(server.store), "--model-server", server.target]
    words = [sys.executable, "-m", "src.release", "promote", "line", "4", *where]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as waiting:
        wait_until(lambda: 4 in release_state(server.store)[1], 60, "the version to be asked for")
        waiting.send_signal(number)
        out, err = waiting.communicate(timeout=60)
    said = "interrupted" if number is signal.SIGINT else "terminated"
    assert (waiting.returncode, out, err) == (exit_code, "", f"release: {said}\n")
    assert (server.store / "models.config").read_text(encoding="utf-8") == before
    assert outcome(server.store) == "failed"
