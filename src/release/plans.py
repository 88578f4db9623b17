"""What a promotion, a rollback, a canary and a retirement change, and whether they can."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from src import tf_serving_pb2 as pb
from src.errors import ReleaseError
from src.models_config import versions
from src.release import candidates, cards, history, state
from src.release.history import Action, Operation
from src.release.state import CANARY, STABLE, Release
from src.release.traffic import Traffic


@dataclass(frozen=True)
class Judged:
    """What a version was judged against.

    Attributes:
        stable: The version that was stable then; None if there was none.
        is_canary: Whether it was tried out as the canary, and is to be that still.
    """

    stable: int | None
    is_canary: bool = False


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A change of a model's release.

    Attributes:
        action: What it is.
        version: The version that it is done with.
        replaced: The version that is stable before.
        after: The release that it leads to.
        card: The version's card; None where it has none, or is not asked anything.
        signature: What the version takes and answers.
        gone: A version to see unloaded.
        traffic: The model's shares from then on; None where they stay.
        told: What to tell when it is done.
        detail: What the history has to tell besides.
    """

    action: Action
    version: int
    replaced: int | None
    after: Release
    card: cards.Card | None = None
    signature: pb.SignatureDef = field(default_factory=pb.SignatureDef)
    gone: int | None = None
    traffic: Traffic | None = None
    told: str
    detail: str = ""


