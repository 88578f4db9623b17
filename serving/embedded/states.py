"""The state of every version, for GetModelStatus."""

from threading import Lock

from tensorflow_serving.apis import get_model_status_pb2

State = get_model_status_pb2.ModelVersionStatus.State


class States:
    """Where each version stands: LOADING, AVAILABLE, UNLOADING, END. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._states: dict[str, dict[int, int]] = {}

    def note(self, name: str, version: int, state: int) -> None:
        """Note a version's new state.

        Args:
            name: the model's name.
            version: the version.
            state: a value of `ModelVersionStatus.State`.
        """
        with self._lock:
            self._states.setdefault(name, {})[version] = state

    def of(self, name: str) -> dict[int, int]:
        """Tell the state of every version that was ever to be served.

        Args:
            name: the model's name.

        Returns:
            A value of `ModelVersionStatus.State` for each version, newest first; nothing for an unknown model.
        """
        with self._lock:
            return dict(sorted(self._states.get(name, {}).items(), reverse=True))

    def current(self, name: str) -> set[int]:
        """Tell which versions of a model are loaded or to be loaded.

        Args:
            name: the model's name.

        Returns:
            The versions.
        """
        return {version for version, state in self.of(name).items() if state in {State.LOADING, State.AVAILABLE}}

    def names(self) -> set[str]:
        """Tell which models were ever to be served.

        Returns:
            Their names.
        """
        with self._lock:
            return set(self._states)
