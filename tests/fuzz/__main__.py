"""Fuzz the gateway: `python -m tests.fuzz [--runs N] [--seed S]`; `--replay FILE` puts one request to it again."""

import argparse
import sys
from pathlib import Path

import msgspec

from tests.fuzz.fuzzing import fuzz
from tests.fuzz.request import Request
from tests.fuzz.target import Target, ViolationError


def main(arguments: list[str] | None = None) -> int:
    """Run what the command line asks for.

    Args:
        arguments: The command line; the process's own if left out.

    Returns:
        The exit code: 1 where a reply was not what every reply has to be.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--runs", type=int, default=1_000_000, help="how many requests")
    parser.add_argument("--seed", default="1", help="the same seed makes the same requests")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="put one request to the gateway again")
    args = parser.parse_args(arguments)
    return replay(args.replay) if args.replay else fuzz(args.seed, args.runs)


def replay(file: Path) -> int:
    """Put one request to the gateway again.

    Args:
        file: Where it stands.

    Returns:
        The exit code.
    """
    request = msgspec.json.decode(file.read_bytes(), type=Request)
    try:
        with Target() as target:
            print(f"{request.method} {request.path}: {target.check(request)}, no violation")
    except ViolationError as error:
        print(f"{request.method} {request.path}: {error.message}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
