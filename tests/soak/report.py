"""What a soak has found, judged and as tables."""

import datetime as dt
import os
import platform
from collections.abc import Iterator
from pathlib import Path

from tests.soak.run import CLIENTS, Look, Outcome
from tests.soak.samples import MEASURES

MOST_GROWTH = 0.05  # from after the warm-up to the end
FEW_SERIES = 5  # such as a refusal that the warm-up did not meet; names of clients' would make thousands
BEGIN, END = "<!-- soak: begin -->", "<!-- soak: end -->"
_WORDS = {
    "private_bytes": "private memory, MB",
    "resident_bytes": "resident memory, MB",
    "descriptors": "file descriptors",
    "threads": "threads",
}


def growth(first: float, last: float) -> float:
    """By which part of itself something has grown; negative where it has shrunk."""
    return (last - first) / first


def judge(outcome: Outcome) -> list[str]:
    """Hold what was found against the criteria.

    Args:
        outcome: What was found.

    Returns:
        What is not as it has to be, a line each.
    """
    faults = [f"{outcome.tally.wrong} answers are not what they have to be", *outcome.tally.examples]
    faults = [*(faults if outcome.tally.wrong else []), *outcome.faults]
    if len(outcome.looks) < 2:
        return [*faults, "cut before there was anything to compare: allow more minutes, or fewer requests"]
    first, last = outcome.looks[0], outcome.looks[-1]
    for name in first.held:
        for measure in MEASURES:
            before, after = getattr(first.held[name], measure), getattr(last.held[name], measure)
            if growth(before, after) >= MOST_GROWTH:
                faults.append(f"{name}: {_WORDS[measure]}: {_shown(measure, before)}, then {_shown(measure, after)}")
    if last.kinds - first.kinds >= max(FEW_SERIES, MOST_GROWTH * first.kinds):
        faults.append(f"series that differ in more than a version: {first.kinds}, then {last.kinds}")
    return faults


def text(outcome: Outcome, server: str) -> str:
    """What was found, as Markdown.

    Args:
        outcome: What was found, with at least one look.
        server: The model server's name.

    Returns:
        Three tables: the run, the processes, the answers.
    """
    return "\n".join([*_run(outcome, server), "", *_held(outcome.looks), "", *_answers(outcome)])


def write(file: Path, outcome: Outcome, server: str) -> None:
    """Put the tables between a document's markers.

    Args:
        file: The document.
        outcome: What was found.
        server: The model server's name.

    Raises:
        ValueError: The document has no such markers.
    """
    head, begin, rest = file.read_text(encoding="utf-8").partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{file} has no {BEGIN} followed by {END}")
    file.write_text(f"{head}{BEGIN}\n\n{text(outcome, server)}\n\n{END}{tail}", encoding="utf-8")


def _run(outcome: Outcome, server: str) -> Iterator[str]:
    plan, tally, last = outcome.plan, outcome.tally, outcome.looks[-1]
    answers = tally.answers.total()
    cut = "" if answers >= plan.requests else f", cut: {plan.requests:,} were asked for"
    yield "| | |"
    yield "|---|---|"
    yield f"| date | {dt.datetime.now(dt.UTC):%Y-%m-%d} |"
    yield f"| machine | {machine()} |"
    yield f"| model server | {server} |"
    yield f"| requests | {answers:,}{cut}, by {CLIENTS} clients, in {last.seconds / 60:.1f} minutes |"
    yield f"| answers that are not what they have to be | {tally.wrong} |"
    yield f"| connections | {tally.connections:,}, of which {tally.abandoned:,} were abandoned half-way |"
    yield f"| versions promoted | {last.versions - 1} |"


def machine() -> str:
    """What this runs on: cores, memory, system, Python."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    system = platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    kernel, python = platform.release().partition("-")[0], platform.python_version()
    return f"{os.cpu_count()} cores, {memory:.0f} GiB of memory, {system} (Linux {kernel}), Python {python}"


def _held(looks: list[Look]) -> Iterator[str]:
    first, middle, last = looks[0], looks[len(looks) // 2], looks[-1]
    yield f"| | | after {first.answers:,} requests | {middle.answers:,} | {last.answers:,} | growth | least | most |"
    yield "|---|---|---|---|---|---|---|---|"
    for name in first.held:
        for measure, words in _WORDS.items():
            yield _row(name, words, measure, [float(getattr(look.held[name], measure)) for look in looks])
    yield _row("/metrics", "series", "", [float(look.series) for look in looks])
    yield _row("/metrics", "series, all versions taken for one", "", [float(look.kinds) for look in looks])


def _row(name: str, words: str, measure: str, values: list[float]) -> str:
    shown = [_shown(measure, value) for value in (values[0], values[len(values) // 2], values[-1])]
    edges = [_shown(measure, value) for value in (min(values), max(values))]
    return "| " + " | ".join([name, words, *shown, f"{growth(values[0], values[-1]):+.1%}", *edges]) + " |"


def _shown(measure: str, value: float) -> str:
    return f"{value / 1e6:.1f}" if measure.endswith("_bytes") else f"{value:.0f}"


def _answers(outcome: Outcome) -> Iterator[str]:
    yield "| asked | status | answers |"
    yield "|---|---|---|"
    for (kind, status), count in outcome.tally.answers.most_common():
        yield f"| {kind} | {status} | {count:,} |"
