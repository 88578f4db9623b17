"""Brings what is loaded in line with models.config and the store, again and again."""

import logging
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

from serving.embedded.config import CONFIG_FILE, ModelConfig, every_model, find_versions, read_config
from serving.embedded.errors import ConfigError
from serving.embedded.registry import Registry
from serving.embedded.servable import Servable
from serving.embedded.states import State, States

_logger = logging.getLogger(__name__)
RETRY_SECONDS = 60.0  # TensorFlow Serving's pause before it tries a failed load again


class Manager:
    """Polls the store. All loading is done in its thread, so that requests do not wait for it."""

    def __init__(
        self, store: Path, registry: Registry, states: States, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Read the configuration; nothing is loaded before `poll`.

        Args:
            store: the model store's folder.
            registry: where loaded versions are published.
            states: where each version's state is noted.
            clock: tells the time in seconds, for the pause after a failed load.

        Raises:
            ConfigError: if the store has a models.config that cannot be read.
        """
        self._store = store
        self._registry = registry
        self._states = states
        self._clock = clock
        self._has_file = False
        self._models = self._read()
        self._failures: dict[tuple[str, int], float] = {}
        self._complaints: dict[str, str] = {}

    def run_in_background(self, poll_seconds: float, stop: Event) -> Thread:
        """Poll in a thread of its own until told to stop.

        Args:
            poll_seconds: the pause between two polls.
            stop: ends the thread when it is set.

        Returns:
            The running thread.
        """

        def run() -> None:
            while not stop.wait(poll_seconds):
                try:
                    self.poll()
                except Exception:
                    _logger.exception("polling failed and will be tried again")

        thread = Thread(target=run, name="poll", daemon=True)
        thread.start()
        return thread

    def poll(self) -> None:
        """Read models.config and the store once, load what is new, then unload what is no longer wanted."""
        self._registry.collect()  # what the last poll, or a request since then, has let go of
        try:
            models = self._read()
            self._registry.relabel({model.name: model.labels for model in models})
        except ConfigError as error:
            self._complain(CONFIG_FILE, f"keeping the old configuration: {error}")
        else:
            self._complain(CONFIG_FILE, None)
            self._models = models
        for model in self._models:
            self._reconcile(model)
        for name in self._states.names() - {model.name for model in self._models}:
            for version in self._states.current(name):
                self._retire(name, version)

    def _read(self) -> list[ModelConfig]:
        # A file that was there once and is gone is an error, not a wish to serve everything.
        self._has_file = self._has_file or (self._store / CONFIG_FILE).exists()
        return read_config(self._store) if self._has_file else every_model(self._store)

    def _reconcile(self, model: ModelConfig) -> None:
        found = find_versions(model.base_path)
        wanted = model.wanted(set(found))
        # Without any version to serve, the last one stays: folders that vanish are rather a mistake than a wish.
        self._complain(model.name, None if wanted else f"no version of {model.name} to serve in {model.base_path}")
        for version in sorted(wanted - self._registry.loaded(model.name)):
            self._load(model.name, version, found[version])
        if wanted & self._registry.loaded(model.name):
            for version in self._states.current(model.name) - wanted:
                self._retire(model.name, version)

    def _load(self, name: str, version: int, folder: Path) -> None:
        failed_at = self._failures.get((name, version))
        if failed_at is not None and self._clock() - failed_at < RETRY_SECONDS:
            return
        self._states.note(name, version, State.LOADING)
        try:
            servable = Servable(folder)
        except Exception as error:  # noqa: BLE001  # TensorFlow raises nearly anything for a damaged SavedModel
            self._failures[name, version] = self._clock()
            reason = " ".join(str(error).split()) or type(error).__name__
            _logger.warning("%s version %d does not load, next try in %.0f s: %s", name, version, RETRY_SECONDS, reason)
        else:
            self._failures.pop((name, version), None)
            self._registry.publish(name, version, servable)

    def _retire(self, name: str, version: int) -> None:
        self._failures.pop((name, version), None)
        self._registry.retire(name, version)

    def _complain(self, key: str, complaint: str | None) -> None:
        """Log a complaint when it is new, not at every poll; None says that there is nothing to complain about."""
        if complaint is None:
            self._complaints.pop(key, None)
        elif self._complaints.get(key) != complaint:
            self._complaints[key] = complaint
            _logger.warning("%s", complaint)
