"""Put a version's report into a folder, with the learning curves and the errors as CSV.

python -m src.report [RECIPE [VERSION]] --to FOLDER
"""

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from src import cli


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line; argparse exits with code 2 where it is wrong."""
    parser = cli.Parser(prog="python -m src.report", description=__doc__.splitlines()[0])
    parser.add_recipe()
    parser.add_argument("version", nargs="?", type=int, metavar="VERSION", help="default: the stable one")
    parser.add_store()
    parser.add_argument("--to", type=Path, required=True, metavar="FOLDER", help="where to; made if missing")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> None:
    """Run the command.

    Raises:
        ModelSideError: What the user can mend.
    """
    options = parse_arguments(arguments)
    from src import recipes, store
    from src.report import plots

    name = recipes.find(options.recipe).name
    version, _ = store.find(options.store, name, options.version)
    plots.gather(options.store, name, version, options.to)


if __name__ == "__main__":
    sys.exit(cli.run(partial(main, sys.argv[1:]), "report"))
