"""The release state: `models.config`, which tells the model server what to serve.

In this release scheme every model serves the newest of its versions (policy `latest`), and keeps the one before it
loaded: whoever finds fault with the newest can go on with that one at once.
"""

import os
import re
from pathlib import Path, PurePosixPath

from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

from src.errors import StoreError

CONFIG_FILE = "models.config"
SERVED_FROM = PurePosixPath("/models")
MODEL_NAME = re.compile(r"[A-Za-z0-9_.-]+")
MAX_VERSION = 2**63 - 1  # what a server can read
# The newest, and the one before it: a gateway that finds the newest not to answer its golden examples as it should
# falls back to a version that is loaded, without waiting for anybody or anything.
KEPT_VERSIONS = 2


def ensure_config(store: Path, served_from: PurePosixPath = SERVED_FROM) -> None:
    """Make `models.config` exist and name every model that has a version; leave what it says already as it is.

    One thing is brought up to date: an entry as earlier runs wrote it, with one version kept. Who wants only one
    leaves the number out, `latest { }`, which servers take for one.

    Call it under the store's lock. The file is replaced in one step: a reader sees the old text or the new one.

    Args:
        store: The model store.
        served_from: The store's folder as the model server sees it; absolute.

    Raises:
        StoreError: The file there is no valid configuration, or cannot be written.
    """
    path = store / CONFIG_FILE
    found = _read(path)
    config = model_server_config_pb2.ModelServerConfig()
    config.CopyFrom(found)
    config.model_config_list.SetInParent()  # an empty list is written out: TensorFlow Serving ends on an empty file
    for model in config.model_config_list.config:
        if model == _entry(model.name, model.base_path, kept=1):
            model.model_version_policy.latest.num_versions = KEPT_VERSIONS
    known = {model.name for model in config.model_config_list.config}
    for folder in sorted(store.iterdir()):
        if folder.name not in known and MODEL_NAME.fullmatch(folder.name) and versions(folder):
            config.model_config_list.config.append(_entry(folder.name, str(served_from / folder.name)))
    if config != found:  # otherwise a hand's comments and layout stay
        _replace(path, text_format.MessageToString(config))


def _read(path: Path) -> model_server_config_pb2.ModelServerConfig:
    """What the file says, which may be nothing; StoreError where it cannot be added to."""
    config = model_server_config_pb2.ModelServerConfig()
    text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
    try:
        text_format.Parse(text, config)
    except text_format.ParseError as error:
        raise StoreError(f"{path} is no valid model server configuration: {error}; mend or remove it") from error
    if config.HasField("custom_model_config"):
        raise StoreError(f"{path} has a custom_model_config, which cannot be added to; mend or remove it")
    return config


def _entry(name: str, base_path: str, *, kept: int = KEPT_VERSIONS) -> model_server_config_pb2.ModelConfig:
    """A model's entry as this project writes it."""
    return model_server_config_pb2.ModelConfig(
        name=name,
        base_path=base_path,
        model_platform="tensorflow",
        model_version_policy={"latest": {"num_versions": kept}},
    )


def versions(model_folder: Path) -> list[int]:
    """The published versions in a model's folder, ascending; empty where there is no such folder."""
    if not model_folder.is_dir():
        return []
    return sorted(int(entry.name) for entry in model_folder.iterdir() if _is_version(entry.name) and entry.is_dir())


def _is_version(name: str) -> bool:
    """Whether a folder's name is a version as this project writes them: no leading zeros, no other script's digits."""
    return name.isascii() and name.isdecimal() and str(int(name)) == name and int(name) < MAX_VERSION


def _replace(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}.draft")
    try:
        with draft.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError:  # such as a full disk, which an empty draft would only help to fill
        draft.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Make a folder's entries, such as a file just renamed, survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
