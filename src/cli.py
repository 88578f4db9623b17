"""What the commands of the model side share: one clear line for every failure, and a clean end when interrupted."""

import argparse
import math
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from types import FrameType
from typing import NoReturn

from src.errors import ModelSideError

DEFAULT_STORE = Path(__file__).parents[1] / "serving" / "models"
DEFAULT_RECIPE = "line"
DEFAULT_MODEL_SERVER = "127.0.0.1:8500"
SERVED_FROM = PurePosixPath("/models")
MAX_DIGITS = 10
KEPT = 5  # versions that servers are not told of


class Parser(argparse.ArgumentParser):
    """argparse's parser, whose errors are one line too; its own print the whole usage."""

    def error(self, message: str) -> NoReturn:
        """Exit with code 2 and one line."""
        self.exit(2, f"{self.prog}: {message} (--help tells more)\n")

    def add_recipe(self) -> None:
        """Take the recipe as the first word."""
        self.add_argument(
            "recipe", nargs="?", default=DEFAULT_RECIPE, help="its name, file or module (default: %(default)s)"
        )

    def add_set(self) -> None:
        """Take `--set`, as often as it comes."""
        self.add_argument(
            "--set", action="append", default=[], metavar="KEY=VALUE", help="override one of the hyperparameters"
        )

    def add_store(self) -> None:
        """Take `--store`."""
        self.add_argument("--store", type=Path, default=DEFAULT_STORE, help="the model store (default: %(default)s)")

    def add_model_server(self) -> None:
        """Take `--model-server`, which the environment may name as well, as for the gateway; else None."""
        self.add_argument(
            "--model-server",
            default=os.environ.get("MODEL_SERVER") or None,
            metavar="TARGET",
            help=f"the model servers that read the store (default: MODEL_SERVER, else {DEFAULT_MODEL_SERVER})",
        )

    def add_served_from(self) -> None:
        """Take `--served-from`."""
        self.add_argument(
            "--served-from",
            type=_absolute,
            default=SERVED_FROM,
            metavar="FOLDER",
            help="the store's folder as servers see it, for a model not yet in models.config (default: %(default)s)",
        )

    def add_keep(self) -> None:
        """Take `--keep`."""
        self.add_argument(
            "--keep",
            type=count,
            default=KEPT,
            metavar="N",
            help="how many versions to keep that servers are not told of (default: %(default)s)",
        )


def _absolute(text: str) -> PurePosixPath:
    if not text.startswith("/"):
        raise argparse.ArgumentTypeError(f"{text} is not absolute, as model servers need it")
    return PurePosixPath(text)


def count(text: str) -> int:
    """An option's value that is a number of things.

    Raises:
        argparse.ArgumentTypeError: It is none, or is beyond all reason.
    """
    if not (text.isascii() and text.isdecimal() and len(text) < MAX_DIGITS and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text[:30]!r} is no positive number")
    return int(text)


def positive(text: str) -> float:
    """An option's value that is a quantity, such as seconds.

    Raises:
        argparse.ArgumentTypeError: It is none.
    """
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no positive number")
    return number


def share(text: str) -> float:
    """An option's value that is a share, such as 0.1 or 10%.

    Raises:
        argparse.ArgumentTypeError: It is none.
    """
    number, size = (text[:-1], 100) if text.endswith("%") else (text, 1)
    try:
        found = float(number) / size
    except ValueError:
        found = math.nan
    if not 0 <= found <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no share, such as 0.1 or 10%")
    return found


class _Terminated(BaseException):
    """SIGTERM arrived; like KeyboardInterrupt, no handler of ordinary errors should catch it."""


def run(command: Callable[[], None], name: str) -> int:
    """Run a command to its end.

    Args:
        command: The work; raises ModelSideError for what the user can mend, OSError for what the system refuses.
        name: The command's name, in front of every error.

    Returns:
        The exit code: 0, the error's own, or 128 plus the signal's number.
    """
    _signalled.clear()
    signal.signal(signal.SIGTERM, _on_signal)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else the caller has it ignored
        signal.signal(signal.SIGINT, _on_signal)
    try:
        command()
        if sys.stdout:  # None where the caller has closed it
            sys.stdout.flush()  # here, where a failure can still be told in one line
    except ModelSideError as error:
        return _fail(name, str(error), error.exit_code)
    except KeyboardInterrupt:
        return _fail(name, "interrupted", 128 + signal.SIGINT)
    except _Terminated:
        return _fail(name, "terminated", 128 + signal.SIGTERM)
    except BrokenPipeError:  # the reader of a pipe, such as `head`, has had enough
        _discard_output()
        return 128 + signal.SIGPIPE
    except OSError as error:  # from the surroundings, such as a full disk behind standard output
        _discard_output()
        return _fail(name, str(error), 1)
    return 0


def check_signals() -> None:
    """End a wait whose interruption was lost: Python drops what a handler raises while an object is being finalised.

    Raises:
        BaseException: A signal has arrived.
    """
    if _signalled:
        raise _signalled[0]


_signalled: list[BaseException] = []


def _on_signal(number: int, _frame: FrameType | None) -> None:
    _signalled.append(KeyboardInterrupt() if number == signal.SIGINT else _Terminated())
    raise _signalled[0]


def _discard_output() -> None:
    """Send what Python would still flush to standard output at its exit, and fail to, nowhere."""
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())


def _fail(name: str, message: str, exit_code: int) -> int:
    print(f"{name}: {message}", file=sys.stderr)
    return exit_code
