"""How good a model is, beside the baseline that needs no model at all."""

from typing import Any

import msgspec
import numpy as np

from src.errors import RecipeError
from src.recipe import Array, Dataset, Split, keras_inputs

BASELINE = "mean of the training targets"
BATCH_ROWS = 4096  # bounds memory on large splits


class Metrics(msgspec.Struct, frozen=True, kw_only=True):
    """Regression metrics over one split, in the output's unit (r2 has none).

    Attributes:
        mae: Mean absolute error.
        rmse: Root of the mean squared error.
        r2: Coefficient of determination: 1 is perfect, 0 no better than the split's own mean; None where all
            targets are equal, since it is not defined there.
    """

    mae: float
    rmse: float
    r2: float | None


class SplitMetrics(msgspec.Struct, frozen=True, kw_only=True):
    """The same metrics on both splits."""

    train: Metrics
    test: Metrics


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """A model's metrics beside the named baseline's."""

    model: SplitMetrics
    baseline: SplitMetrics
    baseline_name: str


def predict(model: Any, split: Split) -> Array:
    """The Keras model's predictions on a split, of shape (rows, 1), without the overhead of `Model.predict`."""
    batches = []
    for start in range(0, split.rows, BATCH_ROWS):
        rows = {name: array[start : start + BATCH_ROWS] for name, array in split.inputs.items()}
        batches.append(np.asarray(model(keras_inputs(rows), training=False)))
    return np.concatenate(batches)


def regression_metrics(predictions: Array, targets: Array) -> Metrics:
    """Compare predictions with targets.

    Args:
        predictions: Shape (rows, 1).
        targets: Shape (rows, 1).

    Returns:
        The metrics, computed in float64; NaN where a prediction is NaN.

    Raises:
        RecipeError: The shapes differ, so that the model does not answer one number a row.
    """
    if predictions.shape != targets.shape:
        raise RecipeError(f"the model answers with shape {predictions.shape} where the targets have {targets.shape}")
    errors = predictions.astype("float64") - targets.astype("float64")
    squares = float(np.sum(errors**2))
    spread = float(np.sum((targets.astype("float64") - np.mean(targets, dtype="float64")) ** 2))
    return Metrics(
        mae=float(np.mean(np.abs(errors))),
        rmse=float(np.sqrt(squares / len(errors))),
        r2=1 - squares / spread if spread else None,
    )


def evaluate(model: Any, dataset: Dataset) -> Evaluation:
    """Measure a model and the baseline on both splits.

    The baseline answers every row with the mean of the training targets: what one can say without looking at the row.

    Args:
        model: A Keras model.
        dataset: The data it was trained on.

    Returns:
        Both sets of metrics.
    """
    mean = np.mean(dataset.train.targets, dtype="float64")

    def of_model(split: Split) -> Metrics:
        return regression_metrics(predict(model, split), split.targets)

    def of_baseline(split: Split) -> Metrics:
        return regression_metrics(np.full_like(split.targets, mean), split.targets)

    return Evaluation(
        model=SplitMetrics(train=of_model(dataset.train), test=of_model(dataset.test)),
        baseline=SplitMetrics(train=of_baseline(dataset.train), test=of_baseline(dataset.test)),
        baseline_name=BASELINE,
    )


def describe(metrics: Metrics) -> str:
    """Metrics on one line, for people."""
    r2 = "" if metrics.r2 is None else f", R² {metrics.r2:.4f}"
    return f"MAE {metrics.mae:.4g}, RMSE {metrics.rmse:.4g}{r2}"
