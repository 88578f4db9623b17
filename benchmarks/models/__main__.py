"""How good the recipes are on the whole data sets.

`python -m benchmarks.models [RECIPE ...] [--report docs/models.md]`: trains them, some of them on several splits, and
measures each beside what one would do without it on the same rows. The table goes into the document. Exits with 1 where
a goal is missed.
"""

import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.models.tasks import TASKS, Line
from benchmarks.serving.report import write
from src import cli
from src.amounts import amount
from src.lineage import machine

HEAD = "| recipe | data | rows, trained on / held out | metric | recipe | reference | reference is | training |"


def table(lines: Sequence[Line]) -> str:
    """The lines in Markdown, with the machine and the day."""
    about = machine()
    told = f"{datetime.now(UTC):%Y-%m-%d}, {about['processor']}, {about['cores']} cores, no GPU:"
    rows = [f"| {' | '.join(_cells(line))} |" for line in lines]
    return "\n".join([told, "", HEAD, "|---|---|---|---|---|---|---|---|", *rows])


def _cells(line: Line) -> list[str]:
    metric = f"{line.metric}, goal {_number(line.goal, line)}" if line.goal is not None else line.metric
    ours, reference = f"**{_number(line.ours, line)}**", _number(line.reference, line)
    return [
        f"`{line.recipe}`",
        line.data,
        line.rows,
        metric,
        ours,
        reference,
        line.reference_name,
        f"{line.seconds:.1f} s",
    ]


def _number(value: float, line: Line) -> str:
    return amount(value) if line.is_error else f"{value:.4f}"


def main(arguments: Sequence[str]) -> None:
    """Run the tasks.

    Raises:
        SystemExit: A goal is missed.
    """
    parser = cli.Parser(prog="python -m benchmarks.models", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("recipes", nargs="*", choices=[*TASKS, []], help="only these")
    parser.add_argument("--report", type=Path, help="the document to write the table into")
    options = parser.parse_args(arguments)
    lines: list[Line] = []
    for name in options.recipes or TASKS:
        for line in TASKS[name]():
            lines.append(line)
            print("  ".join(_cells(line)), flush=True)
    if options.report and not options.recipes:
        write(options.report, table(lines), "models")
    if missed := [f"{line.recipe} ({line.data}, {line.metric})" for line in lines if not line.is_met]:
        print(f"missed: {'; '.join(missed)}", file=sys.stderr)
        raise SystemExit(1)


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    sys.exit(cli.run(lambda: main(sys.argv[1:]), "models"))
