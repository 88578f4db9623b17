"""Judgements for people, and for programs."""

import re
from collections.abc import Sequence
from itertools import groupby

import msgspec

from src.amounts import percent
from src.drift.judging import Judgement
from src.drift.tally import OUTPUT
from src.release.status import align

HEADINGS = ["", "PSI", "", "VALUES", "OUT OF RANGE", "UNKNOWN", "MOVED MOST"]
LONG_NUMBER = re.compile(r"\d+\.\d{5,}(e[+-]?\d+)?")


def as_json(judgements: Sequence[Judgement], threshold: float) -> str:
    """All of it, for programs."""
    is_drifted = any(judgement.verdict == "drifted" for judgement in judgements)
    told = {"threshold": threshold, "drifted": is_drifted, "judgements": judgements}
    return msgspec.json.format(msgspec.json.encode(told), indent=2).decode()


def as_table(judgements: Sequence[Judgement]) -> str:
    """All of it, for people: a table a version, the most drifted first."""
    parts = []
    for (model, version), group in groupby(judgements, key=lambda judgement: (judgement.model, judgement.version)):
        rows = [HEADINGS, *map(_row, group)]
        parts.append("\n".join([f"{model} version {version}", *(f"  {line}" for line in align(rows))]))
    return "\n\n".join(parts)


def named(judgement: Judgement) -> str:
    """The name of what was judged; of a feature the bare name."""
    return f"{judgement.name} (output)" if judgement.kind == OUTPUT else judgement.name


def drifted(judgements: Sequence[Judgement], threshold: float) -> str:
    """What has drifted, in one line; empty where nothing has."""
    parts = []
    for (model, version), group in groupby(judgements, key=lambda judgement: (judgement.model, judgement.version)):
        names = [f"{named(each)} {each.psi:.3f}" for each in group if each.verdict == "drifted"]
        if names:
            parts.append(f"{model} version {version}: {', '.join(names)}")
    return f"drifted (PSI above {threshold:g}): {'; '.join(parts)}" if parts else ""


def _row(judgement: Judgement) -> list[str]:
    verdict = judgement.verdict
    if not judgement.is_judged:
        verdict += f", it takes {judgement.needed:,}"
    return [
        named(judgement),
        "-" if judgement.psi is None else f"{judgement.psi:.3f}",
        verdict,
        f"{judgement.values:,}",
        *("-" if rate is None else percent(rate) for rate in (judgement.out_of_range, judgement.unknown)),
        _moved_most(judgement) if verdict in ("moderate", "drifted") else "",
    ]


def _moved_most(judgement: Judgement) -> str:
    """The bucket whose share differs most."""
    bucket = max(judgement.buckets, key=lambda each: abs(each.seen - each.training))
    text = LONG_NUMBER.sub(lambda match: f"{float(match[0]):.5g}", bucket.bucket)
    return f"{text}: {percent(bucket.training)} \N{RIGHTWARDS ARROW} {percent(bucket.seen)}"
