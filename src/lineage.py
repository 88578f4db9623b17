"""Where a model came from: code, data and library versions, for its card."""

import contextlib
import hashlib
import inspect
import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

import msgspec

from src.profiles import Profile
from src.recipe import Recipe

PROJECT = Path(__file__).parents[1]
LIBRARIES = ("tensorflow", "keras", "numpy")


class Git(msgspec.Struct, frozen=True, kw_only=True):
    """The commit that trained the model, and whether files differed from it."""

    commit: str
    dirty: bool


class RecipeFile(msgspec.Struct, frozen=True, kw_only=True):
    """The recipe's file, as seen from the project's folder (outside it, its bare name), and its checksum."""

    file: str
    sha256: str


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


def data_sha256(*splits: Profile) -> str:
    """A checksum over all rows of all splits: names, dtypes, shapes and values, in the order the recipe gives them."""
    return hashlib.sha256("\0".join(split.sha256 for split in splits).encode()).hexdigest()


def machine() -> dict[str, str]:
    """What of the machine can move a result's last bits: the system, the processor and how many cores there are."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()),
    }


def _processor() -> str:
    """The processor's name; Linux keeps it where `platform` does not look."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


def recipe_file(recipe: Recipe[Any]) -> RecipeFile | None:
    """Where a recipe was written; None where it was not written to a file."""
    try:
        path = Path(inspect.getfile(recipe.build_model)).resolve()
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    except (TypeError, OSError):
        return None
    inside = path.is_relative_to(PROJECT.resolve())
    return RecipeFile(file=str(path.relative_to(PROJECT.resolve())) if inside else path.name, sha256=sha256)
