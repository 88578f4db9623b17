"""Do what goes wrong in production, under load, and look: `python -m tests.chaos [--report FILE] [NAME ...]`."""

import argparse
import logging
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.chaos import clients, files, gateways, limits, model_servers
from tests.chaos.table import check, table, write
from tests.chaos.world import Fault, Observed, World, world
from tests.servers import REAL_SERVER, Command, found_command

ALONE = [*model_servers.ALONE, *gateways.ALONE, *limits.ALL, *clients.ALL, *files.ALL]
# Faults that share a gateway and its model servers, and how these are started.
STACKS: list[tuple[list[Fault], dict[str, Any]]] = [
    (ALONE, {}),
    (model_servers.THREE, {"servers": 3, "TIMEOUT_SECONDS": "5"}),
    ([gateways.FIRST], {"first": False}),
]


def main(arguments: list[str] | None = None) -> int:
    """Run all faults, or some.

    Args:
        arguments: The command line; the process's own if left out.

    Returns:
        The exit code: 1 where something was not as expected.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="functions of faults to run (default: all)")
    parser.add_argument("--report", type=Path, metavar="FILE", help="a document to put the table into")
    args = parser.parse_args(arguments)
    _check(parser, set(args.names), args.report)
    logging.disable()
    limits.raise_limit()
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for fault, observed in run(Path(folder), found_command(), set(args.names)):
            results.append((fault, observed))
            print(f"{'skipped' if observed.held is None else 'held' if observed.held else 'NOT HELD'}: {fault.name}")
            print(f"    {observed.text}", flush=True)
    text = table(results, "tensorflow_model_server" if REAL_SERVER else "embedded")
    if args.report:
        write(args.report, text)
    return int(any(observed.held is False for _, observed in results))


def _check(parser: argparse.ArgumentParser, names: set[str], report: Path | None) -> None:
    """Find out what is wrong with a call before anything is done."""
    known = {fault.run.__name__ for faults, _ in STACKS for fault in faults}
    if unknown := sorted(names - known):
        parser.error(f"no such fault: {', '.join(unknown)}; there are {', '.join(sorted(known))}")
    if names and report:
        parser.error("--report takes the table of all faults, not of some")
    if report:
        check(report)


def run(folder: Path, server: Command, names: set[str]) -> Iterator[tuple[Fault, Observed]]:
    """Do faults to three stacks, one after the other.

    Args:
        folder: Takes the stacks' stores and logs.
        server: How to start a model server.
        names: The functions to run; all if there are none.

    Yields:
        What was done, and what came of it.
    """
    for number, (faults, settings) in enumerate(STACKS):
        chosen = [fault for fault in faults if not names or fault.run.__name__ in names]
        if chosen:
            with world(folder / str(number), server, **settings) as made:
                for fault in chosen:
                    yield fault, attempt(fault, made)


def attempt(fault: Fault, made: World) -> Observed:
    """Do a fault; one that leaves the stack not ready, or breaks the test itself, was not held."""
    try:
        observed = fault.run(made)
        if made.servers:
            made.wait_until_ready()
    except Exception as error:  # noqa: BLE001 - whatever it is, the next fault is to be tried as well
        return Observed(held=False, text=f"{type(error).__name__}: {error}"[:300])
    return observed


if __name__ == "__main__":
    sys.exit(main())
