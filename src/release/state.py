"""`models.config`, which tells model servers what to load: of each model some versions, and labels on them.

A model that was trained here has its versions named one by one (policy `specific`): the one labelled `stable`, the one
labelled `canary` if there is one, and, without a label, the one that was stable before, so that a rollback has nothing
to load. A version that is in the store and not named is not loaded.

All functions that write are to be called under the release's lock. The file is replaced in one step: a reader sees the
old text or the new one.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from src import models_config
from src.cli import SERVED_FROM
from src.errors import ReleaseError, StoreError
from src.models_config import models, versions

STABLE, CANARY = "stable", "canary"


@dataclass(frozen=True)
class Release:
    """What servers are told of a model.

    Attributes:
        versions: The versions to load.
        labels: Which of them have a label.
    """

    versions: frozenset[int] = frozenset()
    labels: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, labels: Mapping[str, int], *others: int | None) -> "Release":
        """The labelled versions, and others beside them."""
        return cls(frozenset(labels.values()) | {version for version in others if version is not None}, dict(labels))

    def stable(self, published: Collection[int]) -> int | None:
        """Which version clients get who ask for none.

        It is the one labelled so. Where no version has that label, or the one that has it is gone, it is what gateways
        serve in its place: the newest of the others, the canary left out.
        """
        if self.labels.get(STABLE) in published:
            return self.labels[STABLE]
        return max((self.versions & set(published)) - {self.labels.get(CANARY)}, default=None)


def check_model(store: Path, model: str | None = None) -> list[str]:
    """Hold a name against the models that are in the store or named in `models.config`.

    Args:
        store: The model store.
        model: The name; None for any.

    Returns:
        All of them, sorted.

    Raises:
        StoreError: There is no such store, or `models.config` is not valid.
        ReleaseError: There is no such model.
    """
    if not store.is_dir():
        raise StoreError(f"there is no model store {store}; src.train makes one")
    named = [entry.name for entry in models_config.read(store).model_config_list.config]
    known = sorted({*models(store), *named})
    if model is not None and model not in known:
        raise ReleaseError(f"no model {model} in {store}; there is: {', '.join(known) or 'none'}")
    return known


def read(store: Path, model: str) -> Release | None:
    """What servers are told of a model.

    Args:
        store: The model store.
        model: The model's name.

    Returns:
        The release; None where `models.config` does not name the model.

    Raises:
        StoreError: `models.config` is not valid.
    """
    entry = models_config.find(models_config.read(store), model)
    if entry is None:
        return None
    return Release(frozenset(models_config.loaded(entry, versions(store / model))), dict(entry.version_labels))


def write(store: Path, model: str, release: Release, served_from: PurePosixPath = SERVED_FROM) -> None:
    """Tell servers of a release. A model without versions is not named, as an empty list would mean the newest.

    Args:
        store: The model store.
        model: The model's name.
        release: What to tell.
        served_from: The store's folder as servers see it, for a model that is not named yet.

    Raises:
        StoreError: `models.config` is not valid.
        OSError: It cannot be written.
    """
    config = models_config.read(store)
    entry = models_config.find(config, model)
    if release.versions:
        entry = entry or models_config.add(config, model, served_from)
        entry.model_version_policy.specific.versions[:] = sorted(release.versions)
        entry.version_labels.clear()
        entry.version_labels.update(release.labels)
    elif entry is not None:
        config.model_config_list.config.remove(entry)
    models_config.write(store, config)


@dataclass(frozen=True)
class Saved:
    """`models.config` as it was: the text, and what it says of one model, None where it does not name it."""

    text: str
    entry: Any


def save(store: Path, model: str) -> Saved:
    """What `models.config` says now, for `restore`.

    Raises:
        StoreError: `models.config` is not valid.
    """
    path = store / models_config.CONFIG_FILE
    text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
    return Saved(text, models_config.find(models_config.read(store), model))


def restore(store: Path, model: str, saved: Saved) -> None:
    """Put back what `models.config` said of a model, to the letter if nobody has written of others meanwhile.

    Args:
        store: The model store.
        model: The model's name.
        saved: What `save` gave.

    Raises:
        StoreError: `models.config` is not valid.
        OSError: It cannot be written.
    """
    config = models_config.read(store)
    now = models_config.find(config, model)
    if now is not None and saved.entry is not None:
        now.CopyFrom(saved.entry)
    elif now is not None:
        config.model_config_list.config.remove(now)
    models_config.write(store, config, saved.text)


def stable(store: Path, model: str) -> int | None:
    """The version that clients get who ask for none.

    Args:
        store: The model store.
        model: The model's name.

    Returns:
        Its number; None where no version is served.

    Raises:
        StoreError: `models.config` is not valid.
    """
    release = read(store, model)
    return None if release is None else release.stable(versions(store / model))


def labelled(store: Path, model: str, label: str) -> int | None:
    """The version that has a label, by `models.config`; None where none has it.

    Raises:
        StoreError: `models.config` is not valid.
    """
    release = read(store, model)
    return release.labels.get(label) if release else None
