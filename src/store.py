"""The model store: `<store>/<model>/<version>/`, versions 1, 2, 3, ...; a published version never changes.

A version is staged in a sibling folder whose name is no integer, which model servers ignore, and becomes visible by
one rename. A crash at any point leaves no version or a whole one. One lock a store, held by the operating system for
a living process only, keeps publishers in line, so whatever is staged when the lock is taken was left by a dead one.
"""

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from src.cli import SERVED_FROM
from src.errors import ReleaseError, StoreError
from src.locks import PUBLISHING, RELEASING, held
from src.models_config import CONFIG_FILE, store_errors, sync_folder, versions
from src.release import integrity, retention, state, upkeep

STAGING = ".staging"


def prepare(store: Path, *, served_from: PurePosixPath = SERVED_FROM) -> None:
    """Make the store ready: create it, remove what a killed run left, ensure a valid `models.config`.

    Run before training, so that a store that cannot be written costs no training time.

    Args:
        store: The store's folder; made if missing.
        served_from: The store's folder as the model server sees it.

    Raises:
        StoreError: The store cannot be written, or its `models.config` is not valid.
    """
    with store_errors(store), held(store, PUBLISHING), held(store, RELEASING):
        for leftover in store.glob(f"*/{STAGING}"):
            _remove(leftover)
        retention.sweep(store)
        upkeep.ensure_config(store, served_from)


def publish(store: Path, model: str, write: Callable[[Path], None], then: Callable[[int], None]) -> int:
    """Publish the next version of a model, atomically.

    Args:
        store: The store's folder, prepared.
        model: The model's name.
        write: Writes and verifies the artefact in the (not yet existing) folder it is given. If it raises, nothing is
            published. No other publisher writes meanwhile.
        then: What to do with the version before anybody publishes another: without it, the version is in the store,
            and not served.

    Returns:
        The version's number.

    Raises:
        StoreError: The store cannot be written. Nothing was published, unless the message says so: then the version
            is whole, and not served.
        ReleaseError: The version is published, and `then` could not promote it.
    """
    staging = store / model / STAGING
    with store_errors(store), held(store, PUBLISHING):
        staging.parent.mkdir(exist_ok=True)
        _remove(staging)
        with held(store, RELEASING):
            upkeep.pin(store, model)
        try:
            write(staging)
            integrity.write_sums(staging)
            _sync_tree(staging)
            version = _rename_to_next(staging, upkeep.last_number(store, model) + 1)
        except BaseException:
            shutil.rmtree(staging, ignore_errors=True)  # and let the error through, whatever becomes of this
            raise
        try:
            sync_folder(staging.parent)
            # After the rename: a server that is told of a model without a version waits for it and serves no other.
            then(version)
        except (OSError, StoreError, ReleaseError) as error:
            kind = type(error) if isinstance(error, ReleaseError) else StoreError
            fate = "and stable" if state.stable(store, model) == version else "and not promoted"
            reason = getattr(error, "strerror", None) or error
            raise kind(f"{model} version {version} is published, {fate}: {reason}") from error
    return version


def find(store: Path, model: str, version: int | None = None) -> tuple[int, Path]:
    """A published version of a model and its folder.

    Args:
        store: The store's folder.
        model: The model's name.
        version: Which one; None for the stable one or, in a folder that no release is kept in, the newest.

    Raises:
        StoreError: There is no such version, or none is promoted.
    """
    published = versions(store / model)
    if not published:
        raise StoreError(f"no version of {model} in {store}; train one: python -m src.train {model} --store {store}")
    there = ", ".join(map(str, published))
    if version is None:
        version = state.stable(store, model) if (store / CONFIG_FILE).exists() else published[-1]
        if version is None:
            raise StoreError(f"no version of {model} in {store} is promoted; there is, not promoted: {there}")
    if version not in published:
        raise StoreError(f"no version {version} of {model} in {store}; there is: {there}")
    return version, store / model / str(version)


def _remove(leftover: Path) -> None:
    """Remove what a killed run left, or somebody put there."""
    if leftover.is_dir() and not leftover.is_symlink():
        shutil.rmtree(leftover)
    else:
        leftover.unlink(missing_ok=True)


def _sync_tree(folder: Path) -> None:
    for parent, _, files in os.walk(folder):
        for name in files:
            with (Path(parent) / name).open("rb") as file:
                os.fsync(file.fileno())
        sync_folder(Path(parent))


def _rename_to_next(staging: Path, version: int) -> int:
    """Rename the staged folder to a version, or the next that is free; another tool may take some without our lock."""
    while True:
        try:
            staging.rename(staging.with_name(str(version)))
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
                raise
            version += 1
        else:
            return version
