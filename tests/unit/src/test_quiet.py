"""What C++ code writes to standard error is held back, and shown where it explains a failure."""

import os
from pathlib import Path

import pytest

from src.quiet import quiet_stderr


def test_what_is_written_to_the_descriptor_is_held_back(capfd: pytest.CaptureFixture[str]) -> None:
    """Nothing written below Python appears, and afterwards standard error is as before."""
    with quiet_stderr():
        os.write(2, b"chatter\n")
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "after\n"


def test_a_failure_shows_what_was_held_back(capfd: pytest.CaptureFixture[str]) -> None:
    """Where the block fails, its output may say why, and the error is passed on."""

    def fail() -> None:
        os.write(2, b"the reason\n")
        raise ValueError("failed")

    with pytest.raises(ValueError, match=r"^failed$"), quiet_stderr():
        fail()
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "the reason\nafter\n"


def interrupted(interruption: type[BaseException]) -> None:
    """Write to standard error, and be stopped, as by a signal's handler."""
    with quiet_stderr():
        os.write(2, b"chatter\n")
        raise interruption


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit])
def test_an_interruption_shows_nothing(capfd: pytest.CaptureFixture[str], interruption: type[BaseException]) -> None:
    """Where the user stops the run, chatter explains nothing."""
    with pytest.raises(interruption):
        interrupted(interruption)
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "after\n"


def test_no_descriptor_is_left_open() -> None:
    """However often it is used, quieting costs no file descriptor."""
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        with quiet_stderr():
            pass
    assert len(list(Path("/proc/self/fd").iterdir())) == before
