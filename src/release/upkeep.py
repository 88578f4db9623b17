"""What keeps `models.config` in order beside releases: its beginning, its loss, and the numbers that versions have had.

All functions that write are to be called under the release's lock.
"""

from pathlib import Path, PurePosixPath

from src import models_config
from src.cli import SERVED_FROM
from src.models_config import CARD_FILE, models, versions
from src.release import history
from src.release.state import STABLE, Release, write

# Of a SavedModel that was put into the store by hand: a gateway that finds the newest not to answer its golden examples
# as it should falls back to the one before it.
KEPT_VERSIONS = 2


def ensure_config(store: Path, served_from: PurePosixPath = SERVED_FROM) -> None:
    """Make `models.config` exist; leave what it says already.

    It may have been lost: of a model trained here, the version is named then that was stable last, by the history, and
    no other, since whatever was never promoted has been held back. Of a SavedModel from elsewhere, the newest versions
    are served (policy `latest`).

    Args:
        store: The model store.
        served_from: The store's folder as the model server sees it; absolute.

    Raises:
        StoreError: The file there is no valid configuration, or the history cannot be read.
        OSError: The file cannot be written.
    """
    config = models_config.read(store)
    known = {model.name for model in config.model_config_list.config}
    for model in models(store):
        if model in known:
            continue
        published = versions(store / model)
        done = [operation for operation in history.read(store, model) if operation.outcome == "done"]
        if stables := [version for version in history.stables(done, None) if version in published]:
            entry = models_config.add(config, model, served_from)
            entry.model_version_policy.specific.versions.append(stables[-1])
            entry.version_labels[STABLE] = stables[-1]
        elif not any((store / model / str(version) / CARD_FILE).exists() for version in published):
            models_config.add(config, model, served_from).model_version_policy.latest.num_versions = KEPT_VERSIONS
    models_config.write(store, config)


def named(store: Path, model: str) -> set[int]:
    """The versions in a model's folder that servers are told of, by this name or another one on the same folder.

    Raises:
        StoreError: `models.config` is not valid.
    """
    entries = models_config.read(store).model_config_list.config
    same = [entry for entry in entries if model in (entry.name, PurePosixPath(entry.base_path).name)]
    published = versions(store / model)
    return {v for entry in same for v in (*models_config.loaded(entry, published), *entry.version_labels.values())}


def last_number(store: Path, model: str) -> int:
    """The greatest number that a version of a model has had, as far as anything still tells; 0 where there was none.

    A number is not given twice: who has named it, in `models.config` or anywhere else, meant another version.

    Args:
        store: The model store.
        model: The model's name.

    Raises:
        StoreError: `models.config` is not valid.
    """
    told = [operation.version for operation in history.read(store, model)]
    reported = models_config.reported(store / model)
    return max([0, *named(store, model), *told, *versions(store / model), *reported])


def pin(store: Path, model: str) -> None:
    """Name a model's loaded versions one by one, so that one more in its folder is not served by itself.

    An entry that a hand wrote may serve whatever is newest. Its newest version becomes the one labelled stable.

    Args:
        store: The model store.
        model: The model's name.

    Raises:
        StoreError: `models.config` is not valid.
        OSError: It cannot be written.
    """
    entry = models_config.find(models_config.read(store), model)
    if entry is None or entry.model_version_policy.HasField("specific"):
        return  # named already: what is named and gone stays named, and its number is not given to another
    found = models_config.loaded(entry, versions(store / model))
    labels = {STABLE: found[-1]} if found else {}
    write(store, model, Release(frozenset(found), labels | dict(entry.version_labels) if found else {}))
