"""Train a recipe, export and verify the model, publish it as the next version, and promote it if it passes the gate.

python -m src.train [RECIPE] [--set key=value ...]
"""

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path, PurePosixPath

from src import cli  # all else is imported by what needs it: so early, Ctrl-C would end in a traceback


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line; argparse exits with code 2 where it is wrong."""
    from src.release import SERVED_FROM

    parser = cli.Parser(prog="python -m src.train", description=__doc__.splitlines()[0])
    parser.add_recipe()
    parser.add_argument("--params", type=Path, metavar="FILE", help="read another file than params.yaml")
    parser.add_set()
    parser.add_store()
    parser.add_argument(
        "--served-from",
        type=PurePosixPath,
        default=SERVED_FROM,
        help="the store's folder as servers see it, for a model not yet in models.config (default: %(default)s)",
    )
    parser.add_argument("--quiet", action="store_true", help="print errors only")
    options = parser.parse_args(arguments)
    if not options.served_from.is_absolute():
        parser.error(f"argument --served-from: {options.served_from} is not absolute, as model servers need it")
    return options


def main(arguments: Sequence[str]) -> None:
    """Run the command.

    Raises:
        ModelSideError: What the user can mend.
    """
    options = parse_arguments(arguments)
    from src import params, recipes, summary, training
    from src.errors import GateError

    recipe = recipes.find(options.recipe)
    hyperparameters = params.load_params(recipe, options.set, path=options.params or params.PARAMS_FILE)
    run = training.train(
        recipe, hyperparameters, options.store, served_from=options.served_from, progress=not options.quiet
    )
    if not options.quiet:
        print(summary.summary(run, options.store))
    if run.verdict and not run.verdict.passed:
        raise GateError(summary.refusal(run, options.store))


if __name__ == "__main__":
    sys.exit(cli.run(partial(main, sys.argv[1:]), "train"))
