"""What is to be served: models.config, version policies and the store's version folders."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from google.protobuf import text_format
from tensorflow_serving.config import file_system_storage_path_source_pb2, model_server_config_pb2

from serving.embedded.errors import ConfigError

CONFIG_FILE = "models.config"
_LABEL = re.compile(r"[a-zA-Z0-9_]+")
_MAX_VERSION = 2**63 - 1
_Policy: TypeAlias = file_system_storage_path_source_pb2.FileSystemStoragePathSourceConfig.ServableVersionPolicy


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """What is to be served of one model.

    Attributes:
        name: the model's name.
        base_path: the folder that holds one folder a version.
        policy: the version policy, TensorFlow Serving's `ServableVersionPolicy` message.
        labels: movable names of versions.
    """

    name: str
    base_path: Path
    policy: _Policy
    labels: Mapping[str, int]

    def wanted(self, found: set[int]) -> set[int]:
        """Choose the versions to serve by the version policy; without one, the newest.

        Args:
            found: the versions in the store.

        Returns:
            Those of them that are to be served.
        """
        kind = self.policy.WhichOneof("policy_choice")
        if kind == "all":
            return set(found)
        if kind == "specific":
            return found & set(self.policy.specific.versions)
        return set(sorted(found)[-max(self.policy.latest.num_versions, 1) :])


def find_versions(base_path: Path) -> dict[int, Path]:
    """Find the versions of a model.

    Args:
        base_path: the versions' parent.

    Returns:
        The folder of each version. Whatever has no integer for a name is left out, and there is nothing in a folder
        that is missing or cannot be read.
    """
    try:
        entries = [entry for entry in base_path.iterdir() if entry.name.isascii() and entry.name.isdecimal()]
        return {int(entry.name): entry for entry in entries if int(entry.name) <= _MAX_VERSION and entry.is_dir()}
    except OSError:
        return {}


def read_config(store: Path) -> list[ModelConfig]:
    """Read the store's models.config.

    Args:
        store: the model store's folder.

    Returns:
        The models to serve.

    Raises:
        ConfigError: if the file cannot be read or is no valid `ModelServerConfig`.
    """
    path = store / CONFIG_FILE
    config = model_server_config_pb2.ModelServerConfig()
    try:
        text_format.Parse(path.read_text(encoding="utf-8"), config)
    except (OSError, UnicodeDecodeError, text_format.ParseError) as error:
        raise ConfigError(f"{path} cannot be read: {' '.join(str(error).split())}") from error
    if config.WhichOneof("config") != "model_config_list":
        raise ConfigError(f"{path} has no model_config_list")
    models = [_model(entry, store) for entry in config.model_config_list.config]
    names = [model.name for model in models]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigError(f"{path} lists a model more than once: {', '.join(twice)}")
    return models


def every_model(store: Path) -> list[ModelConfig]:
    """Serve the newest version of every model in a store without models.config.

    Args:
        store: the model store's folder.

    Returns:
        One entry for each folder in the store.

    Raises:
        ConfigError: if the store cannot be read.
    """
    try:
        folders = [entry for entry in sorted(store.iterdir()) if entry.is_dir() and not entry.name.startswith(".")]
    except OSError as error:
        raise ConfigError(f"the model store cannot be read: {error}") from error
    return [ModelConfig(name=folder.name, base_path=folder, policy=_Policy(), labels={}) for folder in folders]


def _model(entry: model_server_config_pb2.ModelConfig, store: Path) -> ModelConfig:
    if not entry.name:
        raise ConfigError("a model in models.config has no name")
    path = Path(entry.base_path)
    if not path.is_absolute():
        raise ConfigError(f"model {entry.name}: base_path has to be absolute, and is {entry.base_path!r}")
    wrong = sorted(label for label in entry.version_labels if not _LABEL.fullmatch(label))
    if wrong:
        raise ConfigError(f"model {entry.name}: a label has only letters, digits and _, and this one is {wrong[0]!r}")
    if path.parts[1:2] == ("models",):  # where the container's image has the store
        path = store.joinpath(*path.parts[2:])
    return ModelConfig(
        name=entry.name, base_path=path, policy=entry.model_version_policy, labels=dict(entry.version_labels)
    )
