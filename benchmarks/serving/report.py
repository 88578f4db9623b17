"""The results as a page with tables and a chart."""

import io
import os
import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import psutil
from matplotlib.figure import Figure

from benchmarks.serving.contenders import NOOP, OURS, Contender
from benchmarks.serving.load import LOADS, ONE, Load
from benchmarks.serving.measure import Measured

MEGABYTE = 1e6


@dataclass
class Results:
    """What was measured.

    Attributes:
        measured: By contender and load, once a round.
        start_seconds: By contender, once a start: from its start to its first answer, its model server's included.
        skipped: Why a contender, or a load of it, was not measured.
        seconds: How long each load took.
    """

    seconds: float
    measured: dict[tuple[str, str], list[Measured]] = field(default_factory=dict)
    start_seconds: dict[str, list[float]] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)

    def of(self, contender: Contender, load: Load) -> Sequence[Measured]:
        """All rounds of one load."""
        return self.measured.get((contender.name, load.name), [])


def text(results: Results, contenders: Sequence[Contender]) -> str:
    """The tables, in Markdown."""
    parts = [_machine(results)]
    for load in LOADS:
        rows = [_row(results, contender, load) for contender in contenders if results.of(contender, load)]
        if rows:
            parts.append(f"### {load.name}\n\n{_HEAD}\n" + "\n".join(rows))
    starts = [
        f"| {contender.title} | {median(results.start_seconds[contender.name]):.1f} |"
        for contender in contenders
        if contender.name in results.start_seconds
    ]
    parts.append("### From the start to the first answer\n\n| | seconds |\n|---|---|\n" + "\n".join(starts))
    if results.skipped:
        lines = [f"- {name}: {why}" for name, why in results.skipped.items()]
        parts.append("### Not measured\n\n" + "\n".join(lines))
    return "\n\n".join(parts)


COLUMNS = (
    *("", "requests/s", "times the no-op's", "p50 ms", "p99 ms", "CPU µs a request", "private MB"),
    *("model server's CPU µs a request", "its private MB", "failed"),
)
_HEAD = f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}"


def _row(results: Results, contender: Contender, load: Load) -> str:
    rounds = results.of(contender, load)
    ratios = ratio(results.measured, contender.name, NOOP.name, load.name)
    return " | ".join(
        [
            f"| {contender.title}",
            f"{median(m.rate for m in rounds):,.0f}",
            f"{median(ratios):.2f}" if ratios else "",
            f"{1e3 * median(m.seen.p50_seconds for m in rounds):.1f}",
            f"{1e3 * median(m.seen.p99_seconds for m in rounds):.1f}",
            f"{median(m.cpu_microseconds for m in rounds):,.0f}",
            f"{median(m.private_bytes for m in rounds) / MEGABYTE:,.0f}",
            f"{median(m.server_cpu_microseconds for m in rounds):,.0f}" if contender.server else "",
            f"{median(m.server_private_bytes for m in rounds) / MEGABYTE:,.0f}" if contender.server else "",
            f"{sum(m.seen.failed for m in rounds)} |",
        ]
    )


def ratio(measured: Mapping[tuple[str, str], Sequence[Measured]], one: str, other: str, load: str) -> list[float]:
    """One contender's requests a second beside another's, round by round."""
    pairs = zip(measured.get((one, load), []), measured.get((other, load), []), strict=False)
    return [mine.rate / its.rate for mine, its in pairs]


def _machine(results: Results) -> str:
    rounds = max(map(len, results.measured.values()), default=0)
    memory = psutil.virtual_memory().total / 2**30
    machine = f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.machine()}"
    return (
        f"{time.strftime('%Y-%m-%d')}, {machine}, Python {platform.python_version()}. Medians of {rounds} rounds of "
        f"{results.seconds:.0f} s a load; client, contender and model server share the cores."
    )


def chart(results: Results, contenders: Sequence[Contender], file: Path) -> None:
    """Draw requests a second over connections, for one row.

    Args:
        results: What was measured.
        contenders: Of whom.
        file: An SVG file to write.
    """
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.subplots()
    for contender in contenders:
        points = [
            (load.connections, median(m.rate for m in rounds))
            for load in ONE
            if (rounds := results.of(contender, load))
        ]
        if points:
            width = 2.5 if contender.name == OURS.name else 1.2
            axes.plot(*zip(*points, strict=True), marker="o", linewidth=width, label=contender.title.replace("`", ""))
    axes.set(xscale="log", yscale="log", xlabel="connections", ylabel="requests a second, one row each")
    axes.set_xticks([load.connections for load in ONE], [str(load.connections) for load in ONE])
    axes.grid(visible=True, alpha=0.3)
    figure.legend(loc="outside right upper", fontsize="small")
    drawn = io.StringIO()
    figure.savefig(drawn, format="svg", metadata={"Date": None})
    # Matplotlib breaks its lines behind a blank.
    file.write_text("\n".join(map(str.rstrip, drawn.getvalue().splitlines())) + "\n", encoding="utf-8")


def write(document: Path, table: str, section: str = "bench") -> None:
    """Put tables into a document, between its markers.

    Args:
        document: The document.
        table: The tables.
        section: The markers' name.

    Raises:
        ValueError: It has none.
    """
    begin, end, before = f"<!-- {section} -->", f"<!-- /{section} -->", document.read_text(encoding="utf-8")
    if begin not in before or end not in before:
        raise ValueError(f"{document} has no {begin} … {end}")
    head, _, rest = before.partition(begin)
    document.write_text(f"{head}{begin}\n\n{table}\n\n{end}{rest.partition(end)[2]}", encoding="utf-8")
