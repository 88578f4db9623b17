"""The notebook's model: a straight line, y = 3x + 1, learnt from six points."""

from typing import Annotated, Any

import msgspec
import numpy as np

from src.recipe import Array, Dataset, Feature, Output, Params, Recipe, Split, Training


class LineParams(Params, frozen=True, kw_only=True):
    """The line's hyperparameters beside those that every recipe has."""

    learning_rate: Annotated[float, msgspec.Meta(gt=0)]


def points(xs: Array) -> Split:
    """The line's points at `xs`.

    Args:
        xs: The places, of shape (n,).

    Returns:
        n rows of one feature, `x`, with the targets 3x + 1.
    """
    column = xs.astype("float32").reshape(-1, 1)
    return Split(inputs={"x": column}, targets=3 * column + 1)


def load(_params: LineParams) -> Dataset:
    """The notebook's six points to train on, and the five half-way between them held out."""
    return Dataset(
        source="computed: y = 3x + 1 at x = -1, 0, ..., 4 (train) and x = -0.5, 0.5, ..., 3.5 (test)",
        train=points(np.arange(-1, 5)),
        test=points(np.arange(-0.5, 4)),
    )


def build_model(params: LineParams, _training: Training) -> Any:
    """The notebook's model: one dense unit, plain gradient descent on the mean squared error.

    Returns:
        A compiled `keras.Sequential` from `x` (None, 1) to (None, 1).
    """
    import keras  # here, so that naming a recipe does not cost TensorFlow's import

    model = keras.Sequential([keras.Input(shape=(1,), name="x"), keras.layers.Dense(1)])
    model.compile(optimizer=keras.optimizers.SGD(params.learning_rate), loss="mean_squared_error")
    return model


RECIPE = Recipe(
    name="line",
    description="The straight line y = 3x + 1, learnt from six points.",
    features=(Feature(name="x", dtype="float32", description="Where on the x axis to read the line."),),
    output=Output(name="y", description="The line's height at x."),
    params=LineParams,
    load=load,
    build_model=build_model,
    example={"x": 10},
    min_r2=0.99,
)
