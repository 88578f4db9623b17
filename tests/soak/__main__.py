"""Soak the product: `python -m tests.soak [--requests N] [--minutes M] [--report FILE]`.

A gateway with two workers and a model server (the real one where TENSORFLOW_MODEL_SERVER names it, else the embedded
one) answer requests of all kinds, at first while versions are promoted. What their processes hold afterwards may not be
5 % more than after the warm-up, and every answer has to be right.
"""

import argparse
import logging
import signal
import sys
import tempfile
from functools import partial
from pathlib import Path

from tests.servers import REAL_SERVER, real_command
from tests.soak.report import judge, text, write
from tests.soak.run import Look, Plan, soaking
from tests.soak.samples import IS_LINUX

WARM_UP = 50_000
LEGS = 40


def main(arguments: list[str] | None = None) -> int:
    """Run what the command line asks for.

    Args:
        arguments: The command line; the process's own if left out.

    Returns:
        The exit code: 1 where something grew, or an answer was not right; 2 where this cannot be measured.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--requests", type=int, default=1_000_000, help="how many are to be answered (%(default)s)")
    parser.add_argument("--minutes", type=float, default=20.0, help="how long it may take (%(default)s)")
    parser.add_argument("--seed", default="1", help="what the questions are drawn from (%(default)s)")
    parser.add_argument("--promote", action="store_true", help="promote versions all along, to see what each leaves")
    parser.add_argument("--report", type=Path, metavar="FILE", help="a document to put the tables into")
    args = parser.parse_args(arguments)
    if not IS_LINUX:
        print("soak: this system has no /proc/<pid>/smaps_rollup, which tells what a process holds: Linux has")
        return 2
    warm_up = min(WARM_UP, args.requests // 4)
    leg = max((args.requests - warm_up) // LEGS, 1)
    plan = Plan(requests=args.requests, warm_up=warm_up, leg=leg, seconds=60 * args.minutes, promotes=args.promote)
    return soak(plan, args.seed, args.report)


def soak(plan: Plan, seed: str, report: Path | None) -> int:
    """Soak, and tell.

    Args:
        plan: How long it is.
        seed: What the questions are drawn from.
        report: A document to put the tables into.

    Returns:
        The exit code: 1 where something is not as it has to be.
    """
    server, name = embedded, "embedded"
    if REAL_SERVER:
        server, name = partial(real_command, REAL_SERVER), "tensorflow_model_server"
    logging.disable()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the servers are ended
    with tempfile.TemporaryDirectory() as folder, soaking(Path(folder), server, plan, seed=seed) as running:
        outcome = running.run(_tell)
    faults = judge(outcome)
    if outcome.looks:
        print(text(outcome, name))
        if report:
            write(report, outcome, name)
    print(*(f"soak: {fault}" for fault in faults), sep="\n")
    return 1 if faults else 0


def embedded(store: Path, port: int) -> list[str]:
    """The embedded server as its users start it, with a look at the store every second."""
    return [sys.executable, "-m", "serving.embedded", "--store", str(store), "--port", str(port)]


def _tell(look: Look) -> None:
    megabytes = ", ".join(f"{name} {held.private_bytes / 1e6:.1f}" for name, held in look.held.items())
    print(f"{look.answers:>9,} answers, {look.seconds:>5.0f} s, private memory in MB: {megabytes}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
