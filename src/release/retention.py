"""Which versions are kept: those that servers are told of, and the newest of the others."""

import contextlib
import shutil
from pathlib import Path

from src.models_config import versions
from src.release import state

REMOVED = ".removed-"  # no integer: servers pass over it


def apply(store: Path, model: str, keep: int) -> list[int]:
    """Remove the oldest versions that nobody is told of, until so many are left. To be called under the release's lock.

    Reports and history stay, so that their numbers are not given again. A version is gone in one step; a folder that
    could not be emptied is for `sweep`.

    Args:
        store: The model store.
        model: The model's name.
        keep: How many versions that `models.config` does not name are kept, at least one.

    Returns:
        The versions removed.

    Raises:
        StoreError: `models.config` is not valid.
        OSError: A version cannot be removed.
    """
    release = state.read(store, model)
    named = release.versions if release else frozenset()
    others = [version for version in versions(store / model) if version not in named]
    removed = others[: -max(keep, 1)]
    for version in removed:
        doomed = store / model / f"{REMOVED}{version}"
        (store / model / str(version)).rename(doomed)
        shutil.rmtree(doomed, ignore_errors=True)
    return removed


def sweep(store: Path) -> None:
    """Remove what a killed run has left of removed versions."""
    for doomed in store.glob(f"*/{REMOVED}*"):
        with contextlib.suppress(OSError):
            shutil.rmtree(doomed)
