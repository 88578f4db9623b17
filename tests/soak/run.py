"""A soak: leg after leg of requests, with a new version promoted in some, and between them a look at the processes."""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import requests
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.release_load import Releases, Seen
from tests.e2e.stack import Stack, started
from tests.processes import wait_until
from tests.servers import Command
from tests.soak.asked import NOWHERE
from tests.soak.client import Client, Tally
from tests.soak.models import copy_version, make_store
from tests.soak.samples import Held, at_rest, children, family

CLIENTS = 16  # so many that all thread pools are full soon
WORKERS = 2
_START_SECONDS = 60.0
_VERSION = re.compile(r"version': '\d+'")  # shadow_version's too


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How long a soak is.

    Attributes:
        requests: How many requests are to be answered, those of the warm-up among them.
        warm_up: How many of them come before the first look.
        leg: How many come between two looks.
        seconds: How long it may take; then it is cut.
        promotes: Whether versions are promoted after the warm-up as well. Each that answers leaves its series in the
            metrics, as Prometheus means it, which hides what a request leaves behind.
    """

    requests: int
    warm_up: int
    leg: int
    seconds: float
    promotes: bool = True


@dataclass(frozen=True)
class Look:
    """What was found between two legs.

    Attributes:
        answers: How many answers there had been by then.
        versions: How many versions of the line had been promoted.
        seconds: How long it had taken.
        held: What the processes held, by what they are.
        series: How many series /metrics had.
        kinds: How many it would have had if all versions were one.
    """

    answers: int
    versions: int
    seconds: float
    held: Mapping[str, Held]
    series: int
    kinds: int


@dataclass
class Outcome:
    """What a soak has found.

    Attributes:
        plan: What was asked for.
        looks: The first is after the warm-up.
        tally: What the clients have seen.
        faults: What went wrong besides: workers that ended, names of clients in the metrics.
    """

    plan: Plan
    looks: list[Look] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    faults: list[str] = field(default_factory=list)


class Soak:
    """Requests and releases over a running stack."""

    def __init__(self, stack: Stack, plan: Plan, seed: str) -> None:
        """Take a stack that answers, what to do, and what the questions are drawn from."""
        host, _, port = stack.url.removeprefix("http://").partition(":")
        self._stack, self._plan = stack, plan
        self._clients = [Client((host, int(port)), f"{seed}:{index}") for index in range(CLIENTS)]
        self._releases = Releases(stack, stack.store, Seen())
        self._versions = 1
        self._processes = processes(stack)
        self._began = time.monotonic()

    def run(self, tell: Callable[[Look], object]) -> Outcome:
        """Ask all that the plan has, or as much as its time allows.

        Args:
            tell: Is given each look as soon as it was taken.

        Returns:
            What was found.
        """
        outcome, plan = Outcome(self._plan), self._plan
        for size in _legs(plan.warm_up, plan.leg):
            self._leg(size, self._release)
        outcome.looks.append(self._look())
        for size in _legs(plan.requests - plan.warm_up, plan.leg):
            tell(outcome.looks[-1])
            if self._is_over():
                break
            self._leg(size, self._release if plan.promotes else lambda: None)
            outcome.looks.append(self._look())
        outcome.looks.append(self._look(like=outcome.looks[0].held))
        tell(outcome.looks[-1])
        outcome.tally = self._tally()
        outcome.faults = self._faults()
        return outcome

    def _leg(self, count: int, beside: Callable[[], object]) -> None:
        with ThreadPoolExecutor(CLIENTS + 1) as pool:
            asking = [
                pool.submit(client.ask, count // CLIENTS + (index < count % CLIENTS), self._is_over)
                for index, client in enumerate(self._clients)
            ]
            beside()
            for client in asking:
                client.result()

    def _release(self) -> None:
        """Try a new version out on a share of the requests, and promote it."""
        self._versions += 1
        copy_version(self._stack.store, self._versions)
        self._releases.run("canary", "line", str(self._versions), "--share", "0.3", "--shadow-share", "0.1")
        self._releases.run("promote", "line", str(self._versions))

    def _is_over(self) -> bool:
        return time.monotonic() - self._began > self._plan.seconds

    def _tally(self) -> Tally:
        total = Tally()
        for client in self._clients:
            total.add(client.tally)
        return total

    def _look(self, like: Mapping[str, Held] | None = None) -> Look:
        held, names = at_rest(self._processes, like=like), series(self._stack)
        alike = {_VERSION.sub("", name) for name in names}
        seconds = time.monotonic() - self._began
        return Look(self._tally().answers.total(), self._versions, seconds, held, len(names), len(alike))

    def _faults(self) -> list[str]:
        faults = [f"a client's name in the metrics: {name}" for name in series(self._stack) if NOWHERE in name][:3]
        if processes(self._stack) != self._processes:
            faults.append(f"not the same processes as in the beginning: {self._processes}, {processes(self._stack)}")
        return faults


def _legs(total: int, leg: int) -> list[int]:
    return [min(leg, total - start) for start in range(0, total, leg)]


def processes(stack: Stack) -> dict[str, list[int]]:
    """The process ids of a stack, by what they are."""
    workers = {f"worker {i}": [pid] for i, pid in enumerate(children(stack.gateway.pid), 1)}
    return {"gateway's master": [stack.gateway.pid], **workers, "model server": family(stack.server.pid)}


def series(stack: Stack) -> set[str]:
    """All series of /metrics, by name and labels."""
    answer = requests.get(f"{stack.url}/metrics", headers={"Connection": "close"}, timeout=60)
    families = text_string_to_metric_families(answer.text)
    return {f"{sample.name}{sample.labels}" for family in families for sample in family.samples}


@contextmanager
def soaking(folder: Path, server: Command, plan: Plan, *, seed: str) -> Iterator[Soak]:
    """Start a gateway and a model server over a store of their own.

    Args:
        folder: Takes the store and the logs.
        server: How to start the model server.
        plan: How long the soak is.
        seed: What the questions are drawn from.

    Yields:
        The soak, to be run.
    """
    store = folder / "store"
    make_store(store)
    settings = {"MODEL_NAMES": "offers", "TRAFFIC_FILE": str(store / "traffic.json"), "WORKERS": str(WORKERS)}
    with started(folder, server, **settings) as stack:
        stack.wait_until_ready()
        wait_until(lambda: len(children(stack.gateway.pid)) == WORKERS, _START_SECONDS, "the workers")
        yield Soak(stack, plan, seed)
