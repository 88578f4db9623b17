"""The shares of traffic, as the gateway reads them."""

import json
from pathlib import Path

import pytest

from src.errors import ReleaseError, StoreError
from src.release.operations import Operator
from src.release.traffic import Traffic, read, write
from tests.unit.src.release.stored import add_version


def shares(store: Path) -> object:
    """What the file says."""
    return json.loads((store / "traffic.json").read_text(encoding="utf-8"))


@pytest.fixture
def operator(tmp_path: Path) -> Operator:
    """Who releases three versions, of which the first is stable."""
    for version in (1, 2, 3):
        add_version(tmp_path, version)
    operator = Operator(store=tmp_path)
    operator.promote("line", 1)
    return operator


def test_a_canary_has_its_share(operator: Operator) -> None:
    """It is written when the canary is labelled, changed by the same command, and gone with the canary."""
    operator.canary("line", 2, Traffic(canary_share=0.1))
    assert shares(operator.store) == {"line": {"canary_share": 0.1, "shadow_share": 0.0, "shadow_label": "canary"}}
    operator.canary("line", 2, Traffic(canary_share=0.5, shadow_share=0.25))
    assert shares(operator.store) == {"line": {"canary_share": 0.5, "shadow_share": 0.25, "shadow_label": "canary"}}
    operator.promote("line", 2)
    assert shares(operator.store) == {}


@pytest.mark.parametrize("end", ["retire", "rollback"])
def test_the_share_ends_with_the_canary(operator: Operator, end: str) -> None:
    """A canary that is retired, or becomes stable by a rollback, has no share any more."""
    operator.promote("line", 2)
    operator.canary("line", 1 if end == "rollback" else 3, Traffic(canary_share=0.5))
    if end == "retire":
        operator.retire("line", 3)
    else:
        operator.rollback("line")
    assert shares(operator.store) == {}


def test_a_promotion_beside_the_canary_leaves_its_share(operator: Operator) -> None:
    """It goes on as the canary of another stable version."""
    operator.canary("line", 2, Traffic(canary_share=0.5))
    operator.promote("line", 3)
    assert read(operator.store)["line"].canary_share == 0.5


def test_a_canary_that_cannot_be_leaves_the_share_of_the_other(operator: Operator) -> None:
    """The release is as it was, and so is the traffic."""
    operator.canary("line", 2, Traffic(canary_share=0.5))
    (operator.store / "line" / "3" / "saved_model.pb").write_bytes(b"torn")
    with pytest.raises(ReleaseError, match="cannot be served"):
        operator.canary("line", 3, Traffic(canary_share=0.1))
    assert read(operator.store)["line"].canary_share == 0.5


def test_the_stable_version_is_no_canary(operator: Operator) -> None:
    """Nor is there a canary where nothing is stable."""
    with pytest.raises(ReleaseError, match=r"^line version 1 is the stable one; a canary is another$"):
        operator.canary("line", 1, Traffic())
    add_version(operator.store, 1, model="cubes")
    with pytest.raises(ReleaseError, match=r"^cubes has no stable version, beside which a canary could stand; promote"):
        operator.canary("cubes", 1, Traffic())


def test_a_file_that_cannot_be_read_is_not_written_over(tmp_path: Path) -> None:
    """What a hand has broken is to be mended by one."""
    (tmp_path / "traffic.json").write_text("{", encoding="utf-8")
    with pytest.raises(StoreError, match=r"^cannot read .*traffic.json: .*; mend or remove it$"):
        write(tmp_path, "line", Traffic(canary_share=0.1))
    assert (tmp_path / "traffic.json").read_text(encoding="utf-8") == "{"


def test_every_user_may_read_it(tmp_path: Path) -> None:
    """A gateway in a container is another user than who releases."""
    write(tmp_path, "line", Traffic(canary_share=0.1))
    assert (tmp_path / "traffic.json").stat().st_mode & 0o777 == 0o644
