"""Train a recipe again and release what comes of it: gate, canary, and promotion if the canary holds.

python -m src.retrain [RECIPE] --gateway URL [--if-drift]
"""

import argparse
import shutil
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from src import cli  # all else is imported by what needs it: so early, Ctrl-C would end in a traceback

if TYPE_CHECKING:
    from src.recipe import Recipe
    from src.release.operations import Operator
    from src.watching import Watch


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line; argparse exits with code 2 where it is wrong."""
    parser = cli.Parser(prog="python -m src.retrain", description=(__doc__ or "").splitlines()[0])
    parser.add_recipe()
    parser.add_argument(
        "--gateway",
        action="append",
        required=True,
        metavar="URL",
        help="a gateway that serves the model, of which the canary is watched; several add up",
    )
    parser.add_argument("--if-drift", action="store_true", help="only if what the gateways were asked has drifted")
    parser.add_argument("--since", type=Path, metavar="FILE", help="drift since the last look, as for src.drift")
    parser.add_set()
    parser.add_argument("--share", type=cli.share, default=0.1, help="the canary's share (default: %(default)s)")
    parser.add_argument(
        "--watch", type=cli.positive, default=600.0, metavar="SECONDS", help="how long (default: %(default)g)"
    )
    parser.add_argument(
        "--min-predictions",
        type=cli.count,
        default=100,
        metavar="N",
        help="how many of the canary's answers a judgement takes (default: %(default)s)",
    )
    parser.add_store()
    parser.add_served_from()
    parser.add_model_server()
    parser.add_keep()
    options = parser.parse_args(arguments)
    if options.since and not options.if_drift:
        parser.error("--since goes with --if-drift")
    return options


def main(arguments: Sequence[str]) -> None:
    """Run the command.

    Raises:
        GateError: The new version is not good enough, or does not hold as a canary.
        ModelSideError: What the user can mend.
    """
    options = parse_arguments(arguments)
    say = partial(print, flush=True)
    from src import recipes
    from src.release.operations import Operator
    from src.watching import Watch

    recipe = recipes.find(options.recipe)
    watch = Watch(gateways=options.gateway, seconds=options.watch, min_predictions=options.min_predictions, say=say)
    watch.start(recipe.name, 0)  # before hours of training: are they there?
    if options.if_drift and not drifted(options, recipe.name):
        look_done(options.since)
        say(f"{recipe.name}: no drift was found, and so nothing is trained")
        return
    operator = Operator(
        store=options.store,
        target=options.model_server or cli.DEFAULT_MODEL_SERVER,
        served_from=options.served_from,
        reason="retrained",
        keep=options.keep,
        say=say,
    )
    version, stable = _train(options, recipe, operator)
    release(operator, watch, recipe.name, version, stable, options.share)
    look_done(options.since)


def drifted(options: argparse.Namespace, model: str) -> bool:
    """Ask `src.drift` about the stable version; what it finds is printed.

    How far it has looked is kept beside the file that tells it, until `look_done`: drift that has led to no new version
    should be found again.

    Args:
        options: The command line's.
        model: The model's name.

    Returns:
        Whether something has drifted.

    Raises:
        ModelSideError: The gateways cannot be asked.
    """
    from src.drift import __main__ as drift
    from src.errors import DriftError

    words = [*options.gateway, "--model", model, "--version", "stable", "--store", str(options.store)]
    if options.since:
        if options.since.exists():
            shutil.copyfile(options.since, _next(options.since))
        else:
            _next(options.since).unlink(missing_ok=True)
        words += ["--since", str(_next(options.since))]
    try:
        drift.main(words)
    except DriftError as error:
        print(f"retrain: {error}", flush=True)
        return True
    return False


def look_done(since: Path | None) -> None:
    """Have the next look at drift begin where this one ended."""
    if since is not None and _next(since).exists():
        _next(since).replace(since)


def _next(since: Path) -> Path:
    return since.with_name(f"{since.name}.next")


def _train(options: argparse.Namespace, recipe: "Recipe[Any]", operator: "Operator") -> tuple[int, int | None]:
    """Train and publish; the new version, and the stable one that it was judged against."""
    from src import params, summary, training
    from src.errors import GateError, StoreError

    run = training.train(recipe, params.load_params(recipe, options.set), operator, promote=False)
    print(summary.summary(run, options.store), flush=True)
    if run.version is None or run.verdict is None:
        raise StoreError(f"{recipe.name}: nothing was published")
    if not run.verdict.passed:
        raise GateError(summary.refusal(run, options.store))
    return run.version, run.verdict.stable.version if run.verdict.stable else None


def release(operator: "Operator", watch: "Watch", model: str, version: int, stable: int | None, share: float) -> None:
    """Try a version out as the canary, and promote it if it holds; the first version of a model at once.

    Args:
        operator: Who changes the release.
        watch: How the canary is watched.
        model: The model's name.
        version: The new version.
        stable: The version that it was judged against.
        share: Which share of the requests the canary gets.

    Raises:
        GateError: It does not hold; it is taken out of service, and stays in the store.
        ReleaseError: It cannot be released, or was asked too little for a judgement: it stays the canary.
    """
    from src.errors import GateError, ReleaseError
    from src.release.plans import Judged
    from src.release.traffic import Traffic

    if stable is not None:
        operator.canary(model, version, Traffic(canary_share=share))
        try:
            came = watch.judge(model, version, watch.start(model, version))
        except GateError as error:
            try:
                operator.retire(model, version)
            except ReleaseError as failed:  # the verdict matters more
                raise GateError(f"{error}; and it is still the canary: {failed}") from error
            raise
        watch.say(f"{model} version {version} holds as a canary: {came}")
    operator.promote(model, version, judged=Judged(stable, is_canary=stable is not None))


if __name__ == "__main__":
    sys.exit(cli.run(partial(main, sys.argv[1:]), "retrain"))
