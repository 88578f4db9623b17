"""Which versions are kept: those that servers are told of, and the newest of the others."""

import contextlib
import shutil
from pathlib import Path

from src.models_config import CARD_FILE, versions
from src.release import upkeep

REMOVED = ".removed-"  # no integer: servers pass over it


def apply(store: Path, model: str, keep: int) -> list[int]:
    """Remove the oldest versions that nobody is told of, until so many are left; under the release's lock.

    Only what was published here is counted, and removed; what a hand has put there stays. So do reports and history,
    and no number is given again. A version is gone in one step.

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
    sweep(store)
    told = upkeep.named(store, model)
    ours = [version for version in versions(store / model) if (store / model / str(version) / CARD_FILE).exists()]
    removed = [version for version in ours if version not in told][: -max(keep, 1)]
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
