"""Train a recipe, export and verify the model, publish it as the next version, and promote it if it passes the gate.

python -m src.train [RECIPE] [--set key=value ...]
"""

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from src import cli  # all else is imported by what needs it: so early, Ctrl-C would end in a traceback

if TYPE_CHECKING:
    from src.errors import TrackingError
    from src.run import Run


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line; argparse exits with code 2 where it is wrong."""
    parser = cli.Parser(prog="python -m src.train", description=__doc__.splitlines()[0])
    parser.add_recipe()
    parser.add_argument("--params", type=Path, metavar="FILE", help="read another file than params.yaml")
    parser.add_set()
    parser.add_store()
    parser.add_served_from()
    parser.add_model_server()
    parser.add_argument("--no-promote", action="store_true", help="publish only; src.release promotes it later")
    parser.add_keep()
    parser.add_argument("--track", action="store_true", help="record the run in MLflow, and register what passes")
    parser.add_argument("--quiet", action="store_true", help="print errors only")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> None:
    """Run the command.

    Raises:
        ModelSideError: What the user can mend.
    """
    options = parse_arguments(arguments)
    from src import params, recipes, registry, summary, tracking, training
    from src.errors import GateError, ModelSideError, TrackingError
    from src.release.operations import Operator

    if options.track:
        registry.check_installed()
    recipe = recipes.find(options.recipe)
    if options.track:
        tracking.check(recipe.name)
    hyperparameters = params.load_params(recipe, options.set, path=options.params or params.PARAMS_FILE)
    told: list[str] = []
    unrecorded: list[TrackingError] = []
    # Of another store than the default one, nothing says that the server at the default address reads it.
    here = cli.DEFAULT_MODEL_SERVER if options.store == cli.DEFAULT_STORE else None
    operator = Operator(
        store=options.store,
        target=options.model_server or here,
        offline=True,  # where no server runs yet, the next to start reads the release
        served_from=options.served_from,
        reason="it passed the gate",
        keep=options.keep,
        say=told.append,
    )
    try:
        run = training.train(
            recipe,
            hyperparameters,
            operator,
            promote=not options.no_promote,
            progress=not options.quiet,
            record=partial(_record, told, unrecorded) if options.track else None,
        )
        if not options.quiet:
            print(summary.summary(run, options.store, told))
        if run.verdict and not run.verdict.passed:
            raise GateError(summary.refusal(run, options.store))
    except ModelSideError:  # which matters more
        for error in unrecorded:
            print(f"train: the run is not recorded: {error}", file=sys.stderr)
        raise
    for error in unrecorded:
        raise TrackingError(f"{recipe.name} version {run.version} is published, and the run is not recorded: {error}")


def _record(told: list[str], unrecorded: "list[TrackingError]", run: "Run", store: Path) -> None:
    """Record a run in MLflow; where that fails, take the reason down for when all else is told."""
    from src import tracking
    from src.errors import TrackingError

    try:
        told.append(tracking.record(run, store))
    except TrackingError as error:
        unrecorded.append(error)


if __name__ == "__main__":
    sys.exit(cli.run(partial(main, sys.argv[1:]), "train"))
