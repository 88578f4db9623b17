"""Measure a published version on the recipe's data, or two versions side by side.

python -m src.evaluate [RECIPE [VERSION [VERSION]]] [--split train] [--json | --metrics FILE]
"""

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from src import cli  # all else is imported by what needs it: so early, Ctrl-C would end in a traceback


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line; argparse exits with code 2 where it is wrong."""
    parser = cli.Parser(prog="python -m src.evaluate", description=__doc__.splitlines()[0])
    parser.add_recipe()
    parser.add_argument("versions", nargs="*", type=int, metavar="VERSION", help="one or two (default: the stable one)")
    parser.add_argument("--split", choices=("train", "test"), default="test", help="which rows (default: the held-out)")
    parser.add_set()
    parser.add_store()
    told = parser.add_mutually_exclusive_group()
    told.add_argument("--json", action="store_true", help="print JSON instead of a table")
    told.add_argument("--metrics", type=Path, metavar="FILE", help="write named numbers (for DVC), not a table")
    options = parser.parse_args(arguments)
    if len(options.versions) > 2:
        parser.error(f"two versions at most can stand side by side, not {len(options.versions)}")
    if options.metrics and len(options.versions) > 1:
        parser.error("--metrics takes one version")
    return options


def main(arguments: Sequence[str]) -> None:
    """Run the command: a table, or JSON, on standard output; or numbers in a file.

    Raises:
        ModelSideError: What the user can mend.
    """
    options = parse_arguments(arguments)
    from src import comparison, flat_metrics, params, recipes

    recipe = recipes.find(options.recipe)
    compared = comparison.compare(
        recipe, params.load_params(recipe, options.set), options.store, options.versions or [None], options.split
    )
    if options.metrics:
        flat_metrics.write(compared, options.metrics)
    else:
        print(comparison.as_json(compared) if options.json else comparison.as_table(compared))
    if note := comparison.data_note(compared):
        print(f"evaluate: {note}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(cli.run(partial(main, sys.argv[1:]), "evaluate"))
