"""`models.config` as a file: always there, valid, and respectful of what a hand wrote; and what counts as a version."""

import os
from pathlib import Path

import pytest

from src.errors import StoreError
from src.models_config import versions
from src.release.upkeep import ensure_config
from tests.unit.src.release.stored import add_version
from tests.unit.src.release.test_state import HAND_EDITED, read


def test_an_empty_store_gets_the_valid_empty_list(tmp_path: Path) -> None:
    """Without any model the file names none, and is not empty, since servers end on an empty file."""
    ensure_config(tmp_path)
    assert (tmp_path / "models.config").read_text(encoding="utf-8") == "model_config_list {\n}\n"


def test_an_empty_file_is_made_valid(tmp_path: Path) -> None:
    """A file without content, which ends a server, gets the empty list."""
    (tmp_path / "models.config").write_text("", encoding="utf-8")
    ensure_config(tmp_path)
    assert read(tmp_path).HasField("model_config_list")


@pytest.mark.parametrize("content", [b"model_config_list {", b"line: 1", b"\xff\xfe", b"{}"])
def test_a_file_that_is_no_configuration_is_refused_and_kept(tmp_path: Path, content: bytes) -> None:
    """What cannot be understood is named in one line and not overwritten."""
    path = tmp_path / "models.config"
    path.write_bytes(content)
    with pytest.raises(StoreError) as caught:
        ensure_config(tmp_path)
    assert str(caught.value).startswith(f"{path} is no valid model server configuration: ")
    assert str(caught.value).endswith("; mend or remove it")
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == content


def test_the_file_is_replaced_not_rewritten(tmp_path: Path) -> None:
    """Who has the old file open reads the old text to its end; no draft stays."""
    ensure_config(tmp_path)
    with (tmp_path / "models.config").open(encoding="utf-8") as reader:
        add_version(tmp_path, 1)
        ensure_config(tmp_path)
        assert reader.read() == "model_config_list {\n}\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["line", "models.config"]


def test_a_custom_configuration_is_left_alone(tmp_path: Path) -> None:
    """A configuration of the other kind cannot be added to, and is not overwritten."""
    text = 'custom_model_config { type_url: "x" }\n'
    (tmp_path / "models.config").write_text(text, encoding="utf-8")
    with pytest.raises(StoreError, match="has a custom_model_config"):
        ensure_config(tmp_path)
    assert (tmp_path / "models.config").read_text(encoding="utf-8") == text


@pytest.mark.parametrize("name", ["007", "0x1", "-1", "1.0", str(2**63), "٣", ".staging", "1 "])
def test_only_plain_integers_are_versions(tmp_path: Path, name: str) -> None:
    """A folder that is not named as this project names versions is none."""
    for version in ("1", "2", name):
        (tmp_path / "line" / version).mkdir(parents=True)
    assert versions(tmp_path / "line") == [1, 2]


def test_a_folder_that_cannot_be_a_model_is_passed_over(tmp_path: Path) -> None:
    """A folder whose name a configuration could not hold does not hinder the others."""
    for name in (b"\xff", b"a b", b"line"):
        add_version(tmp_path, 1, model=os.fsdecode(name))
    ensure_config(tmp_path)
    assert [model.name for model in read(tmp_path).model_config_list.config] == ["line"]


def test_a_folder_without_a_version_is_no_model(tmp_path: Path) -> None:
    """What is only staged, or is something else, is not served."""
    (tmp_path / "line" / ".staging").mkdir(parents=True)
    (tmp_path / "README.md").write_text("text", encoding="utf-8")
    ensure_config(tmp_path)
    assert len(read(tmp_path).model_config_list.config) == 0


def test_a_hand_edited_file_that_names_all_models_is_left_alone(tmp_path: Path) -> None:
    """Comments and layout stay, and so does a policy that a hand chose."""
    add_version(tmp_path, 1)
    (tmp_path / "models.config").write_text(HAND_EDITED, encoding="utf-8")
    ensure_config(tmp_path)
    assert (tmp_path / "models.config").read_text(encoding="utf-8") == HAND_EDITED
