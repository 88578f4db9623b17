"""Which versions are kept, and which are removed."""

from dataclasses import replace
from pathlib import Path

from src import store
from src.models_config import versions
from src.release import retention, upkeep
from src.release.operations import Operator
from src.release.traffic import Traffic
from tests.unit.src.release.stored import add_version


def test_the_newest_of_those_that_nobody_is_told_of_are_kept(tmp_path: Path) -> None:
    """What has a label, or is loaded for a rollback, is never removed, however old; reports stay."""
    for version in range(1, 10):
        add_version(tmp_path, version, card={})
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
        add_version(tmp_path, version, card={})
    Operator(store=tmp_path).promote("line", 10)
    assert versions(tmp_path / "line") == [5, 6, 7, 8, 9, 10]


def test_a_number_that_was_removed_is_not_given_again(tmp_path: Path) -> None:
    """The history remembers what was promoted."""
    add_version(tmp_path, 7, card={})
    Operator(store=tmp_path).promote("line", 7)
    (tmp_path / "models.config").unlink()
    (tmp_path / "line" / "7").rename(tmp_path / "elsewhere")
    assert upkeep.last_number(tmp_path, "line") == 7


def test_a_model_that_no_server_is_told_of_keeps_its_newest(tmp_path: Path) -> None:
    """Also where nothing is named at all, some are kept."""
    for version in (1, 2, 3):
        add_version(tmp_path, version, card={})
    assert retention.apply(tmp_path, "line", 1) == [1, 2]
    assert retention.apply(tmp_path, "cubes", 1) == []


def test_what_a_killed_run_has_left_of_a_removed_version_is_swept(tmp_path: Path) -> None:
    """The next to prepare the store removes it."""
    (tmp_path / "line" / ".removed-3" / "variables").mkdir(parents=True)
    store.prepare(tmp_path)
    assert list((tmp_path / "line").iterdir()) == []


def test_what_a_hand_has_put_there_stays(tmp_path: Path) -> None:
    """A SavedModel from elsewhere, which has no card, is neither counted nor removed."""
    for version in range(1, 6):
        add_version(tmp_path, version, card=None if version < 4 else {})
    assert retention.apply(tmp_path, "line", 1) == [4]
    assert versions(tmp_path / "line") == [1, 2, 3, 5]


def test_a_version_that_another_name_serves_is_kept(tmp_path: Path) -> None:
    """An entry may serve the same folder under another name."""
    for version in (1, 2, 3):
        add_version(tmp_path, version, card={})
    policy = "model_version_policy { specific { versions: 1 } }"
    text = f'model_config_list {{ config {{ name: "prod" base_path: "/models/line" {policy} }} }}'
    (tmp_path / "models.config").write_text(text, encoding="utf-8")
    assert retention.apply(tmp_path, "line", 1) == [2]


def test_whoever_takes_a_version_out_of_service_can_have_it_back(tmp_path: Path) -> None:
    """Neither a rollback nor a retirement removes anything, however old."""
    for version in range(1, 10):
        add_version(tmp_path, version, card={})
    operator = Operator(store=tmp_path, keep=20)
    for version in (1, 2, 9):
        operator.promote("line", version)
    hasty = replace(operator, keep=1)
    hasty.retire("line", 2)
    hasty.rollback("line")
    assert versions(tmp_path / "line") == list(range(1, 10))
