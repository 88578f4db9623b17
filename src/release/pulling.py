"""Takes a version that was made somewhere else into the store: from a model registry, or from a folder."""

import contextlib
import shutil
import tempfile
from pathlib import Path

from src import registry, store
from src.errors import ReleaseError, StoreError
from src.models_config import is_model_name, versions
from src.release import integrity
from src.release.operations import Operator


def pull(operator: Operator, model: str, source: Path | str, *, promote: bool, force: bool) -> None:
    """Bring a version into the store as the next one, and promote it.

    It is held against the checksums that it was published with. One that the store has already, file by file, is not
    taken in a second time.

    Args:
        operator: Who promotes it; in their store, which is made if missing.
        model: The model's name.
        source: The SavedModel's folder, or the alias of a registered model of that name.
        promote: Whether to promote it.
        force: As for `Operator.promote`; and whether to take what has no checksums.

    Raises:
        TrackingError: The registry cannot be asked, or has no such model.
        ReleaseError: It is damaged, belongs to another model, or cannot be promoted.
        StoreError: The folder is not there, or the store cannot be written.
    """
    if not is_model_name(model):
        raise ReleaseError(f"{model!r} is no model's name")
    store.prepare(operator.store, served_from=operator.served_from)
    with tempfile.TemporaryDirectory(prefix="pull-") as scratch:
        if isinstance(source, Path):
            folder, name = source, str(source)
            if not folder.is_dir():
                raise StoreError(f"there is no folder {folder}")
        else:
            folder, number = registry.download(model, source, Path(scratch))
            name = f"{model}@{source} ({number})"
        try:
            integrity.check(folder, model)
        except ReleaseError as error:
            raise ReleaseError(f"{name} is not taken into the store: {error}") from error
        if not (force or (folder / integrity.SUMS_FILE).is_file()):
            told = f"it has no {integrity.SUMS_FILE}, so that nobody can tell whether it is whole"
            raise ReleaseError(f"{name} is not taken into the store: {told}; --force takes it all the same")
        _take(operator, model, folder, name, promote=promote, force=force)


def _take(operator: Operator, model: str, folder: Path, name: str, *, promote: bool, force: bool) -> None:
    def then(version: int) -> None:
        operator.say(f"{name} is {model} version {version}")
        if promote:
            operator.promote(model, version, force=force)
        else:
            operator.tidy(model)

    if (same := _same(operator.store / model, folder)) is not None:
        then(same)
    else:
        store.publish(operator.store, model, lambda staging: _copy(folder, staging, model), then)


def _copy(folder: Path, staging: Path, model: str) -> None:
    shutil.copytree(folder, staging)
    integrity.check(staging, model)  # of a folder, somebody may have changed it meanwhile


def _same(there: Path, folder: Path) -> int | None:
    """The version in the store that is the same, file by file, by the checksums of both."""
    try:
        sums = (folder / integrity.SUMS_FILE).read_bytes()
    except FileNotFoundError:
        return None
    for version in versions(there):
        file = there / str(version) / integrity.SUMS_FILE
        if file.is_file() and file.read_bytes() == sums:
            with contextlib.suppress(ReleaseError):  # one that is damaged is to be replaced by the next
                integrity.check(there / str(version), there.name)
                return version
    return None
