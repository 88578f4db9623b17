"""A model that is served is trained again, tried out on a share of real requests, and promoted: one command."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.stack import Stack, command, load, started, train
from tests.servers import found_command


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The line, version 1, served; the gateway follows the store's traffic file."""
    folder = tmp_path_factory.mktemp("retrain")
    train(folder / "store")
    with started(folder, found_command(), TRAFFIC_FILE=str(folder / "store" / "traffic.json")) as stack:
        stack.wait_until_ready()
        yield stack


def retrain(stack: Stack, *words: str | Path) -> tuple[int, str, str]:
    """Run the command against the stack: exit code, output and errors."""
    host, port = stack.server_address
    there = ["--gateway", stack.url, "--store", str(stack.store), "--model-server", f"{host}:{port}"]
    done = command("src.retrain", "line", *there, *words, check=False)
    return done.returncode, done.stdout, done.stderr


def test_without_drift_nothing_is_trained(stack: Stack) -> None:
    """Asked to train only if requests have drifted, it looks, and is done."""
    code, told, errors = retrain(stack, "--if-drift")
    assert (code, told.splitlines()[-1:]) == (0, ["line: no drift was found, and so nothing is trained"]), errors
    assert not (stack.store / "line" / "2").exists()


def test_drift_leads_to_a_new_stable_version(stack: Stack) -> None:
    """Requests beyond the training data are drift; the new version becomes the canary, holds, and is promoted."""
    with load(stack, data=[10] * 50, clients=2) as seen:
        code, told, errors = retrain(stack, "--if-drift", "--share", "50%", "--watch", "3", "--min-predictions", "5")
    assert code == 0, errors
    assert any(line.startswith("retrain: ") and "drift" in line for line in told.splitlines()), told
    assert "line version 2 is the canary, for 0.5 of the requests" in told
    assert "line version 2 holds as a canary: " in told
    assert told.splitlines()[-1] == "line version 2 is stable; before: version 1"
    assert seen.statuses().keys() == {200}
    assert stack.predict(2).json()["version"] == 2


def test_a_model_that_the_gate_refuses_does_not_become_the_canary(stack: Stack) -> None:
    """A run of too few steps is kept, and ends as `src.train` does."""
    code, told, errors = retrain(stack, "--set", "epochs=20")
    assert code == 3
    assert errors.startswith("retrain: refused: ")
    assert "canary" not in told