@dataclass(frozen=True)
class Planner:
    """What is known of a model's release before it is changed.

    Attributes:
        store: The model store.
        model: The model's name.
    """

    store: Path
    model: str

    def promote(self, version: int, *, force: bool, judged: Judged | None = None) -> Plan:
        """Make a version the stable one; a canary that is promoted is no canary any more.

        Args:
            version: Its number.
            force: Whether to do so though the gate refused it, or it takes or answers something else than the version
                that is stable now.
            judged: What it was judged against, if that is to be the stable version still.

        Raises:
            ReleaseError: It cannot be served, or another version has become stable meanwhile.
            StoreError: `models.config` is not valid.
        """
        stable = self._release.stable(self._published)
        if judged and judged.stable != stable:
            against = f"version {judged.stable}" if judged.stable else "none"
            now = f"version {stable} became stable" if stable else "no version stayed stable"
            raise ReleaseError(f"{now} while version {version} was judged against {against}")
        if judged and judged.is_canary and self._release.labels.get(CANARY) != version:
            raise ReleaseError(f"{self.model} version {version} is no longer the canary")
        card, signature = self._checked(version, stable, force=force)
        labels = self._stable_labels(version)
        before = stable if stable != version else self._before(version)
        return Plan(
            action="promote",
            version=version,
            replaced=stable,
            after=Release.of(labels, before),
            card=card,
            signature=signature,
            traffic=self._traffic(labels),
            told=f"{self.model} version {version} is stable" + (f"; before: version {before}" if before else ""),
        )

    def rollback(self) -> Plan:
        """Make the version stable again that was so before; a rollback that was cut off leads where it was to lead.

        Raises:
            ReleaseError: No version was stable before, or it is damaged.
            StoreError: `models.config` is not valid.
        """
        stable = self._release.stable(self._published)
        stables = self._stables()
        last = stables[-1] if stables else None
        is_gone = self._release.labels.get(STABLE, stable) != stable  # and clients get another version already
        target = last if is_gone or self._was_cut_off("rollback", last) else self._before(last)
        if target is None:
            now = f" before version {stable}" if stable else ""
            raise ReleaseError(
                f"there is nothing to roll {self.model} back to: no version that is left, and was neither retired nor"
                f" rolled back from, was stable{now}; promote one"
            )
        card, signature = candidates.check(self.store, self.model, target)
        labels = self._stable_labels(target)
        return Plan(
            action="rollback",
            version=target,
            replaced=stable,
            after=Release.of(labels, self._before(target)),
            card=card,
            signature=signature,
            traffic=self._traffic(labels),
            told=f"{self.model} version {target} is stable again" + (f", not {stable}" if stable != target else ""),
        )

    def canary(self, version: int, traffic: Traffic, *, force: bool) -> Plan:
        """Give a version a share of the traffic.

        Args:
            version: Its number.
            traffic: Which share.
            force: As for `promote`.

        Raises:
            ReleaseError: It cannot be served, or is the stable one.
            StoreError: `models.config` is not valid.
        """
        stable = self._release.stable(self._published)
        if stable is None:
            raise ReleaseError(f"{self.model} has no stable version, beside which a canary could stand; promote one")
        if version == stable:
            raise ReleaseError(f"{self.model} version {version} is the stable one; a canary is another")
        card, signature = self._checked(version, stable, force=force)
        return Plan(
            action="canary",
            version=version,
            replaced=stable,
            after=Release.of(
                dict(self._release.labels) | {STABLE: stable, CANARY: version}, self._loaded_before(stable)
            ),
            card=card,
            signature=signature,
            traffic=traffic,
            told=f"{self.model} version {version} is the canary, for {traffic.told}",
            detail=traffic.told,
        )

    def retire(self, version: int) -> Plan:
        """Take a version out of service; it stays in the store, and can be promoted again.

        Args:
            version: Its number.

        Raises:
            ReleaseError: It is the stable one, or not in service.
            StoreError: `models.config` is not valid.
        """
        now = self._release
        stable = now.stable(self._published)
        if version == stable:
            raise ReleaseError(f"{self.model} version {version} is stable; promote another one first, or roll back")
        if version not in now.versions and not self._was_cut_off("retire", version):
            there = ", ".join(map(str, sorted(now.versions))) or "none"
            raise ReleaseError(f"{self.model} version {version} is not in service; there is: {there}")
        labels = {label: v for label, v in now.labels.items() if v != version}
        labels |= {} if stable is None else {STABLE: stable}
        before = self._loaded_before(stable)
        return Plan(
            action="retire",
            version=version,
            replaced=stable,
            after=Release.of(labels, before if before != version else None),
            gone=version,
            traffic=self._traffic(labels),
            told=f"{self.model} version {version} is out of service",
        )

    @property
    def _release(self) -> Release:
        return state.read(self.store, self.model) or Release()

    @property
    def _published(self) -> list[int]:
        return versions(self.store / self.model)

    @property
    def _operations(self) -> list[Operation]:
        return history.read(self.store, self.model)

    def _was_cut_off(self, action: Action, version: int | None) -> bool:
        """Whether this is what was done last, and came to no end."""
        last = next(iter(self._operations[::-1]), None)
        return last is not None and (last.outcome, last.action, last.version) == ("begun", action, version)

    def _stable_labels(self, version: int) -> dict[str, int]:
        """The labels when a version is stable; a canary that becomes so is no canary any more."""
        labels = {label: v for label, v in self._release.labels.items() if (label, v) != (CANARY, version)}
        return labels | {STABLE: version}

    def _traffic(self, labels: Mapping[str, int]) -> Traffic | None:
        """None of the traffic, where there is no canary any more."""
        return None if CANARY in labels else Traffic()

    def _stables(self) -> list[int]:
        now = self._release
        unlabelled = sorted(now.versions - set(now.labels.values()))
        return history.stables(self._operations, now.stable(self._published), unlabelled)

    def _before(self, version: int | None) -> int | None:
        """The version that was stable before another one, as far as it is still there."""
        stables = self._stables()
        earlier = stables[: stables.index(version)] if version in stables else stables
        return next((v for v in reversed(earlier) if v in self._published and v != version), None)

    def _loaded_before(self, stable: int | None) -> int | None:
        """The same, if it is loaded: it may have been retired."""
        before = self._before(stable)
        return before if before in self._release.versions else None

    def _checked(self, version: int, stable: int | None, *, force: bool) -> candidates.Candidate:
        found = candidates.check(self.store, self.model, version)
        if not force:
            candidates.check_wanted(self.store, self.model, version, stable, found)
        return found
