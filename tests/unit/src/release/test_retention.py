"""Which versions are kept, and which are removed."""

from dataclasses import replace
from pathlib import Path

from src import store
from src.models_config import versions
from src.release import retention, state
from src.release.operations import Operator
from src.release.traffic import Traffic
from tests.unit.src.release.stored import add_version


def test_the_newest_of_those_that_nobody_is_told_of_are_kept(tmp_path: Path) -> None:
    """What has a label, or is loaded for a rollback, is never removed, however old; reports stay."""
    for version in range(1, 10):
        add_version(tmp_path, version)
    (tmp_path / "line" / "reports").mkdir()
    (tmp_path / "line" / "reports" / "2.html").touch()
    operator = Operator(store=tmp_path, keep=20)
    operator.promote("line", 1)
    operator.promote("line", 3)
    operator.canary("line", 4, Traffic(canary_share=0.1))
    assert versions(tmp_path / "line") == list(range(1, 10))
    lines: list[str] = []
    replace(operator, keep=2, say=lines.append).tidy("line")
    assert versions(tmp_path / "line") == [1, 3, 4, 8, 9]
    assert lines == ["removed from the store: line 2, 5, 6, 7"]
    assert (tmp_path / "line" / "reports" / "2.html").exists()


def test_a_promotion_makes_room(tmp_path: Path) -> None:
    """Each change of the release removes what is beyond the number kept, five unless told otherwise."""
    for version in range(1, 11):
        add_version(tmp_path, version)
    Operator(store=tmp_path).promote("line", 10)
    assert versions(tmp_path / "line") == [5, 6, 7, 8, 9, 10]


def test_a_number_that_was_removed_is_not_given_again(tmp_path: Path) -> None:
    """The history remembers what was promoted."""
    add_version(tmp_path, 7)
    Operator(store=tmp_path).promote("line", 7)
    (tmp_path / "models.config").unlink()
    (tmp_path / "line" / "7").rename(tmp_path / "elsewhere")
    assert state.last_number(tmp_path, "line") == 7


def test_a_model_that_no_server_is_told_of_keeps_its_newest(tmp_path: Path) -> None:
    """Also where nothing is named at all, some are kept."""
    for version in (1, 2, 3):
        add_version(tmp_path, version)
    assert retention.apply(tmp_path, "line", 1) == [1, 2]
    assert retention.apply(tmp_path, "cubes", 1) == []


def test_what_a_killed_run_has_left_of_a_removed_version_is_swept(tmp_path: Path) -> None:
    """The next to prepare the store removes it."""
    (tmp_path / "line" / ".removed-3" / "variables").mkdir(parents=True)
    store.prepare(tmp_path)
    assert list((tmp_path / "line").iterdir()) == []
