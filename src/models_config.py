"""`models.config` as text and as message, and the versions that a store's folders hold."""

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

from src.errors import StoreError

CONFIG_FILE = "models.config"
# In a version's folder, beside the `card` signature: the card without the model. Servers pass over it.
CARD_FILE = Path("assets.extra") / "card.json"
MODEL_NAME = re.compile(r"[A-Za-z0-9_.-]+")
MAX_VERSION = 2**63 - 1  # what a server can read


def read(store: Path) -> Any:
    """What the file says, which may be nothing.

    Args:
        store: The model store.

    Returns:
        A `ModelServerConfig`.

    Raises:
        StoreError: The file there is no valid configuration, or one that cannot be added to.
    """
    path = store / CONFIG_FILE
    config = model_server_config_pb2.ModelServerConfig()
    text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
    try:
        text_format.Parse(text, config)
    except text_format.ParseError as error:
        raise StoreError(f"{path} is no valid model server configuration: {error}; mend or remove it") from error
    if config.HasField("custom_model_config"):
        raise StoreError(f"{path} has a custom_model_config, which cannot be added to; mend or remove it")
    return config


def write(store: Path, config: Any, text: str | None = None) -> None:
    """Replace the file in one step, if it says something else: otherwise a hand's comments and layout stay.

    Args:
        store: The model store.
        config: A `ModelServerConfig`.
        text: The file's content, if it says the same: with comments and in a layout of its own.

    Raises:
        StoreError: The file there is no valid configuration.
        OSError: It cannot be written.
    """
    config.model_config_list.SetInParent()  # an empty list is written out: TensorFlow Serving ends on an empty file
    if config != read(store):
        same = text is not None and text_format.Parse(text, model_server_config_pb2.ModelServerConfig()) == config
        replace(store / CONFIG_FILE, text if text and same else text_format.MessageToString(config))


def find(config: Any, model: str) -> Any:
    """What a `ModelServerConfig` says of a model; None where it does not name it."""
    return next((entry for entry in config.model_config_list.config if entry.name == model), None)


def add(config: Any, model: str, served_from: PurePosixPath) -> Any:
    """Name a model, by the folder where a server sees it.

    Returns:
        Its entry, whose version policy and labels are still empty.
    """
    entry = model_server_config_pb2.ModelConfig(
        name=model, base_path=str(served_from / model), model_platform="tensorflow"
    )
    config.model_config_list.config.append(entry)
    return config.model_config_list.config[-1]


def loaded(entry: Any, published: list[int]) -> list[int]:
    """Which versions an entry's policy has a server load, ascending; of those named one by one also what is gone."""
    policy = entry.model_version_policy
    kind = policy.WhichOneof("policy_choice")
    if kind == "specific":
        return sorted(set(policy.specific.versions))
    if kind == "all":
        return published
    return published[-max(policy.latest.num_versions, 1) :]


def is_model_name(name: str) -> bool:
    """Whether a model can be called so: letters, digits, `_`, `-` and `.`, the first one of the first two."""
    return bool(MODEL_NAME.fullmatch(name)) and name[0].isalnum() and name != CONFIG_FILE


def versions(model_folder: Path) -> list[int]:
    """The published versions in a model's folder, ascending; empty where there is no such folder."""
    if not model_folder.is_dir():
        return []
    return sorted(int(entry.name) for entry in model_folder.iterdir() if _is_version(entry.name) and entry.is_dir())


def models(store: Path) -> list[str]:
    """The names of the models that have a version, sorted; empty where there is no such folder."""
    if not store.is_dir():
        return []
    return sorted(folder.name for folder in store.iterdir() if MODEL_NAME.fullmatch(folder.name) and versions(folder))


def reported(model_folder: Path) -> list[int]:
    """The versions that have a report, whether or not they are still there."""
    return sorted(int(file.stem) for file in model_folder.glob("reports/*.html") if _is_version(file.stem))


def replace(path: Path, text: str, mode: int | None = None) -> None:
    """Replace a file of the store in one step, and make it survive a power cut.

    Args:
        path: The file.
        text: Its new content.
        mode: Who may read it; as the process makes files where it is left out.

    Raises:
        OSError: It cannot be written; the old one is there still.
    """
    draft = path.with_name(f".{path.name}.draft")
    try:
        with draft.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            draft.chmod(mode)
        draft.replace(path)
    except OSError:  # such as a full disk, which an empty draft would only help to fill
        draft.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def _is_version(name: str) -> bool:
    """Whether a folder's name is a version as this project writes them: no leading zeros, no other script's digits."""
    return name.isascii() and name.isdecimal() and str(int(name)) == name and int(name) < MAX_VERSION


@contextlib.contextmanager
def store_errors(store: Path) -> Iterator[None]:
    """Say what failed where, in one line.

    Args:
        store: The model store.

    Raises:
        StoreError: The store could not be read or written.
    """
    try:
        yield
    except OSError as error:
        raise StoreError(f"cannot write the model store {store}: {error.strerror or error}") from error


def sync_folder(path: Path) -> None:
    """Make a folder's entries, such as a file just renamed, survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
