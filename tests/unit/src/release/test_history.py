"""The release's history: nothing is lost from it, and it tells where a rollback leads."""

import errno
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import pytest

from src.release.history import HISTORY_FILE, Action, Operation, begin, end, read, stables

Outcome = Literal["begun", "done", "failed"]
PROMOTE: Action = "promote"
ROLLBACK: Action = "rollback"


def told(*steps: tuple[Action, int, int | None] | tuple[Action, int, int | None, Outcome]) -> list[Operation]:
    """Operations: what was done with which version, which version was stable before, and what came of it."""
    return [
        Operation(
            id=str(number),
            time=datetime.now(UTC),
            action=step[0],
            model="line",
            version=step[1],
            replaced=step[2],
            user="u",
            host="h",
            reason="",
            outcome=step[3] if len(step) == 4 else "done",
        )
        for number, step in enumerate(steps)
    ]


def test_an_operation_is_told_with_who_when_why_and_what_became_of_it(tmp_path: Path) -> None:
    """It is there before anything is changed, and ends with its outcome; both lines stay."""
    operation = begin(tmp_path, PROMOTE, "line", 2, replaced=1, reason="it is better")
    assert [(each.outcome, each.version) for each in read(tmp_path)] == [("begun", 2)]
    end(tmp_path, operation, "failed", "no server")
    (after,) = read(tmp_path, "line")
    assert (after.action, after.model, after.replaced, after.reason) == (PROMOTE, "line", 1, "it is better")
    assert (after.outcome, after.detail) == ("failed", "no server")
    assert after.user
    assert after.host
    assert (datetime.now(UTC) - after.time).total_seconds() < 60
    assert len((tmp_path / HISTORY_FILE).read_text(encoding="utf-8").splitlines()) == 2
    assert read(tmp_path, "cubes") == []


def test_a_torn_line_costs_no_other(tmp_path: Path) -> None:
    """What a power cut left of a line is passed over, and the next line does not run on from it."""
    begin(tmp_path, PROMOTE, "line", 1, replaced=None, reason="")
    with (tmp_path / HISTORY_FILE).open("ab") as file:
        file.write(b'{"id":"torn","act')
    begin(tmp_path, PROMOTE, "line", 2, replaced=1, reason="")
    assert [operation.version for operation in read(tmp_path)] == [1, 2]


def test_what_a_full_disk_does_not_take_leaves_no_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line that cannot be made safe is taken back, and the operator is told."""
    begin(tmp_path, PROMOTE, "line", 1, replaced=None, reason="")
    before = (tmp_path / HISTORY_FILE).read_bytes()

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left on device"):
        begin(tmp_path, PROMOTE, "line", 2, replaced=1, reason="")
    assert (tmp_path / HISTORY_FILE).read_bytes() == before


def test_whoever_has_no_name_is_told_by_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container a user need not have a name."""

    def nameless() -> str:
        raise KeyError("getpwuid(): uid not found: 10001")

    monkeypatch.setattr("getpass.getuser", nameless)
    begin(tmp_path, PROMOTE, "line", 1, replaced=None, reason="")
    assert read(tmp_path)[0].user == str(os.getuid())


def test_promotions_follow_one_another() -> None:
    """Each promoted version stands behind the one that it replaced; one that is promoted again moves to the end."""
    assert stables(told((PROMOTE, 1, None), (PROMOTE, 2, 1), (PROMOTE, 3, 2)), 3) == [1, 2, 3]
    assert stables(told((PROMOTE, 1, None), (PROMOTE, 2, 1), (PROMOTE, 1, 2)), 1) == [2, 1]


def test_a_version_that_was_rolled_back_from_is_not_led_to_again() -> None:
    """A rollback takes it off, so that the next one leads further back; it counts again once it is promoted again."""
    steps: list[tuple[Action, int, int | None]] = [(PROMOTE, 1, None), (PROMOTE, 2, 1), (PROMOTE, 3, 2)]
    assert stables(told(*steps, (ROLLBACK, 2, 3)), 2) == [1, 2]
    assert stables(told(*steps, (ROLLBACK, 2, 3), (PROMOTE, 3, 2)), 3) == [1, 2, 3]
    assert stables(told(*steps, (ROLLBACK, 2, 3), (PROMOTE, 4, 2)), 4) == [1, 2, 4]


def test_what_failed_has_not_been() -> None:
    """A promotion that the servers did not follow was never stable."""
    assert stables(told((PROMOTE, 1, None), (PROMOTE, 2, 1, "failed")), 1) == [1]


@pytest.mark.parametrize("now", [2, 3])
def test_a_rollback_that_was_cut_off_tells_where_it_was_to_lead(now: int) -> None:
    """Whether or not the label had moved, the last version is where it led; of a promotion, it is what is stable."""
    steps: list[tuple[Action, int, int | None]] = [(PROMOTE, 1, None), (PROMOTE, 2, 1)]
    assert stables(told(*steps, (PROMOTE, 3, 2), (ROLLBACK, 2, 3, "begun")), now) == [1, 2]
    assert stables(told(*steps, (PROMOTE, 3, 2, "begun")), now) == [1, 2, 3][:now]


def test_what_was_cut_off_and_not_completed_is_told_by_what_followed() -> None:
    """The next operation says which version was stable by then; one that never came to be is no step back."""
    first: tuple[Action, int, int | None] = (PROMOTE, 3, None)
    assert stables(told(first, (PROMOTE, 4, 3, "begun"), (PROMOTE, 5, 3)), 5) == [3, 5]
    assert stables(told(first, (PROMOTE, 4, 3, "begun"), (PROMOTE, 5, 4)), 5) == [3, 4, 5]


def test_what_a_hand_has_made_stable_counts() -> None:
    """The history gives way to models.config, whose unlabelled versions are the oldest that is known."""
    assert stables(told((PROMOTE, 1, None), (PROMOTE, 2, 1)), 7) == [1, 2, 7]
    assert stables(told((PROMOTE, 1, None), (PROMOTE, 2, 1)), 1) == [1]
    assert stables([], 3, [2, 3]) == [2, 3]
    assert stables([], None) == []


def test_a_rollback_to_what_the_history_does_not_tell_of_leaves_nothing_before_it() -> None:
    """It led to a version that was loaded before the history began, and so to the oldest that is known."""
    assert stables(told((ROLLBACK, 1, 2)), 1) == [1]
    assert stables(told((ROLLBACK, 1, 2, "begun")), 2) == [1]


def test_a_canary_that_was_cut_off_was_not_stable() -> None:
    """Its version may be loaded and unlabelled, as the one before the stable version is."""
    assert stables(told(("canary", 3, 2, "begun")), 2, [1, 3]) == [1, 2]


def test_what_failed_or_was_a_canary_does_not_hide_what_was_loaded_before_the_history_began() -> None:
    """Such a version may have been the stable one, and still be loaded for a rollback."""
    steps = told(("canary", 1, 2), ("promote", 1, 2, "failed"))
    assert stables(steps, 2, [1]) == [1, 2]


def test_a_retired_version_is_no_step_back() -> None:
    """Whoever takes the version before out of service does not want to come back to it."""
    assert stables(told((PROMOTE, 1, None), (PROMOTE, 2, 1), (PROMOTE, 3, 2), ("retire", 2, 3)), 3) == [1, 3]


def test_a_canary_was_not_stable() -> None:
    """Only what was promoted is."""
    assert stables(told((PROMOTE, 1, None), ("canary", 2, 1)), 1) == [1]
