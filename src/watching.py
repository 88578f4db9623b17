"""Watches a canary by what gateways count: whether it answers the requests that are meant for it."""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from src.cli import check_signals
from src.drift.sources import metrics_text
from src.errors import GateError, InputError, ReleaseError

T = TypeVar("T")
PREDICTIONS = "gateway_predictions_total"
FALLBACKS = "gateway_canary_fallbacks_total"
# Of the requests meant for the canary, how many the stable version may have answered in its place: a restart or a busy
# moment of a model server costs some, whatever the share.
MAX_FALLBACKS = 0.01
FEW = 5
AWAY_SECONDS = 30.0  # for which a gateway need not answer, such as one that is started anew
# What no moment explains: the version answers otherwise than in training, or takes something else than the stable one.
NEVER = {
    "golden": "it does not reproduce its golden examples",
    "signature": "it takes or answers something else than the stable version",
}
POLL_SECONDS = 1.0


@dataclass(frozen=True)
class Seen:
    """What happened to the requests that were meant for a canary.

    Attributes:
        predictions: How many it answered.
        fallbacks: How many the stable version answered in its place, by the reason.
    """

    predictions: int
    fallbacks: Mapping[str, int]

    @property
    def asked(self) -> int:
        """How many there were."""
        return self.predictions + self.missed

    @property
    def missed(self) -> int:
        """How many of them it did not answer."""
        return sum(self.fallbacks.values())

    @property
    def missed_share(self) -> float:
        """Which share of them it did not answer."""
        return self.missed / max(self.asked, 1)

    def since(self, before: "Seen") -> "Seen":
        """What has come since; all of it, where counters have begun anew."""
        fallbacks = {reason: count - before.fallbacks.get(reason, 0) for reason, count in self.fallbacks.items()}
        if self.predictions < before.predictions or min(fallbacks.values(), default=0) < 0:
            return self
        return Seen(self.predictions - before.predictions, {r: count for r, count in fallbacks.items() if count})

    def __str__(self) -> str:
        reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(self.fallbacks.items()))
        return f"{self.predictions:,} answers" + (f"; the stable version in its place: {reasons}" if reasons else "")


def seen(gateway: str, model: str, version: int) -> Seen:
    """What a gateway has counted since it started.

    Args:
        gateway: Its URL, or a file with the text of its metrics.
        model: The model's name.
        version: The canary's number.

    Raises:
        InputError: It cannot be asked, or is no gateway.
    """
    from prometheus_client.parser import text_string_to_metric_families

    predictions, fallbacks = 0, Counter[str]()
    try:
        families = list(text_string_to_metric_families(metrics_text(gateway)))
        for sample in (sample for family in families for sample in family.samples):
            if sample.labels.get("model") != model:
                continue
            if sample.name == FALLBACKS:
                fallbacks[sample.labels["reason"]] += int(sample.value)
            elif sample.name == PREDICTIONS and sample.labels["label"] == "canary":
                predictions += int(sample.value) if sample.labels["version"] == str(version) else 0
    except (ValueError, KeyError, IndexError, OverflowError) as error:
        raise InputError(f"{gateway} is no gateway's metrics: {' '.join(str(error).split())[:200]}") from error
    if not any(family.name.startswith("gateway_") for family in families):
        raise InputError(f"{gateway} has no gateway's metrics")
    return Seen(predictions, fallbacks)


@dataclass(frozen=True, kw_only=True)
class Watch:
    """How to watch a canary.

    Attributes:
        gateways: Their URLs, or files; they add up.
        seconds: How long, from when it has settled on.
        min_predictions: How many answers a judgement takes.
        settle_seconds: For how long what the stable version answers in its place is no fault: each worker process of a
            gateway learns what the canary takes with its first request, and has others wait no longer than a moment.
        away_seconds: For how long a gateway may not answer, such as one that is started anew.
        say: Takes a line about what is seen.
    """

    gateways: Sequence[str]
    seconds: float
    min_predictions: int
    settle_seconds: float = 5.0
    away_seconds: float = AWAY_SECONDS
    say: Callable[[str], None] = print

    def start(self, model: str, version: int) -> list[Seen]:
        """What the gateways have counted so far.

        Raises:
            InputError: One cannot be asked.
        """
        return [seen(gateway, model, version) for gateway in self.gateways]

    def judge(self, model: str, version: int, before: Sequence[Seen]) -> Seen:
        """Watch a canary to the end, or until it is clear that it does not hold.

        Args:
            model: The model's name.
            version: The canary's number.
            before: What `start` gave when it had become the canary.

        Returns:
            What was seen of a canary that holds, from when it had settled on.

        Raises:
            GateError: It does not hold.
            ReleaseError: It was asked too little for a judgement.
            InputError: A gateway cannot be asked any more.
        """

        def settle() -> list[Seen]:
            now = self.start(model, version)
            self._check(model, version, _total(now, before))
            return now

        settled = time.monotonic() + self.settle_seconds
        start = self._wait(settled, settle) if self.settle_seconds else before

        def look() -> Seen:
            came = _total(self.start(model, version), start)
            self._check(model, version, came)
            if came.asked >= self.min_predictions:
                self._check_share(model, version, came)
            return came

        came = self._wait(settled + self.seconds, look)
        if came.predictions < self.min_predictions:
            raise ReleaseError(
                f"{model} version {version} has given {came.predictions:,} answers in {self.seconds:g} s, and a"
                f" judgement takes {self.min_predictions:,}; it stays the canary: src.release promotes or retires it"
            )
        return came

    def _wait(self, until: float, look: Callable[[], T]) -> T:
        """Look again and again, the last time when the time has come; gateways may be away for a while."""
        answered = time.monotonic()
        while True:
            is_last = time.monotonic() >= until
            try:
                found = look()
            except InputError:
                if time.monotonic() - answered > self.away_seconds:
                    raise
            else:
                if is_last:
                    return found
                answered = time.monotonic()
            time.sleep(POLL_SECONDS if is_last else max(min(POLL_SECONDS, until - time.monotonic()), 0))
            check_signals()

    def _check(self, model: str, version: int, came: Seen) -> None:
        for reason, words in NEVER.items():
            if came.fallbacks.get(reason):
                raise GateError(f"{model} version {version} does not hold as a canary: {words} ({came})")

    def _check_share(self, model: str, version: int, came: Seen) -> None:
        if came.missed_share > MAX_FALLBACKS and came.missed > FEW:
            words = f"{came.missed_share:.1%} of the requests meant for it went to the stable version"
            raise GateError(f"{model} version {version} does not hold as a canary: {words} ({came})")


def _total(now: Sequence[Seen], before: Sequence[Seen]) -> Seen:
    """What has come since, at all gateways together."""
    parts = [later.since(earlier) for later, earlier in zip(now, before, strict=True)]
    fallbacks: Counter[str] = Counter()
    for part in parts:
        fallbacks.update(part.fallbacks)
    return Seen(sum(part.predictions for part in parts), fallbacks)
