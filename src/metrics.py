"""The metrics of predictions, and what a model's are beside its baseline's."""

import msgspec
import numpy as np
from msgspec import UNSET, UnsetType

from src.amounts import amount
from src.dtypes import Array
from src.errors import RecipeError
from src.labels import LabelMetrics, LabelScore


class Metrics(msgspec.Struct, frozen=True, kw_only=True):
    """Metrics over one split, in the output's unit (r2 has none); of labels, of their probabilities against 0 and 1.

    Attributes:
        mae: Mean absolute error.
        rmse: Root of the mean squared error.
        r2: Coefficient of determination: 1 is perfect, 0 no better than the split's own mean (of each label); None
            where all targets are equal, since it is not defined there.
        labels: What there is to know of labels besides; absent where the output is a number.
    """

    mae: float
    rmse: float
    r2: float | None
    labels: LabelMetrics | UnsetType = UNSET


class SplitMetrics(msgspec.Struct, frozen=True, kw_only=True):
    """The same metrics on both splits."""

    train: Metrics
    test: Metrics


class Decile(msgspec.Struct, frozen=True, kw_only=True):
    """A tenth of the held-out rows, by rank of their targets.

    Attributes:
        least: The least target among them.
        greatest: The greatest.
        rows: How many they are.
        model: The model's mean absolute error on them.
        baseline: The baseline's.
    """

    least: float
    greatest: float
    rows: int
    model: float
    baseline: float


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """A model's metrics beside the named baseline's.

    Attributes:
        model: The model's.
        baseline: The baseline's.
        baseline_name: What the baseline is.
        deciles: The errors by tenths of the held-out rows; empty where the outputs are labels.
        labels: Each label on the held-out rows; absent where the output is a number.
    """

    model: SplitMetrics
    baseline: SplitMetrics
    baseline_name: str
    deciles: list[Decile]
    labels: list[LabelScore] | UnsetType = UNSET


def regression_metrics(predictions: Array, targets: Array) -> Metrics:
    """Compare predictions with targets.

    Args:
        predictions: Shape (rows, outputs).
        targets: The same shape.

    Returns:
        The metrics, computed in float64; NaN where a prediction is NaN.

    Raises:
        RecipeError: The shapes differ, so that the model does not answer a number a row and output.
    """
    check_shape(predictions, targets)
    errors = predictions.astype("float64") - targets.astype("float64")
    squares = float(np.sum(errors**2))
    spread = float(np.sum((targets.astype("float64") - np.mean(targets, axis=0, dtype="float64")) ** 2))
    return Metrics(
        mae=float(np.mean(np.abs(errors))),
        rmse=float(np.sqrt(squares / errors.size)),
        r2=1 - squares / spread if spread else None,
    )


def check_shape(predictions: Array, targets: Array) -> None:
    """Refuse answers that cannot be compared with the targets, number by number.

    Raises:
        RecipeError: The shapes differ.
    """
    if predictions.shape != targets.shape:
        raise RecipeError(f"the model answers with shape {predictions.shape} where the targets have {targets.shape}")


def tenths(targets: Array) -> list[Array]:
    """The numbers of the rows with the least tenth of the targets, the next tenth, and so on.

    Args:
        targets: Shape (rows, 1).

    Returns:
        Ten arrays of nearly equal length; fewer, of one row each, where there are fewer rows.
    """
    return np.array_split(np.argsort(targets[:, 0], kind="stable"), min(10, len(targets)))


def rows_of(metrics: Metrics, unit: str = "") -> dict[str, str]:
    """Metrics for a table: what each is called, and how it is written.

    Args:
        metrics: The metrics.
        unit: What stands behind the name of those that have the output's unit.

    Returns:
        By name, in the order of the table.
    """
    if labels := metrics.labels:
        shares = {"F1": labels.f1, "weighted F1": labels.weighted_f1, "accuracy": labels.accuracy}
        return {name: f"{share:.4f}" for name, share in shares.items()} | {"log loss": amount(labels.log_loss)}
    r2 = "-" if metrics.r2 is None else f"{metrics.r2:.4f}"
    return {f"MAE{unit}": amount(metrics.mae), f"RMSE{unit}": amount(metrics.rmse), "R²": r2}


def describe(metrics: Metrics) -> str:
    """Metrics on one line, for people."""
    if labels := metrics.labels:
        return f"F1 {labels.f1:.4f}, accuracy {labels.accuracy:.4f}, log loss {amount(labels.log_loss)}"
    r2 = "" if metrics.r2 is None else f", R² {metrics.r2:.4f}"
    return f"MAE {amount(metrics.mae)}, RMSE {amount(metrics.rmse)}{r2}"
