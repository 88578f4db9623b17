"""Whether a version is what was published, and how its signature differs from another's."""

import shutil
import subprocess
from pathlib import Path

import pytest

from src import tf_serving_pb2 as pb
from src.errors import ReleaseError
from src.release.integrity import SUMS_FILE, check, difference, signature
from tests.unit.src.release.stored import add_version


def fault(version: Path) -> str:
    """What is found to be wrong with a version of the line."""
    with pytest.raises(ReleaseError) as caught:
        check(version, "line")
    return str(caught.value)


def test_a_version_as_it_was_published_is_sound(tmp_path: Path) -> None:
    """Its card is given; a SavedModel from elsewhere, without card and checksums, is sound too."""
    card = check(add_version(tmp_path, 1, card={}), "line")
    assert card is not None
    assert card.name == "line"
    other = add_version(tmp_path, 2)
    shutil.rmtree(other / "assets.extra")
    assert check(other, "line") is None


def test_the_checksums_are_as_other_tools_read_them(tmp_path: Path) -> None:
    """`sha256sum -c` in the version's folder finds all files, and all of them sound."""
    version = add_version(tmp_path, 1, card={})
    command = ["sha256sum", "--strict", "-c", str(SUMS_FILE)]
    ended = subprocess.run(command, cwd=version, capture_output=True, text=True, check=True, timeout=60)
    assert sorted(ended.stdout.splitlines()) == ["assets.extra/card.json: OK", "saved_model.pb: OK"]


def test_each_damage_is_named(tmp_path: Path) -> None:
    """A file that is missing, or another one; checksums that are none; a card that cannot be read."""
    missing, other, sums, card = (add_version(tmp_path, version, card={}) for version in range(1, 5))
    (missing / "saved_model.pb").unlink()
    assert fault(missing) == "its saved_model.pb cannot be read: No such file or directory"
    (other / "assets.extra" / "card.json").write_text("{}", encoding="utf-8")
    assert fault(other) == "its assets.extra/card.json is not what was published (SHA-256)"
    (sums / SUMS_FILE).write_bytes(b"\xff")
    assert fault(sums) == "its assets.extra/SHA256SUMS cannot be read: no valid content"
    (card / SUMS_FILE).unlink()
    (card / "assets.extra" / "card.json").write_text("{", encoding="utf-8")
    assert fault(card).startswith("its card assets.extra/card.json cannot be read: ")


def test_a_file_of_half_a_line_is_damage(tmp_path: Path) -> None:
    """Checksums that were copied in part do not pass for fewer files, nor do none at all."""
    version = add_version(tmp_path, 1, card={})
    text = (version / SUMS_FILE).read_text(encoding="utf-8")
    for length, file in ((len(text) - 10, "saved_model.pb"), (0, "assets.extra/card.json")):
        (version / SUMS_FILE).write_text(text[:length], encoding="utf-8")
        assert fault(version) == f"its {file} is not among what was published (assets.extra/SHA256SUMS)"


@pytest.mark.parametrize("content", [b"", b"\x12\x00", b"no SavedModel"])
def test_a_saved_model_that_has_nothing_to_serve_is_damage(tmp_path: Path, content: bytes) -> None:
    """An empty file, which a copy leaves that has just begun, one without a graph to serve, and one that is none."""
    version = add_version(tmp_path, 1)
    (version / SUMS_FILE).unlink()
    (version / "saved_model.pb").write_bytes(content)
    assert fault(version).startswith("its saved_model.pb ")


def test_a_version_of_another_model_is_told(tmp_path: Path) -> None:
    """A card says whose it is: a folder that was copied to the wrong place is no version of this model."""
    assert fault(add_version(tmp_path, 1, card={"name": "cubes"})) == "its card says that it is a version of cubes"


def test_signatures_differ_by_name_dtype_and_shape(tmp_path: Path) -> None:
    """What clients would have to send or read differently is told in words; alike ones have no difference."""
    one, wide, more = (
        signature(add_version(tmp_path, 1)),
        signature(add_version(tmp_path, 2, x=[-1, 2])),
        signature(add_version(tmp_path, 3, x=[-1, 1], z=[-1])),
    )
    assert difference(one, one) is None
    assert difference(wide, one) == "it takes x (DT_FLOAT, [-1, 2]), not x (DT_FLOAT, [-1, 1])"
    assert difference(more, one) == "it takes z (DT_FLOAT, [-1])"
    assert difference(one, more) == "it takes nothing more, not z (DT_FLOAT, [-1])"
    other = pb.SignatureDef()
    other.CopyFrom(one)
    other.outputs["y"].dtype = pb.DT_DOUBLE
    assert difference(other, one) == "it answers y (DT_DOUBLE, [-1, 1]), not y (DT_FLOAT, [-1, 1])"
    other.outputs["y"].tensor_shape.unknown_rank = True
    assert difference(other, one) == "it answers y (DT_DOUBLE, any), not y (DT_FLOAT, [-1, 1])"
