"""A training run: from a recipe and its parameters to a published version."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from src import describe, evaluate, export, gate, store, verify
from src.checks import check_dataset, check_recipe
from src.errors import RecipeError, StoreError
from src.fitting import fit
from src.quiet import import_tensorflow
from src.recipe import Params, Recipe
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
        RecipeError: The recipe's parts do not fit together.
        StoreError: The store cannot be written.
        GateError: The model is not good enough.
        ArtefactError: The SavedModel does not reproduce the Keras model.
    """
    check_recipe(recipe)
    store.prepare(model_store, served_from=served_from)
    import_tensorflow()
    import keras

    keras.utils.set_random_seed(hyperparameters.seed)
    dataset = recipe.load(hyperparameters)
    check_dataset(recipe, dataset)
    describe.check_room(recipe, dataset.train)
    model = recipe.build_model(hyperparameters)
    if not model.compiled:
        raise RecipeError(f"recipe {recipe.name}: build_model gives a model that is not compiled")
    fit(model, dataset.train, hyperparameters, progress=progress)
    evaluation = evaluate.evaluate(model, dataset)
    gate.check(evaluation, recipe.min_r2)
    model_card = describe.build_card(recipe, hyperparameters, dataset, model, evaluation)

    def write(path: Path) -> None:
        with store_errors(path):
            export.export(model, recipe, model_card, dataset.train, path)
        verify.verify(path, model, recipe, model_card, dataset.train)

    version = store.publish(model_store, recipe.name, write, served_from=served_from)
    return Published(version, model_store / recipe.name / str(version), evaluation)


@contextlib.contextmanager
def store_errors(path: Path) -> Iterator[None]:
    """Turn TensorFlow's own reports of a full or failing disk into the store's error.

    Args:
        path: What the block writes.

    Raises:
        StoreError: It could not be written.
    """
    import tensorflow as tf

    try:
        yield
    except tf.errors.OpError as error:
        # Such as "{{function_node ...}} <file>; No space left on device [Op:SaveV2]".
        reason = " ".join(str(error.message).split()).rpartition("; ")[2].partition(" [Op:")[0]
        raise StoreError(f"cannot write {path}: {reason[:300]}") from error
