"""Tell whether what a model is asked, and what it answers, has moved away from its training data.

python -m src.drift SOURCE [SOURCE ...] [--model NAME] [--version N] [--since FILE]
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from src import cli  # all else is imported by what needs it: so early, Ctrl-C would end in a traceback

if TYPE_CHECKING:
    from src.drift.looks import Look, State

STABLE = "stable"


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line; argparse exits with code 2 where it is wrong."""
    parser = cli.Parser(prog="python -m src.drift", description=(__doc__ or "").splitlines()[0])
    what = "a gateway's URL, a file with the text of its /metrics, or a prediction log; several add up"
    parser.add_argument("sources", nargs="+", metavar="SOURCE", help=what)
    parser.add_argument("--model", help="only this model's")
    parser.add_argument(
        "--version", type=_version, metavar="N", help="only this version; stable for the one that the store has so"
    )
    parser.add_argument(
        "--threshold", type=cli.positive, default=0.2, help="the PSI above which it is drift (default: %(default)s)"
    )
    parser.add_argument(
        "--min-rows",
        type=cli.count,
        default=200,
        metavar="N",
        help="how many rows a judgement takes; more for more than ten buckets (default: %(default)s)",
    )
    what = "judge what came since the last look, up to where FILE keeps; made at the first look"
    parser.add_argument("--since", type=Path, metavar="FILE", help=what)
    parser.add_store()
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> None:
    """Run the command: a table, or JSON, on standard output.

    Raises:
        DriftError: A feature or an output has drifted.
        ModelSideError: What the user can mend.
    """
    options = parse_arguments(arguments)
    from src.drift import judging, looks, table
    from src.errors import DriftError

    wanted = _wanted(options)
    look = _look(options, looks.read_state(options.since), wanted)
    chosen = {key: tally for key, tally in look.tallies.items() if wanted(key.model, key.version)}
    judgements = judging.judge(chosen, threshold=options.threshold, min_rows=options.min_rows)
    for note in look.notes:
        print(f"drift: {note}", file=sys.stderr)
    if not judgements:
        print("drift: nothing to judge: no value of a watched feature or output was seen", file=sys.stderr)
    if options.json:
        print(table.as_json(judgements, options.threshold))
    elif judgements:
        print(table.as_table(judgements))
    if options.since:
        looks.write_state(options.since, look.then([each.key for each in judgements if each.is_judged]))
    if message := table.drifted(judgements, options.threshold):
        raise DriftError(message)


def _look(options: argparse.Namespace, state: "State", wanted: Callable[[str, int], bool]) -> "Look":
    """Read the sources, which are all of one kind.

    Raises:
        InputError: They are not, or cannot be read.
    """
    from src.drift import looks, sources
    from src.errors import InputError

    kinds = {sources.is_log(source) for source in options.sources}
    if len(kinds) > 1:
        raise InputError("metrics and prediction logs tell of the same requests: give one or the other")
    if kinds == {True}:
        return looks.at_logs(options.sources, state, options.store, wanted)
    return looks.at_metrics(options.sources, state)


def _wanted(options: argparse.Namespace) -> Callable[[str, int], bool]:
    """Which versions of which models to judge.

    What it gives raises StoreError where the store is to tell the stable version, and has none.
    """
    from src.errors import StoreError
    from src.release import state

    stable: dict[str, int | None] = {}

    def wanted(model: str, version: int) -> bool:
        if options.model not in (None, model):
            return False
        if options.version == STABLE:
            if model not in stable:
                stable[model] = state.stable(options.store, model)
            if stable[model] is None:
                raise StoreError(f"no version of {model} in {options.store} is stable")
            return stable[model] == version
        return options.version in (None, version)

    return wanted


def _version(text: str) -> int | str:
    if text == STABLE:
        return text
    if not (text.isascii() and text.isdecimal() and len(text) < 20):
        raise argparse.ArgumentTypeError(f"{text[:30]!r} is neither a version's number nor {STABLE}")
    return int(text)


if __name__ == "__main__":
    sys.exit(cli.run(partial(main, sys.argv[1:]), "drift"))
