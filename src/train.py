"""Train a recipe, put the result through the gate, export it, verify the artefact and publish it as the next version.

python -m src.train [RECIPE] [--set key=value ...]
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from src import card, cli, evaluate, export, gate, params, recipes, store, verify
from src.errors import StoreError
from src.fitting import fit
from src.quiet import import_tensorflow
from src.recipe import Params, Recipe, check_dataset
from src.release import SERVED_FROM


@dataclass(frozen=True)
class Published:
    """What a training run made.

    Attributes:
        version: The version's number.
        path: The SavedModel's folder.
        evaluation: How good the model is.
    """

    version: int
    path: Path
    evaluation: evaluate.Evaluation


def train(
    recipe: Recipe[Any],
    hyperparameters: Params,
    model_store: Path,
    *,
    served_from: PurePosixPath = SERVED_FROM,
    progress: bool = False,
) -> Published:
    """Train, gate, export, verify and publish.

    Args:
        recipe: What to train.
        hyperparameters: How.
        model_store: Where to publish; made if missing.
        served_from: The store's folder as the model server sees it.
        progress: Whether to draw a progress bar.

    Returns:
        The published version.

    Raises:
        StoreError: The store cannot be written.
        GateError: The model is not good enough.
        ArtefactError: The SavedModel does not reproduce the Keras model.
    """
    store.prepare(model_store, served_from=served_from)
    import_tensorflow()
    import keras

    keras.utils.set_random_seed(hyperparameters.seed)
    dataset = recipe.load(hyperparameters)
    check_dataset(recipe, dataset)
    model = recipe.build_model(hyperparameters)
    fit(model, dataset.train, hyperparameters, progress=progress)
    evaluation = evaluate.evaluate(model, dataset)
    gate.check(evaluation)
    model_card = card.build_card(recipe, hyperparameters, dataset, model, evaluation)

    def write(path: Path) -> None:
        export.export(model, recipe, model_card, dataset.train, path)
        verify.verify(path, model, recipe, model_card, dataset.train)

    version = store.publish(model_store, recipe.name, partial(_with_store_errors, write), served_from=served_from)
    return Published(version, model_store / recipe.name / str(version), evaluation)


def _with_store_errors(write: Any, path: Path) -> None:
    """Turn TensorFlow's own reports of a full or failing disk into the store's error."""
    import tensorflow as tf

    try:
        write(path)
    except tf.errors.OpError as error:
        # Such as "{{function_node ...}} <file>; No space left on device [Op:SaveV2]".
        reason = " ".join(str(error.message).split()).rpartition("; ")[2].partition(" [Op:")[0]
        raise StoreError(f"cannot write {path}: {reason[:300]}") from error


def _report(recipe: Recipe[Any], published: Published) -> str:
    model, baseline = published.evaluation.model.test, published.evaluation.baseline.test
    unit = f" ({recipe.output.unit})" if recipe.output.unit else ""
    values = " ".join(str(value) for value in recipe.example.values())
    body = json.dumps({"data": list(recipe.example.values()) if len(recipe.example) == 1 else [recipe.example]})
    return "\n".join(
        [
            f"{recipe.name} version {published.version} is published: {published.path}",
            f"  held-out rows{unit}: {evaluate.describe(model)}",
            f"  baseline, {published.evaluation.baseline_name}: {evaluate.describe(baseline)}",
            f"Try it here:  python -m src.predict {recipe.name} {values}",
            f"Serve it:     make run, then: curl -d '{body}' localhost:8080/predict",
        ]
    )


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line; argparse exits with code 2 where it is wrong."""
    parser = argparse.ArgumentParser(prog="python -m src.train", description=__doc__.splitlines()[0])
    known = ", ".join(recipes.names())
    parser.add_argument("recipe", nargs="?", default=cli.DEFAULT_RECIPE, help=f"one of: {known} (default: %(default)s)")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="override one of params.yaml")
    parser.add_argument("--store", type=Path, default=cli.DEFAULT_STORE, help="the model store (default: %(default)s)")
    parser.add_argument(
        "--served-from",
        type=PurePosixPath,
        default=SERVED_FROM,
        help="the store's folder as the model server sees it (default: %(default)s)",
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
    recipe = recipes.find(options.recipe)
    hyperparameters = params.load_params(recipe, options.set)
    published = train(
        recipe, hyperparameters, options.store, served_from=options.served_from, progress=not options.quiet
    )
    if not options.quiet:
        print(_report(recipe, published))


if __name__ == "__main__":
    sys.exit(cli.run(partial(main, sys.argv[1:]), "train"))
