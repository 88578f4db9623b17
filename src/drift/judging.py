"""How far the values have moved, and what to think of it."""

import math
from collections.abc import Sequence

import msgspec

from src.drift.tally import FEATURE, Key, Tallies, Tally

SMALL = 0.1  # below it, a population stability index is usually read as little change
LEAST_SHARE = 1e-4  # in place of nothing, of which there is no logarithm
BUCKETS = 10  # for so many, `min_rows` are enough


class Bucket(msgspec.Struct, frozen=True, kw_only=True):
    """A bucket, with its share of the training rows and of the values seen."""

    bucket: str
    training: float
    seen: float


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """How a feature or an output has moved.

    Attributes:
        model: The model's name.
        version: The version that was asked.
        kind: `feature` or `output`.
        name: Its name.
        verdict: `small`, `moderate`, `drifted` or `not judged`.
        psi: The population stability index; None where there are too few values to tell.
        values: How many values were seen.
        needed: How many it takes to judge.
        out_of_range: Of a number: the part of the values that lay outside the range seen in training.
        unknown: Of a category: the part of the values sent that were refused, for they are not in the vocabulary.
        buckets: How the values are distributed; empty where none was seen.
    """

    model: str
    version: int
    kind: str
    name: str
    verdict: str
    psi: float | None
    values: int
    needed: int
    out_of_range: float | None
    unknown: float | None
    buckets: list[Bucket]

    @property
    def key(self) -> Key:
        """What it is about."""
        return Key(self.model, self.version, self.kind, self.name)

    @property
    def is_judged(self) -> bool:
        """Whether there were values enough."""
        return self.psi is not None


def psi(expected: Sequence[float], actual: Sequence[float]) -> float:
    """The population stability index of two distributions over the same buckets.

    The sum of (a - e) ln(a / e), which is the Kullback-Leibler divergence in both directions (Jeffreys, 1946). The
    usual reading, below 0.1 little, up to 0.25 moderate, above it significant change, is a rule of thumb from credit
    scoring; Yurdakul and Naranjo, "Statistical properties of the population stability index", Journal of Risk Model
    Validation 14(4), 2020, tell what is known of it.

    Args:
        expected: Shares, as of the training rows.
        actual: Shares, as of the values seen; as many.

    Returns:
        From 0, where they are equal. A share below 0.0001 counts as that.
    """
    pairs = [(max(e, LEAST_SHARE), max(a, LEAST_SHARE)) for e, a in zip(expected, actual, strict=True)]
    return sum((a - e) * math.log(a / e) for e, a in pairs)


def needed_values(buckets: int, min_rows: int) -> int:
    """How many values a judgement takes.

    Without any drift, n values in b buckets come to an index of about (b - 1) / n (Yurdakul and Naranjo): so there have
    to be in proportion more for many buckets, or luck would pass for drift.

    Args:
        buckets: How many buckets there are.
        min_rows: How many values are enough for ten buckets, or fewer.
    """
    return math.ceil(min_rows * max(buckets, BUCKETS) / BUCKETS)


def judge(tallies: Tallies, *, threshold: float, min_rows: int) -> list[Judgement]:
    """Judge all that was seen.

    Args:
        tallies: What was seen.
        threshold: Above which index a feature or an output has drifted.
        min_rows: How many values it takes to judge one of up to ten buckets.

    Returns:
        By model, the newest version first, and of each the most drifted first; last what is not judged.
    """
    judgements = [_judge(key, tally, threshold, min_rows) for key, tally in tallies.items()]
    return sorted(judgements, key=lambda j: (j.model, -j.version, j.psi is None, -(j.psi or 0), j.kind, j.name))


def _judge(key: Key, tally: Tally, threshold: float, min_rows: int) -> Judgement:
    values, needed = tally.values, needed_values(len(tally.shares), min_rows)
    buckets = {**tally.shares, **tally.counts}
    ordered = sorted(buckets, key=_low) if tally.is_number else list(buckets)
    shares = {bucket: tally.counts[bucket] / values for bucket in ordered if values}
    expected = [tally.shares.get(bucket, 0.0) for bucket in shares]
    index = psi(expected, list(shares.values())) if values >= needed else None
    sent = values + tally.unknown
    return Judgement(
        **key._asdict(),
        verdict=_verdict(index, threshold),
        psi=index,
        values=values,
        needed=needed,
        out_of_range=tally.out_of_range / values if tally.is_number and values else None,
        unknown=None if tally.is_number or key.kind != FEATURE or not sent else tally.unknown / sent,
        buckets=[
            Bucket(bucket=bucket, training=share, seen=seen)
            for (bucket, seen), share in zip(shares.items(), expected, strict=True)
        ],
    )


def _verdict(index: float | None, threshold: float) -> str:
    if index is None:
        return "not judged"
    if index > threshold:
        return "drifted"
    return "small" if index < SMALL else "moderate"


def _low(bucket: str) -> float:
    """An interval's lower end."""
    return float(bucket.removeprefix("(").partition(", ")[0])
