"""A recipe trained on rows of somebody's choice, and asked about others."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.model_selection import train_test_split

from src import recipes
from src.answers import of_keras
from src.batches import steps_of
from src.fitting import History, fit
from src.params import load_params
from src.quiet import import_tensorflow
from src.recipe import Array, Split, Training


@dataclass(frozen=True)
class Trained:
    """A model that was trained on some rows.

    Attributes:
        answer: Gives the probabilities of rows, of shape (rows, labels).
        seconds: How long it took, from the raw rows on.
    """

    answer: Any
    seconds: float


def train(name: str, rows: Split) -> Trained:
    """Train a recipe as `params.yaml` says, on these rows."""
    import_tensorflow()
    import keras

    recipe = recipes.find(name)
    params = load_params(recipe)
    keras.utils.set_random_seed(params.seed)
    start = time.perf_counter()
    model = recipe.build_model(params, Training(rows, steps_of(rows.rows, params)))
    fit(model, rows, rows, params, History(), scoring=recipe.scoring)
    seconds = time.perf_counter() - start
    predictor = of_keras(model)
    return Trained(lambda split: predictor(split.inputs), seconds)


def stratified(rows: Split, share: float, seeds: range) -> Iterator[tuple[Split, Split]]:
    """Random splits, with as large a part of each label on both sides, as scikit-learn draws them.

    Args:
        rows: All rows, of one label.
        share: The held-out part.
        seeds: One split each.

    Yields:
        The rows to train on and those held out.
    """
    for seed in seeds:
        places = np.arange(rows.rows)
        train_rows, test_rows = train_test_split(
            places, test_size=share, stratify=rows.targets[:, 0], random_state=seed
        )
        yield rows.take(train_rows), rows.take(test_rows)


def texts(split: Split) -> Array:
    """The texts, of shape (rows,)."""
    return split.inputs["text"][:, 0]
