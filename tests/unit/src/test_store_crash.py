"""The model store when publishers are killed: whole versions only, and the next publisher is not hindered."""

import subprocess
import sys
from pathlib import Path

import pytest
from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

from src import models_config, store
from tests.unit.src.publisher import CONTENT_BYTES, FILES, OTHER_FILES, publish, write

# Locking, staging, three files with their folders, fsyncs, renames, models.config: fewer steps would mean that the
# count misses what it should see.
LEAST_STEPS = 30


def prepare_nothing(folder: Path) -> None:
    """No store yet: the first publisher makes it."""


def prepare_one_version(folder: Path) -> None:
    """A store with a version."""
    publish(folder, "a")


def prepare_leftovers(folder: Path) -> None:
    """A store with a version, and with all that killed publishers can leave."""
    publish(folder, "a")
    write_staging(folder)
    (folder / ".models.config.draft").write_text("model_config_list {", encoding="utf-8")
    (folder / "models.config").unlink()


def write_staging(folder: Path) -> None:
    """Leave a half-written version."""
    staging = folder / "line" / store.STAGING
    for name in FILES[:2]:
        (staging / name).parent.mkdir(parents=True, exist_ok=True)
        (staging / name).write_text("torn", encoding="utf-8")


def marks(folder: Path) -> dict[int, str]:
    """Each version's mark; fails where a version is not whole."""
    found = {}
    for version in models_config.versions(folder / "line"):
        path = folder / "line" / str(version)
        assert sorted(str(p.relative_to(path)) for p in path.rglob("*") if p.is_file()) == sorted(
            (*FILES, *OTHER_FILES)
        )
        contents = {(path / name).read_text(encoding="utf-8") for name in FILES}
        assert len(contents) == 1, f"version {version} is a mixture"
        text = contents.pop()
        mark = text[: len(text) // CONTENT_BYTES]
        assert mark
        assert text == mark * CONTENT_BYTES
        found[version] = mark
    return found


def configured(folder: Path) -> list[str] | None:
    """The models that `models.config` names, or None where there is none; fails where it is not valid."""
    path = folder / "models.config"
    if not path.exists():
        return None
    config = text_format.Parse(path.read_text(encoding="utf-8"), model_server_config_pb2.ModelServerConfig())
    assert config.HasField("model_config_list")
    return [model.name for model in config.model_config_list.config]


def leftovers(folder: Path) -> list[str]:
    """What is in the store beside versions, `models.config` and the lock."""
    expected = {".lock", ".release.lock", "models.config", "history.jsonl", "line"}
    top = [path.name for path in folder.iterdir() if path.name not in expected]
    return top + [path.name for path in (folder / "line").iterdir() if not path.name.isdecimal()]


@pytest.mark.parametrize("prepare", [prepare_nothing, prepare_one_version, prepare_leftovers])
def test_a_publisher_killed_at_any_step_leaves_whole_versions_only(tmp_path: Path, prepare: object) -> None:
    """Killed before any of its steps, a publisher leaves its version whole or not at all, and the next one succeeds."""
    assert callable(prepare)
    (tmp_path / "0").mkdir()
    prepare(tmp_path / "0")
    before = marks(tmp_path / "0")
    subprocess.run([sys.executable, "-m", "tests.unit.src.publisher", "kill", tmp_path], check=True)
    stores = sorted((path for path in tmp_path.iterdir() if path.name != "0"), key=lambda path: int(path.name))
    seen = [marks(folder) for folder in stores]
    assert len(stores) >= LEAST_STEPS
    assert seen[0] == before
    assert seen[-1] == before | {len(before) + 1: "b"}
    for folder, after_kill in zip(stores, seen, strict=True):
        assert after_kill in (seen[0], seen[-1])
        assert configured(folder) in (None, [], ["line"])
        if configured(folder) == ["line"]:
            assert after_kill, "models.config names a model without a version, which servers wait for"
        version = publish(folder, "c")
        assert marks(folder) == after_kill | {len(after_kill) + 1: "c"}
        assert version == len(after_kill) + 1
        assert configured(folder) == ["line"]
        assert leftovers(folder) == []


def test_the_check_for_whole_versions_finds_a_torn_one(tmp_path: Path) -> None:
    """A version of which a file is missing, short or another's does not pass for whole."""
    publish(tmp_path, "a")
    target = tmp_path / "line" / "1" / FILES[0]
    for text in ("a" * (CONTENT_BYTES - 1), "b" * CONTENT_BYTES):
        target.write_text(text, encoding="utf-8")
        with pytest.raises(AssertionError):
            marks(tmp_path)
    target.unlink()
    with pytest.raises(AssertionError):
        marks(tmp_path)
    write(tmp_path / "line" / "1", "a")
    assert marks(tmp_path) == {1: "a"}
