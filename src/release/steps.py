"""A change of the release as the writes that model servers follow without a gap.

TensorFlow Serving moves a label to a version only if that is loaded already, and refuses the whole of a configuration
that asks for more. So a label moves in three writes, each once the servers have followed the one before:

1. the versions of before and after, with the labels of before;
2. the same versions, with the labels of after;
3. the versions of after.

Whatever of this has happened already is passed over, so that what was cut off anywhere can be carried out again.
"""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from src.errors import ReleaseError, UnreachableError
from src.models_config import versions
from src.release import state
from src.release.servers import Server
from src.release.state import CANARY, STABLE, Release

PAUSE_SECONDS = 0.05


@dataclass(frozen=True, kw_only=True)
class Steps:
    """A model's way from one release to another.

    Attributes:
        store: The model store.
        model: The model's name.
        servers: Who has to follow; nobody where no server runs.
        timeout_seconds: How long they may take over each step.
        served_from: The store's folder as servers see it, for a model that is not named yet.
    """

    store: Path
    model: str
    servers: Sequence[Server]
    timeout_seconds: float
    served_from: PurePosixPath

    def take(self, after: Release, verify: Callable[[Server], None]) -> Release:
        """Bring about a release's labels; leave the release as it was where that cannot be.

        Args:
            after: The release.
            verify: Holds what a server has loaded to what it should be, before any label moves.

        Returns:
            The release, as it is to be written.

        Raises:
            ReleaseError: The servers do not follow in time, or `verify` raises it.
            StoreError: `models.config` is not valid.
            OSError: It cannot be written.
        """
        entry = state.entry(self.store, self.model)
        before = state.read(self.store, self.model) or Release()
        try:
            if not self.servers:
                after = _in_one_write(before, after)
                self._write(after)
                return after
            self._load(before, after)
            for server in self.servers:
                verify(server)
            self._write(Release(before.versions | after.versions, after.labels))
            concerned = {STABLE, CANARY, *before.labels, *after.labels}
            expected = {label: after.labels.get(label) for label in concerned}
            what = ", ".join(f"{label} to be version {version}" for label, version in after.labels.items())
            self._wait(lambda server: self._labels(server, concerned) == expected, f"{what} of {self.model}")
        except BaseException:
            state.restore(self.store, self.model, entry)
            raise
        return after

    def trim(self, after: Release, *, wait_for: int | None = None) -> None:
        """Have servers unload what the release no longer has, and load what it has besides, for a rollback.

        Args:
            after: The release, whose labels are in force.
            wait_for: A version to see unloaded.

        Raises:
            ReleaseError: The servers do not follow in time.
            OSError: `models.config` cannot be written.
        """
        self._write(after)
        if wait_for is not None:
            gone = f"version {wait_for} of {self.model} to be unloaded"
            self._wait(lambda server: not self._is_available(server, wait_for), gone)

    def _load(self, before: Release, after: Release) -> None:
        """Have the versions of after loaded, while all labels stay where the servers have them."""
        labels: dict[str, int] = {}
        for label, version in before.labels.items():
            kept = version if self._all_have(version) else self._anywhere(label)
            labels |= {} if kept is None else {label: kept}
        stable = before.stable(versions(self.store / self.model))
        if STABLE not in labels and stable is not None and self._all_have(stable):
            labels[STABLE] = stable  # else what is loaded now would be the newest, and served before it is verified
        self._write(Release(before.versions | after.versions, labels))
        for version in sorted(after.labels.values()):
            self._wait(
                lambda server, version=version: self._is_available(server, version),  # type: ignore[misc]
                f"version {version} of {self.model} to be loaded",
                version,
            )

    def _all_have(self, version: int) -> bool:
        return all(self._is_available(server, version) for server in self.servers)

    def _anywhere(self, label: str) -> int | None:
        """The version that has a label on some server."""
        return next(filter(None, (server.labelled(self.model, label) for server in self.servers)), None)

    def _is_available(self, server: Server, version: int) -> bool:
        status = server.states(self.model).get(version)
        return status is not None and status.is_available

    def _labels(self, server: Server, labels: Collection[str]) -> dict[str, int | None]:
        return {label: server.labelled(self.model, label) for label in labels}

    def _write(self, release: Release) -> None:
        state.write(self.store, self.model, release, self.served_from)

    def _wait(self, followed: Callable[[Server], bool], what: str, version: int | None = None) -> None:
        """Wait until all servers have followed; one that is restarted meanwhile has the time to come back."""
        deadline = time.monotonic() + self.timeout_seconds
        for server in self.servers:
            while not _holds(followed, server):
                if time.monotonic() > deadline:
                    raise ReleaseError(
                        f"waited {self.timeout_seconds:g} s in vain for {what} by the model server {server.address}"
                        f"{self._told(server, version)}; does it read {self.store / 'models.config'}? its log may tell"
                    )
                time.sleep(PAUSE_SECONDS)

    def _told(self, server: Server, version: int | None) -> str:
        """What the server says of a version that it does not load."""
        try:
            status = server.states(self.model).get(version or 0)
        except UnreachableError:
            return ", which does not answer"
        if status is None:
            return ""
        return f" (it is {status.state}{': ' if status.message else ''}{status.message})"


def _in_one_write(before: Release, after: Release) -> Release:
    """What a server takes in one write, should one run that was not found: it would refuse to move the label.

    Without the label clients get the newest version that is loaded, which comes to the same. Not beside a canary, which
    would be the newest until the other one is loaded.
    """
    stable = after.labels.get(STABLE)
    moves = before.labels.get(STABLE, stable) != stable and stable not in before.versions
    if not moves or CANARY in after.labels or stable != max(after.versions):
        return after
    return Release(after.versions, {label: version for label, version in after.labels.items() if label != STABLE})


def _holds(followed: Callable[[Server], bool], server: Server) -> bool:
    try:
        return followed(server)
    except UnreachableError:
        return False
