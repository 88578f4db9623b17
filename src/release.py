"""The release state: `models.config`, which tells the model server what to serve.

A model that was trained here has its versions named one by one (policy `specific`): the stable one, which is the
greatest number among them, and the one that was stable before it, so that whoever finds fault with the newer can go on
with the older at once. A version that is in the store and not named is not served.

All functions that write are to be called under the store's lock. The file is replaced in one step: a reader sees the
old text or the new one.
"""

from pathlib import Path, PurePosixPath
from typing import Any

import msgspec
from tensorflow_serving.config import model_server_config_pb2

from src import models_config
from src.models_config import CARD_FILE, models, reported, versions

SERVED_FROM = PurePosixPath("/models")
# Of a SavedModel that was put into the store by hand: a gateway that finds the newest not to answer its golden examples
# as it should falls back to the one before it.
KEPT_VERSIONS = 2


def ensure_config(store: Path, served_from: PurePosixPath = SERVED_FROM) -> None:
    """Make `models.config` exist and name every model that has a version to serve; leave what it says already.

    Of a model trained here that is not named yet, as a killed run leaves it, the newest version that passed the gate is
    served; of a SavedModel from elsewhere, its newest ones (policy `latest`).

    Args:
        store: The model store.
        served_from: The store's folder as the model server sees it; absolute.

    Raises:
        StoreError: The file there is no valid configuration.
        OSError: The file cannot be written.
    """
    config = models_config.read(store)
    known = {model.name for model in config.model_config_list.config}
    for model in models(store):
        if model in known:
            continue
        verdicts = {version: _passed(store / model / str(version)) for version in versions(store / model)}
        if passed := [version for version, verdict in verdicts.items() if verdict]:
            _add(config, model, served_from).model_version_policy.specific.versions.append(passed[-1])
        elif set(verdicts.values()) == {None}:
            _add(config, model, served_from).model_version_policy.latest.num_versions = KEPT_VERSIONS
    models_config.write(store, config)


def stable(store: Path, model: str) -> int | None:
    """The version that clients get who ask for none: the newest of those that are served.

    Args:
        store: The model store.
        model: The model's name.

    Returns:
        Its number; None where no version is served.

    Raises:
        StoreError: `models.config` is not valid.
    """
    entry = _find(models_config.read(store), model)
    return None if entry is None else max(_served(entry, versions(store / model)), default=None)


def last_number(store: Path, model: str) -> int:
    """The greatest number that a version of a model has had, as far as anything still tells; 0 where there was none.

    A number is not given twice: who has named it, in `models.config` or anywhere else, meant another version.

    Args:
        store: The model store.
        model: The model's name.

    Raises:
        StoreError: `models.config` is not valid.
    """
    entry = _find(models_config.read(store), model)
    named = [] if entry is None else [*entry.model_version_policy.specific.versions, *entry.version_labels.values()]
    numbers: list[int] = [0, *named, *versions(store / model), *reported(store / model)]
    return max(numbers)


def pin(store: Path, model: str) -> None:
    """Name a model's served versions one by one, so that one more in its folder is not served by itself.

    An entry that a hand wrote, or an earlier release, may serve whatever is newest.

    Args:
        store: The model store.
        model: The model's name.

    Raises:
        StoreError: `models.config` is not valid.
        OSError: It cannot be written.
    """
    config = models_config.read(store)
    entry = _find(config, model)
    if entry is None or entry.model_version_policy.HasField("specific"):
        return  # named already: what is named and gone stays named, and its number is not given to another
    if served := _served(entry, versions(store / model)):
        entry.model_version_policy.specific.versions[:] = served
    else:  # an empty list of versions would mean the newest
        config.model_config_list.config.remove(entry)
    models_config.write(store, config)


def promote(store: Path, model: str, version: int, served_from: PurePosixPath = SERVED_FROM) -> None:
    """Make a version the stable one, and keep the one that was stable, and those with a label, loaded.

    Args:
        store: The model store.
        model: The model's name.
        version: The version, published and newer than the stable one.
        served_from: The store's folder as the model server sees it, for a model not yet named.

    Raises:
        StoreError: `models.config` is not valid.
        OSError: It cannot be written.
    """
    before = stable(store, model)
    config = models_config.read(store)
    entry = _find(config, model) or _add(config, model, served_from)
    kept = {version, *entry.version_labels.values()} | ({before} if before is not None else set())
    entry.model_version_policy.specific.versions[:] = sorted(kept)
    models_config.write(store, config)


class _Gate(msgspec.Struct):
    passed: bool


class _Card(msgspec.Struct):
    """As much of a card as is asked here; all of it is in `src.card`, whose types take NumPy."""

    gate: _Gate


def _passed(version: Path) -> bool | None:
    """Whether a version passed the gate; None where it was not made here."""
    try:
        return msgspec.json.decode((version / CARD_FILE).read_bytes(), type=_Card).gate.passed
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):  # a damaged one should not keep others from being served
        return False


def _find(config: Any, model: str) -> Any:
    return next((entry for entry in config.model_config_list.config if entry.name == model), None)


def _add(config: Any, model: str, served_from: PurePosixPath) -> Any:
    entry = model_server_config_pb2.ModelConfig(
        name=model, base_path=str(served_from / model), model_platform="tensorflow"
    )
    config.model_config_list.config.append(entry)
    return config.model_config_list.config[-1]


def _served(entry: Any, published: list[int]) -> list[int]:
    """Which of the published versions an entry's policy has a server load, ascending."""
    policy = entry.model_version_policy
    kind = policy.WhichOneof("policy_choice")
    if kind == "specific":
        return sorted(set(policy.specific.versions) & set(published))
    if kind == "all":
        return published
    return published[-max(policy.latest.num_versions, 1) :]
