"""What the commands share: exit codes, and one line for every failure."""

import contextlib
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from src import cli, errors
from src.errors import DriftError, GateError, ModelSideError, ParamsError, ReproduceError


@pytest.fixture(autouse=True)
def _signal_handlers_as_before() -> Iterator[None]:
    """Give SIGTERM and SIGINT their handlers back, which running a command changes."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def raising(error: BaseException) -> Callable[[], None]:
    """A command that fails so."""

    def command() -> None:
        raise error

    return command


def test_a_command_that_ends_well_exits_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is added to what the command prints."""
    assert cli.run(lambda: print("31.0"), "predict") == 0
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("31.0\n", "")


@pytest.mark.parametrize(
    ("error", "exit_code", "line"),
    [
        (ParamsError("epochs is missing"), 1, "train: epochs is missing\n"),
        (GateError("refused"), 3, "train: refused\n"),
        (KeyboardInterrupt(), 130, "train: interrupted\n"),
    ],
)
def test_a_failure_is_one_line_and_its_exit_code(
    capsys: pytest.CaptureFixture[str], error: BaseException, exit_code: int, line: str
) -> None:
    """The line goes to standard error and begins with the command's name."""
    assert cli.run(raising(error), "train") == exit_code
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", line)


def test_sigterm_ends_a_command_as_ctrl_c_does(capsys: pytest.CaptureFixture[str]) -> None:
    """SIGTERM unwinds the command, so that it cleans up, and gives 128 plus its number."""
    cleaned = []

    def command() -> None:
        try:
            signal.raise_signal(signal.SIGTERM)
        except Exception:  # noqa: BLE001  # ordinary handlers must not catch it
            pytest.fail("SIGTERM was caught as an ordinary error")
        finally:
            cleaned.append(True)

    assert cli.run(command, "train") == 143
    assert capsys.readouterr().err == "train: terminated\n"
    assert cleaned == [True]


def test_a_bug_shows_its_traceback() -> None:
    """An error that is no user's mistake is not hidden behind one line."""
    with pytest.raises(ZeroDivisionError):
        cli.run(raising(ZeroDivisionError()), "train")


def test_every_error_has_the_exit_code_its_module_draws() -> None:
    """All errors exit with 1, but the gate's with 3, a failed reproduction's with 4, and drift's with 5."""
    kinds = {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, ModelSideError)}
    assert len(kinds) == 13
    for kind in kinds:
        assert kind.__name__ in (errors.__doc__ or "")
        assert kind.exit_code == {GateError: 3, ReproduceError: 4, DriftError: 5}.get(kind, 1)


def test_a_closed_standard_output_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command whose caller has closed standard output ends well; Python has no stream then."""
    monkeypatch.setattr("sys.stdout", None)
    assert cli.run(lambda: None, "train") == 0


@pytest.mark.parametrize(
    "module",
    ["src.train", "src.predict", "src.evaluate", "src.reproduce", "src.release.__main__", "src.drift.__main__"],
)
def test_a_command_starts_light(module: str) -> None:
    """Before the command runs, and can be interrupted in one line, nothing large is imported."""
    code = f"import sys, {module}; print(*sorted({{'numpy', 'msgspec', 'yaml', 'google', 'keras'}} & set(sys.modules)))"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert ended.stdout == "\n"


@pytest.mark.parametrize(("number", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interruption_that_was_lost_ends_the_next_wait(number: signal.Signals, exit_code: int) -> None:
    """What a signal's handler raises while an object is finalised goes nowhere; whoever waits finds it all the same."""

    def command() -> None:
        with contextlib.suppress(BaseException):  # as a finaliser does
            signal.raise_signal(number)
        cli.check_signals()

    signal.signal(signal.SIGINT, signal.default_int_handler)
    assert cli.run(command, "release") == exit_code
    assert cli.run(cli.check_signals, "release") == 0, "what was told once is over"
