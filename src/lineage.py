"""Where a model came from: code, data and library versions, for its card."""

import hashlib
import platform
import subprocess
from importlib import metadata
from pathlib import Path

import msgspec

from src.recipe import Array, Dataset

PROJECT = Path(__file__).parents[1]
LIBRARIES = ("tensorflow", "keras", "numpy")


class Git(msgspec.Struct, frozen=True, kw_only=True):
    """The commit that trained the model, and whether files differed from it."""

    commit: str
    dirty: bool


def git_state() -> Git | None:
    """The project's commit, or None where there is no git, no repository of the project's own or no commit yet."""
    try:
        if Path(_git("rev-parse", "--show-toplevel")) != PROJECT.resolve():
            return None  # unpacked somewhere inside another repository, whose commits say nothing of this code
        commit = _git("rev-parse", "HEAD")
        return Git(commit=commit, dirty=bool(_git("status", "--porcelain")))
    except (OSError, subprocess.SubprocessError):
        return None


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(PROJECT), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout.strip()


def library_versions() -> dict[str, str]:
    """The versions of Python and of the libraries that decide a model's numbers."""
    return {"python": platform.python_version()} | {name: metadata.version(name) for name in LIBRARIES}


def data_sha256(dataset: Dataset) -> str:
    """A checksum over all rows of both splits: names, dtypes, shapes and bytes, in the order the recipe gives them."""
    digest = hashlib.sha256()
    for split in (dataset.train, dataset.test):
        for name, array in [*split.inputs.items(), ("", split.targets)]:
            digest.update(f"{name}\0{array.dtype.str}\0{array.shape}\0".encode())
            digest.update(_content(array))
    return digest.hexdigest()


def _content(array: Array) -> bytes:
    """An array's values as bytes; of strings, each behind its length, so that none can pass for two others."""
    if array.dtype != object:
        return array.tobytes()
    return "".join(f"{len(text)}:{text}" for text in array.flat).encode()
