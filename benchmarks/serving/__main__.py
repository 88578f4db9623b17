"""`python -m benchmarks.serving`: all contenders, in turn, round after round, under the same loads."""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import psutil

from benchmarks.serving import report
from benchmarks.serving.contenders import CONTENDERS, Contender
from benchmarks.serving.environments import MissingError
from benchmarks.serving.load import LOADS, Load, find_wrk
from benchmarks.serving.measure import started
from benchmarks.serving.models import train

ROUNDS = 3
# Of one contender, which is no reason to lose what was measured of the others.
TROUBLE = (
    *(MissingError, AssertionError, RuntimeError, OSError, LookupError, TypeError, ValueError),
    *(subprocess.SubprocessError, psutil.Error),
)
SECONDS = 4.0


def main(arguments: list[str] | None = None) -> int:
    """Measure.

    Args:
        arguments: The command line's; those of this process if left out.

    Returns:
        The exit code: 2 if nothing can be measured here.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serving", description=__doc__)
    names = [contender.name for contender in CONTENDERS]
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"who is measured (default: all): {', '.join(names)}")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="how often each starts (%(default)s)")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="how long each load lasts (%(default)s)")
    parser.add_argument(
        "--report", type=Path, metavar="FILE", help="a document to put the tables into; a chart beside it"
    )
    args = parser.parse_args(arguments)
    if unknown := sorted(set(args.names) - set(names)):
        parser.error(f"no such contender: {', '.join(unknown)}; there are {', '.join(names)}")
    try:
        find_wrk()
    except MissingError as error:
        print(f"benchmarks.serving: {error}", file=sys.stderr)
        return 2
    chosen = [contender for contender in CONTENDERS if not args.names or contender.name in args.names]
    with tempfile.TemporaryDirectory() as folder:
        train(Path(folder) / "store")
        results = measure(chosen, Path(folder), rounds=args.rounds, seconds=args.seconds)
    table = report.text(results, chosen)
    print(table)
    if args.report:
        report.write(args.report, table)
        report.chart(results, chosen, args.report.with_suffix(".svg"))
    return 0


def measure(
    contenders: Sequence[Contender], folder: Path, *, rounds: int, seconds: float, loads: Sequence[Load] = LOADS
) -> report.Results:
    """Measure contenders.

    Args:
        contenders: Whom.
        folder: Holds the model store, `store`; takes what they write.
        rounds: How often each is started.
        seconds: How long each load lasts.
        loads: The loads.

    Returns:
        What was measured, of those that can be started here.
    """
    results = report.Results(seconds)
    for number in range(rounds):
        for contender in contenders:
            if contender.name in results.skipped:
                continue
            print(f"round {number + 1} of {rounds}: {contender.name}", file=sys.stderr, flush=True)
            try:
                _round(contender, folder, results, loads)
            except TROUBLE as error:
                results.skipped[contender.name] = str(error)
    return results


def _round(contender: Contender, folder: Path, results: report.Results, all_loads: Sequence[Load]) -> None:
    """Start a contender once for each model, and put all loads of it on it."""
    for model, loads in groupby(sorted(all_loads, key=_model), key=_model):
        if contender.models is not None and model not in contender.models:
            continue
        mine = list(loads)
        with started(contender, folder / "store", folder / contender.name / model, mine[0]) as running:
            if model == LOADS[0].model:
                seconds = running.start_seconds + running.server_start_seconds
                results.start_seconds.setdefault(contender.name, []).append(seconds)
            for load in mine:
                found = running.measure(load, seconds=results.seconds)
                results.measured.setdefault((contender.name, load.name), []).append(found)


def _model(load: Load) -> str:
    return load.model


if __name__ == "__main__":
    sys.exit(main())
