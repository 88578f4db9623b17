"""How `make run` trains what is new: one after the other, and no further than it is asked to."""

import os
import signal
import sys
from collections.abc import Callable

import pytest

from deploy import training


@pytest.fixture
def trained_by(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Sets a script in place of the training; its argument is the model."""
    run = training._run

    def replace(script: str) -> None:
        monkeypatch.setattr(
            training, "_run", lambda command, environment: run([sys.executable, "-c", script, command[-1]], environment)
        )

    return replace


def test_each_is_announced_and_trained_in_its_environment(
    trained_by: Callable[[str], None], capfd: pytest.CaptureFixture[str]
) -> None:
    """A line before each says which it is; nothing else but the trainings' own output comes."""
    trained_by("import os, sys; print(sys.argv[1], 'at', os.environ['MODEL_SERVER'])")
    assert training.train(["line", "diamonds"], {"MODEL_SERVER": "here:9500"}) == 0
    assert capfd.readouterr().out.splitlines() == [
        "run: training line (1 of 2), which has no version to serve yet",
        "line at here:9500",
        "run: training diamonds (2 of 2), which has no version to serve yet",
        "diamonds at here:9500",
    ]


def test_the_first_that_fails_is_the_last(trained_by: Callable[[str], None], capfd: pytest.CaptureFixture[str]) -> None:
    """Its exit code is the result: a gateway that serves only some of them would never be ready."""
    trained_by("import sys; sys.exit(3)")
    assert training.train(["line", "diamonds"], {}) == 3
    assert capfd.readouterr().out == "run: training line (1 of 2), which has no version to serve yet\n"


def test_a_training_that_is_killed_is_a_failure(trained_by: Callable[[str], None]) -> None:
    """Its signal becomes an exit code, as a shell has it."""
    trained_by("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    assert training.train(["line"], {}) == 128 + signal.SIGKILL


def test_nothing_more_is_trained_once_it_is_asked_to_stop(
    trained_by: Callable[[str], None], capfd: pytest.CaptureFixture[str]
) -> None:
    """Also where the signal comes too late for the training under way; afterwards signals do what they did before."""
    before = signal.getsignal(signal.SIGTERM)
    trained_by(
        "import os, signal; signal.signal(signal.SIGTERM, lambda *_: None);"
        "os.kill(os.getppid(), signal.SIGTERM); signal.sigtimedwait([], 0.1)"
    )
    assert training.train(["line", "diamonds"], dict(os.environ)) == 128 + signal.SIGTERM
    assert "diamonds" not in capfd.readouterr().out
    assert signal.getsignal(signal.SIGTERM) is before
