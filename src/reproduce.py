"""Train a published version again, from what its card says, and compare the weights.

python -m src.reproduce [RECIPE [VERSION]]
"""

import argparse
import sys
from collections.abc import Sequence
from functools import partial

from src import cli  # all else is imported by what needs it: so early, Ctrl-C would end in a traceback


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line; argparse exits with code 2 where it is wrong."""
    parser = cli.Parser(prog="python -m src.reproduce", description=__doc__.splitlines()[0])
    parser.add_recipe()
    parser.add_argument("version", nargs="?", type=int, help="the version (default: the stable one)")
    parser.add_store()
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> None:
    """Run the command: says what is equal and what differs.

    Raises:
        ReproduceError: The weights differ.
        ModelSideError: What the user can mend.
    """
    options = parse_arguments(arguments)
    from src import recipes, reproduction, store
    from src.errors import ReproduceError

    recipe = recipes.find(options.recipe)
    version, path = store.find(options.store, recipe.name, options.version)
    found = reproduction.reproduce(options.recipe, path)
    for line in found.circumstances:
        print(f"differs: {line}")
    if found.weights:
        raise ReproduceError(f"{recipe.name} version {version} is not reproduced: {'; '.join(found.weights)}")
    print(
        f"{recipe.name} version {version} is reproduced: "
        f"{found.count} weights in {found.arrays} arrays, equal to the bit"
    )


if __name__ == "__main__":
    sys.exit(cli.run(partial(main, sys.argv[1:]), "reproduce"))
