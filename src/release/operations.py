"""Carries a change of the release out: under its lock, in the history, and without a trace where it cannot be."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from src.cli import KEPT, SERVED_FROM
from src.errors import ReleaseError, UnreachableError
from src.locks import RELEASING, held
from src.models_config import store_errors
from src.release import history, retention, state, traffic
from src.release.candidates import not_served
from src.release.fleet import Fleet
from src.release.history import Operation
from src.release.plans import Judged, Plan, Planner
from src.release.servers import Server, connected
from src.release.state import CANARY
from src.release.steps import Steps
from src.release.traffic import Traffic

TIMEOUT_SECONDS = 60.0


def _silent(_line: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True, kw_only=True)
class Operator:
    """Who changes a store's release, and how.

    Attributes:
        store: The model store.
        target: The model servers, as the gateway's MODEL_SERVER names them; None where none runs.
        offline: Whether the release may be written though none answers, for those that start later.
        timeout_seconds: How long servers may take to follow each step.
        served_from: The store's folder as servers see it, for a model that is not named yet.
        reason: Why, for the history.
        keep: How many versions that nobody is told of are kept.
        say: Takes a line about what happened.
    """

    store: Path
    target: str | None = None
    offline: bool = False
    timeout_seconds: float = TIMEOUT_SECONDS
    served_from: PurePosixPath = SERVED_FROM
    reason: str = ""
    keep: int = KEPT
    say: Callable[[str], None] = _silent

    def promote(self, model: str, version: int, *, force: bool = False, judged: Judged | None = None) -> None:
        """Make a version the stable one.

        Args:
            model: The model's name.
            version: The version.
            force: Whether to do so though the gate refused it, or it takes or answers something else than the version
                that is stable now.
            judged: What it was judged against, if that is to be the stable version still.

        Raises:
            ReleaseError: It cannot be served, or servers do not follow; the release is as it was.
            StoreError: The store cannot be read or written.
        """
        self._carry_out(model, lambda planner: planner.promote(version, force=force, judged=judged))

    def rollback(self, model: str) -> None:
        """Make the version stable again that was so before.

        Raises:
            ReleaseError: As for `promote`, or there is none.
            StoreError: As for `promote`.
        """
        self._carry_out(model, lambda planner: planner.rollback())

    def canary(self, model: str, version: int, shares: Traffic, *, force: bool = False) -> None:
        """Give a version a share of the traffic.

        Args:
            model: The model's name.
            version: The version.
            shares: Which share.
            force: As for `promote`.

        Raises:
            ReleaseError: As for `promote`, or it is the stable one.
            StoreError: As for `promote`.
        """
        self._carry_out(model, lambda planner: planner.canary(version, shares, force=force))

    def retire(self, model: str, version: int) -> None:
        """Take a version out of service.

        Raises:
            ReleaseError: As for `promote`, or it is the stable one or not in service.
            StoreError: As for `promote`.
        """
        self._carry_out(model, lambda planner: planner.retire(version))

    def _carry_out(self, model: str, make: Callable[[Planner], Plan]) -> None:
        state.check_model(self.store, model)
        with store_errors(self.store), held(self.store, RELEASING, "another release"):
            plan, shares = make(Planner(self.store, model)), traffic.read(self.store).get(model, Traffic())
            with self._servers() as servers:
                operation = history.begin(
                    self.store, plan.action, model, plan.version, replaced=plan.replaced, reason=self.reason
                )
                self._follow(plan, operation, servers, shares)
            if plan.action == "promote":  # whoever takes a version out of service may want it back
                self._tidy(model)

    def tidy(self, model: str) -> None:
        """Remove versions beyond those kept.

        Raises:
            StoreError: The store cannot be read or written.
        """
        with store_errors(self.store), held(self.store, RELEASING, "another release"):
            self._tidy(model)

    def _follow(self, plan: Plan, operation: Operation, servers: Sequence[Server], shares: Traffic) -> None:
        """Take the steps. What fails is undone; once the labels have moved, it is to be completed."""
        model, fleet = operation.model, Fleet(servers, self.timeout_seconds)
        steps = Steps(store=self.store, model=model, fleet=fleet, served_from=self.served_from)
        labelled = None if plan.action == "retire" else plan.version
        try:
            if plan.action == "canary" and state.labelled(self.store, model, CANARY) != plan.version:
                traffic.write(self.store, model, Traffic())  # the share of one canary is not to go to the next
            after = steps.take(plan.after, labelled, lambda server: _verify(server, model, plan))
        except BaseException as error:
            traffic.write(self.store, model, shares)
            told = str(error) if isinstance(error, Exception) else "interrupted"
            history.end(self.store, operation, "failed", told)
            raise
        try:
            if plan.traffic is not None:
                traffic.write(self.store, model, plan.traffic)
            steps.trim(after, gone=plan.gone)
            history.end(self.store, operation, "done", plan.detail)
        except (ReleaseError, OSError) as error:
            reason = getattr(error, "strerror", None) or error
            raise ReleaseError(f"{plan.told}, and not all is done: {reason}; run it again") from error
        self.say(plan.told + ("" if servers else ", for servers that start from now on"))

    def _tidy(self, model: str) -> None:
        if removed := retention.apply(self.store, model, self.keep):
            self.say(f"removed from the store: {model} {', '.join(map(str, removed))}")

    @contextlib.contextmanager
    def _servers(self) -> Iterator[Sequence[Server]]:
        with contextlib.ExitStack() as exits:
            servers: Sequence[Server] = []
            try:
                if self.target is not None:
                    servers, away = exits.enter_context(connected(self.target))
                    for address in away:
                        self.say(f"the model server {address} does not answer, and is not waited for")
            except UnreachableError as error:
                if not self.offline:
                    hint = "is MODEL_SERVER right? --offline writes the release for servers that start later"
                    raise UnreachableError(f"{error}; {hint}") from error
                self.say(f"{error}: none is waited for")
            yield servers


def _verify(server: Server, model: str, plan: Plan) -> None:
    """Put the golden examples to a server that has loaded the version."""
    if plan.card and plan.card.golden:
        from src.release import golden  # and NumPy, which whoever only writes does without

        with not_served(model, plan.version):
            golden.check(server, model, plan.version, plan.card.golden, plan.signature)
