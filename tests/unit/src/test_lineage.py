"""Where a model came from: data checksum, git state, library versions."""

import platform
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from src import lineage
from src.lineage import Git, data_sha256
from src.profiles import profile
from src.recipe import Array, Feature, Recipe, Split
from src.recipes.line import RECIPE

XS = np.arange(4, dtype="float32").reshape(-1, 1)


def checksum(name: str = "x", inputs: Array = XS, targets: Array = XS, held_out: Array = XS[:2]) -> str:
    """The checksum of a small dataset, changed as given."""
    dtype = {"object": "string"}.get(inputs.dtype.name, inputs.dtype.name)
    feature = Feature(name=name, dtype=dtype, shape=inputs.shape[1:], description="A value.")
    recipe: Recipe[Any] = replace(RECIPE, features=(feature,))
    rows = profile(recipe, "train", Split({name: inputs}, targets))
    test = held_out.astype(inputs.dtype) if dtype != "string" else inputs[:1]
    shaped = np.resize(test, (len(test), *inputs.shape[1:]))
    return data_sha256(rows, profile(recipe, "test", Split({name: shaped}, np.zeros((len(shaped), 1), "float32"))))


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A git repository with one commit, in the project's place."""
    monkeypatch.setattr(lineage, "PROJECT", tmp_path)
    git(tmp_path, "init", "--quiet")
    (tmp_path / "file").write_text("one", encoding="utf-8")
    git(tmp_path, "add", "file")
    git(tmp_path, "-c", "user.name=T", "-c", "user.email=t@localhost", "commit", "--quiet", "--message", "one")
    return tmp_path


def git(folder: Path, *arguments: str) -> str:
    """Run git and give what it prints."""
    command: list[str | Path] = ["git", "-C", folder, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_equal_data_have_equal_checksums() -> None:
    """The checksum depends on the data alone, not on the arrays' identity or memory layout."""
    strided = np.repeat(XS, 2, axis=0)[::2]
    assert checksum() == checksum(inputs=XS.copy()) == checksum(inputs=strided)
    assert len(checksum()) == 64


@pytest.mark.parametrize(
    "changed",
    [
        checksum(inputs=XS + np.float32(1e-6)),
        checksum(targets=XS[::-1]),
        checksum(held_out=XS[:3]),
        checksum(name="y"),
        checksum(inputs=XS.view("int32")),
        checksum(inputs=np.tile(XS, (1, 2))),
    ],
    ids=["a value", "the order", "the held-out rows", "a name", "a dtype with the same bytes", "a shape"],
)
def test_any_change_of_the_data_changes_the_checksum(changed: str) -> None:
    """A value, the order, a split, a name, a dtype or a shape: each counts."""
    assert changed != checksum()


def test_strings_count_by_what_they_say() -> None:
    """Equal strings have equal checksums wherever they lie in memory; characters that move to a neighbour change it."""

    def of(*texts: str) -> str:
        rows = np.array([[text] for text in texts], object)
        return checksum(inputs=rows, targets=np.zeros((len(rows), 1), "float32"))

    assert of("ab", "c", "3:", "ü") == of("".join(["a", "b"]), "c", "3:", "ü")
    other = [
        of("a", "bc"),
        of("ab", "c"),
        of("abc", ""),
        of("ab\0", "c"),
        of("ab", "\0c"),
        of("1:b", "c"),
        of("1", "b:c"),
    ]
    assert len(set(other)) == len(other)


def test_a_clean_tree_gives_its_commit(repository: Path) -> None:
    """The commit is the checked-out one, and the tree is clean right after it."""
    assert lineage.git_state() == Git(commit=git(repository, "rev-parse", "HEAD"), dirty=False)


@pytest.mark.parametrize("name", ["file", "new"])
def test_a_changed_or_new_file_makes_the_tree_dirty(repository: Path, name: str) -> None:
    """A file that was changed or never added means that the commit is not what was run."""
    (repository / name).write_text("two", encoding="utf-8")
    state = lineage.git_state()
    assert state is not None
    assert state.dirty


def test_a_repository_around_the_project_says_nothing_of_it(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unpacked inside another repository, the project has no commit of its own."""
    (repository / "unpacked").mkdir()
    monkeypatch.setattr(lineage, "PROJECT", repository / "unpacked")
    assert lineage.git_state() is None


def test_without_a_commit_or_a_repository_there_is_no_git_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that is no repository, a repository without commits, and a system without git give None."""
    monkeypatch.setattr(lineage, "PROJECT", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert lineage.git_state() is None
    git(tmp_path, "init", "--quiet")
    assert lineage.git_state() is None
    monkeypatch.setenv("PATH", str(tmp_path))
    assert lineage.git_state() is None


def test_library_versions_are_those_installed() -> None:
    """Python's version, and those of the libraries that decide a model's numbers."""
    versions = lineage.library_versions()
    assert list(versions) == ["python", "tensorflow", "keras", "numpy"]
    assert (versions["python"], versions["numpy"]) == (platform.python_version(), np.__version__)
    assert versions["keras"] == keras.__version__
