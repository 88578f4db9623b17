"""Load a recipe's data, go over them as training does, and tell what they are.

python -m src.prepare [RECIPE] [--to FILE]
"""

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from src import cli  # all else is imported by what needs it: so early, Ctrl-C would end in a traceback

if TYPE_CHECKING:
    from src.recipe import Params, Recipe


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line; argparse exits with code 2 where it is wrong."""
    parser = cli.Parser(prog="python -m src.prepare", description=__doc__.splitlines()[0])
    parser.add_recipe()
    parser.add_set()
    parser.add_argument("--to", type=Path, metavar="FILE", help="write the JSON there (default: standard output)")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> None:
    """Run the command.

    Raises:
        ModelSideError: What the user can mend.
    """
    options = parse_arguments(arguments)
    from src import downloads, params, recipes

    recipe = recipes.find(options.recipe)
    # The pipeline keeps this folder, also of a recipe that downloads nothing.
    downloads.DATA.mkdir(exist_ok=True)
    text = describe_data(recipe, params.load_params(recipe, options.set))
    if options.to is None:
        print(text)
        return
    options.to.parent.mkdir(parents=True, exist_ok=True)
    options.to.write_text(f"{text}\n", encoding="utf-8")


def describe_data(recipe: "Recipe[Params]", hyperparameters: "Params") -> str:
    """What a recipe's data are, as JSON that changes when they do, and only then.

    Args:
        recipe: Whose data.
        hyperparameters: For its `load`.

    Returns:
        Source, checksum as model cards have it, rows of each split, and the features with their statistics.

    Raises:
        RecipeError: The data cannot be loaded, or do not fit the recipe.
    """
    import msgspec

    from src import checks, describe, own_code, profiles
    from src.lineage import data_sha256

    checks.check_recipe(recipe)
    dataset = own_code.load(recipe, hyperparameters)
    known = profiles.profiles(recipe, dataset)
    describe.check_room(recipe, known["train"])
    told = {
        "recipe": recipe.name,
        "source": dataset.source,
        "sha256": data_sha256(*known.values()),
        "rows": {name: split.rows for name, split in known.items()},
        "features": describe.feature_cards(recipe, known["train"]),
    }
    return msgspec.json.format(msgspec.json.encode(told), indent=2).decode()


if __name__ == "__main__":
    sys.exit(cli.run(partial(main, sys.argv[1:]), "prepare"))
