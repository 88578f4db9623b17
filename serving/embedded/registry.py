"""Which versions are loaded, which labels name them, and who is using them.

The requests' threads and the poll thread meet here. A request finds its version and takes hold of it in one step under
one lock, so that no version is unloaded between being found and being used.
"""

import gc
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock

from tensorflow_serving.apis import model_pb2

from serving.embedded.errors import ConfigError, invalid_argument, not_found
from serving.embedded.servable import Servable
from serving.embedded.states import State, States

_logger = logging.getLogger(__name__)


@dataclass
class _Loaded:
    servable: Servable
    users: int = 0
    retired: bool = False


class Registry:
    """The loaded versions of all models, and their labels."""

    def __init__(self, states: States) -> None:
        """Start with nothing loaded.

        Args:
            states: where each version's state is noted.
        """
        self._states = states
        self._lock = Lock()
        self._loaded: dict[str, dict[int, _Loaded]] = {}
        self._labels: Mapping[str, Mapping[str, int]] = {}
        self._has_ended = False

    @contextmanager
    def use(self, spec: model_pb2.ModelSpec) -> Iterator[tuple[int, Servable]]:
        """Find the version that a request asks for, and hold it until the block ends.

        Args:
            spec: the model's name with a version, a label or neither, which means the newest loaded version.

        Yields:
            The version and its servable.

        Raises:
            RequestError: INVALID_ARGUMENT for no name or an unknown label; NOT_FOUND for what is not loaded.
        """
        with self._lock:
            version, loaded = self._find(spec)
            loaded.users += 1
        try:
            yield version, loaded.servable
        finally:
            with self._lock:
                loaded.users -= 1
                if loaded.retired and not loaded.users:
                    self._end(spec.name, version)

    def loaded(self, name: str) -> set[int]:
        """Tell which versions of a model can answer.

        Args:
            name: the model's name.

        Returns:
            The versions.
        """
        with self._lock:
            return set(self._loaded.get(name, {}))

    def relabel(self, labels: Mapping[str, Mapping[str, int]]) -> None:
        """Replace all labels at once. A label that is new may name a version that is not loaded.

        Args:
            labels: the version of each label of each model.

        Raises:
            ConfigError: if a label is to move to a version that is not loaded, which TensorFlow Serving refuses too.
        """
        with self._lock:
            for name, versions in labels.items():
                old = self._labels.get(name, {})
                for label, version in versions.items():
                    if old.get(label, version) != version and version not in self._loaded.get(name, {}):
                        raise ConfigError(
                            f"Request to assign label to version {version} of model {name}, "
                            "which is not currently available for inference"
                        )
            self._labels = labels

    def publish(self, name: str, version: int, servable: Servable) -> None:
        """Let a version answer requests from now on.

        Args:
            name: the model's name.
            version: the version.
            servable: what was loaded.
        """
        with self._lock:
            self._loaded.setdefault(name, {})[version] = _Loaded(servable)
            self._states.note(name, version, State.AVAILABLE)
        _logger.info("%s version %d is available", name, version)

    def retire(self, name: str, version: int) -> None:
        """Give a version to no further request, and let go of it when the last one has ended.

        Args:
            name: the model's name.
            version: the version, loaded or not.
        """
        with self._lock:
            loaded = self._loaded.get(name, {}).pop(version, None)
            if loaded is not None and loaded.users:
                loaded.retired = True
                self._states.note(name, version, State.UNLOADING)
            else:
                self._end(name, version)

    def collect(self) -> None:
        """Free the memory of the versions that have ended since the last time.

        The graphs of a loaded SavedModel, and the weights with them, are held together by reference cycles. Python
        itself looks for those the less often the more objects it has, which may be dozens of versions later.
        """
        with self._lock:
            has_ended, self._has_ended = self._has_ended, False
        if has_ended:
            gc.collect()

    def _find(self, spec: model_pb2.ModelSpec) -> tuple[int, _Loaded]:
        versions = self._loaded.get(spec.name, {})
        version = self._version(spec)
        if version not in versions:
            raise not_found(f"Servable not found for request: Specific({spec.name}, {version})")
        return version, versions[version]

    def _version(self, spec: model_pb2.ModelSpec) -> int:
        if not spec.name:
            raise invalid_argument("ModelSpec has no name specified.")
        choice = spec.WhichOneof("version_choice")
        if choice == "version":
            return int(spec.version.value)
        if choice == "version_label":
            if spec.version_label not in self._labels.get(spec.name, {}):
                raise invalid_argument(f"Unrecognized servable version label: {spec.version_label}")
            return self._labels[spec.name][spec.version_label]
        if not self._loaded.get(spec.name):
            raise not_found(f"Servable not found for request: Latest({spec.name})")
        return max(self._loaded[spec.name])

    def _end(self, name: str, version: int) -> None:
        if version in self._loaded.get(name, {}):
            return  # wanted again and loaded anew while the last request was still using the old copy
        self._states.note(name, version, State.END)
        self._has_ended = True
        _logger.info("%s version %d is unloaded", name, version)
