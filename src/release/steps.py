"""A change of the release as the writes that model servers follow without a gap.

TensorFlow Serving moves a label to a version only if that is loaded already, and refuses the whole of a configuration
that asks for more. So a label moves in three writes, each once the servers have followed the one before:

1. the versions of before and after, with the labels of before;
2. the same versions, with the labels of after;
3. the versions of after.

Whatever of this has happened already is passed over, so that what was cut off anywhere can be carried out again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from src import models_config
from src.models_config import versions
from src.release import state
from src.release.fleet import Fleet, is_available
from src.release.servers import Server
from src.release.state import CANARY, STABLE, Release


@dataclass(frozen=True, kw_only=True)
class Steps:
    """A model's way from one release to another.

    Attributes:
        store: The model store.
        model: The model's name.
        fleet: Who has to follow.
        served_from: The store's folder as servers see it, for a model that is not named yet.
    """

    store: Path
    model: str
    fleet: Fleet
    served_from: PurePosixPath

    def take(self, after: Release, version: int | None, verify: Callable[[Server], None]) -> Release:
        """Bring about a release's labels; leave the release as it was where that cannot be.

        Only the version that gets a label is waited for: one that has a label already, and is not loaded, holds up
        nothing else.

        Args:
            after: The release.
            version: The version that gets a label; None where none does.
            verify: Holds what a server has loaded to what it should be, before any label moves.

        Returns:
            The release, as it is to be written.

        Raises:
            ReleaseError: The servers do not follow in time, or `verify` raises it.
            StoreError: `models.config` is not valid.
            OSError: It cannot be written.
        """
        saved = state.save(self.store, self.model)
        before = state.read(self.store, self.model) or Release()
        try:
            if not self.fleet.servers:
                after = _in_one_write(before, after)
                self._write(after)
                return after
            loaded = self._load(before, after, version)
            self.fleet.ask(verify)
            self._write(Release(loaded.versions, after.labels))
            self._wait_for_labels(before, after, version)
        except BaseException:
            state.restore(self.store, self.model, saved)
            raise
        return after

    def trim(self, after: Release, *, gone: int | None = None) -> None:
        """Have servers unload what the release no longer has, and load what it has besides, for a rollback.

        Args:
            after: The release, whose labels are in force.
            gone: A version to see unloaded.

        Raises:
            ReleaseError: The servers do not follow in time.
            OSError: `models.config` cannot be written.
        """
        self._write(after)
        if gone is not None:
            what = f"version {gone} of {self.model} to be unloaded"
            self.fleet.wait(lambda server: not is_available(server, self.model, gone), what, self._hint)

    def _load(self, before: Release, after: Release, version: int | None) -> Release:
        """Have a version loaded, while all labels stay where the servers have them."""
        labels = {label: self._kept(label, number) for label, number in before.labels.items()}
        stable = before.stable(versions(self.store / self.model))
        if STABLE not in labels and stable is not None and self.fleet.has(self.model, stable):
            labels[STABLE] = stable  # else what is loaded now would be the newest, and served before it is verified
        loaded = Release(before.versions | after.versions | set(labels.values()), labels)
        self._write(loaded)
        if version is not None:
            self.fleet.wait(
                lambda server: is_available(server, self.model, version),
                f"version {version} of {self.model} to be loaded",
                lambda server: self._state(server, version) + self._hint(server),
            )
        return loaded

    def _kept(self, label: str, version: int) -> int:
        """Where a label stays: on a version that every server has, if there is one that it is on."""
        if self.fleet.has(self.model, version):
            return version
        there = self.fleet.ask(lambda server: server.labelled(self.model, label))
        return next((v for v in there if v is not None and self.fleet.has(self.model, v)), version)

    def _wait_for_labels(self, before: Release, after: Release, version: int | None) -> None:
        expected: dict[str, int | None] = dict.fromkeys({STABLE, CANARY, *before.labels} - {*after.labels})
        stable = after.labels.get(STABLE)
        known = {version, stable if stable is not None and self.fleet.has(self.model, stable) else version}
        expected |= {label: number for label, number in after.labels.items() if number in known}
        moved = ", ".join(f"{label} to be version {number}" for label, number in expected.items() if number is not None)
        what = f"{moved or 'the labels to be gone'} of {self.model}"
        self.fleet.wait(lambda server: self._labels(server, expected) == expected, what, self._hint)

    def _labels(self, server: Server, labels: Mapping[str, object]) -> dict[str, int | None]:
        return {label: server.labelled(self.model, label) for label in labels}

    def _write(self, release: Release) -> None:
        state.write(self.store, self.model, release, self.served_from)

    def _state(self, server: Server, version: int) -> str:
        """What the server says of a version that it does not load."""
        status = server.states(self.model).get(version)
        if status is None:
            return ""
        return f" (it is {status.state}{': ' if status.message else ''}{status.message})"

    def _hint(self, server: Server) -> str:
        """Why a server may not follow: another model's label that it cannot move has it refuse the whole file."""
        config = self.store / models_config.CONFIG_FILE
        for entry in models_config.read(self.store).model_config_list.config:
            for label, version in entry.version_labels.items():
                there = server.labelled(entry.name, label) if entry.name != self.model else version
                if there not in (None, version):
                    told = f"{label} of {entry.name} is version {version} there, and {there} on the server"
                    return f"; it seems to refuse {config}: {told}; promote {entry.name} {version} first"
        return f"; does it read {config}? its log may tell"


def _in_one_write(before: Release, after: Release) -> Release:
    """What a server takes in one write, should one run that was not found: it would refuse to move the label.

    Without the label clients get the newest version that is loaded, which comes to the same, and at once. Not beside a
    canary, which would be the newest until the other one is loaded.
    """
    stable = after.labels.get(STABLE)
    if not before.versions or stable in before.versions or CANARY in after.labels or stable != max(after.versions):
        return after
    return Release(after.versions, {label: version for label, version in after.labels.items() if label != STABLE})
