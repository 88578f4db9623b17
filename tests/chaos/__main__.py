"""Do what goes wrong in production, under load, and look: `python -m tests.chaos [--report FILE] [NAME ...]`."""

import argparse
import logging
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tests.chaos import clients, files, gateways, limits, model_servers
from tests.chaos.table import table, write
from tests.chaos.world import Fault, Observed, World, world
from tests.servers import REAL_SERVER, Command, embedded_command, real_command


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
    logging.disable()
    limits.raise_limit()
    server = partial(real_command, REAL_SERVER) if REAL_SERVER else embedded_command
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for fault, observed in run(Path(folder), server, set(args.names)):
            results.append((fault, observed))
            print(f"{'skipped' if observed.held is None else 'held' if observed.held else 'NOT HELD'}: {fault.name}")
            print(f"    {observed.text}", flush=True)
    text = table(results, "tensorflow_model_server" if REAL_SERVER else "embedded")
    if args.report:
        write(args.report, text)
    return int(any(observed.held is False for _, observed in results))


def run(folder: Path, server: Command, names: set[str]) -> Iterator[tuple[Fault, Observed]]:
    """Do faults to three stacks, one after the other.

    Args:
        folder: Takes the stacks' stores and logs.
        server: How to start a model server.
        names: The functions to run; all if there are none.

    Yields:
        What was done, and what came of it.
    """
    alone = [*model_servers.ALONE, *gateways.ALONE, *limits.ALL, *clients.ALL, *files.ALL]
    for number, (faults, servers, first) in enumerate(
        [(alone, 1, True), (model_servers.THREE, 3, True), ([gateways.FIRST], 1, False)]
    ):
        chosen = [fault for fault in faults if not names or fault.run.__name__ in names]
        if chosen:
            with world(folder / str(number), server, servers=servers, first=first) as made:
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
