"""How good predictions are, and what a model's are beside its baseline's."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from src.amounts import amount
from src.dataset import Dataset, Rows
from src.errors import RecipeError
from src.recipe import Array, keras_inputs

BATCH_ROWS = 4096  # bounds memory on large splits

Predictor = Callable[[Mapping[str, Array]], Array]
"""Answers inputs, as a split has them, with predictions of shape (rows, 1)."""


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
    """A model's metrics beside the named baseline's; the deciles are the held-out rows'."""

    model: SplitMetrics
    baseline: SplitMetrics
    baseline_name: str
    deciles: list[Decile]


@dataclass(frozen=True)
class Answers:
    """What several predictors answered to the rows of one split.

    Attributes:
        targets: What is true, of shape (rows, 1).
        given: Each predictor's predictions, of the same shape, by the predictor's name.
    """

    targets: Array
    given: Mapping[str, Array]

    def metrics(self, name: str, which: Array | slice = slice(None)) -> Metrics:
        """One predictor's metrics, over all rows or some."""
        return regression_metrics(self.given[name][which], self.targets[which])


def of_keras(model: Any) -> Predictor:
    """A Keras model as a predictor, without the overhead of `Model.predict`."""
    return in_batches(lambda inputs: np.asarray(model(keras_inputs(inputs), training=False)))


def in_batches(answer: Predictor) -> Predictor:
    """A predictor that is asked for a few thousand rows at a time, which bounds its memory."""

    def answer_all(inputs: Mapping[str, Array]) -> Array:
        rows = len(next(iter(inputs.values())))
        starts = range(0, rows, BATCH_ROWS)
        return np.concatenate(
            [answer({n: a[start : start + BATCH_ROWS] for n, a in inputs.items()}) for start in starts]
        )

    return answer_all


def ask(predictors: Mapping[str, Predictor], rows: Rows) -> Answers:
    """Have several predictors answer the same rows, in one pass.

    In memory are, beside one chunk, a target and a prediction of each, 4 bytes each a row.

    Args:
        predictors: By name.
        rows: What to ask.

    Returns:
        Their answers.
    """
    targets: list[Array] = []
    given: dict[str, list[Array]] = {name: [] for name in predictors}
    for chunk in rows.chunks():
        targets.append(chunk.targets)
        for name, predictor in predictors.items():
            given[name].append(predictor(chunk.inputs))
    return Answers(np.concatenate(targets), {name: np.concatenate(parts) for name, parts in given.items()})


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


def tenths(targets: Array) -> list[Array]:
    """The numbers of the rows with the least tenth of the targets, the next tenth, and so on.

    Args:
        targets: Shape (rows, 1).

    Returns:
        Ten arrays of nearly equal length; fewer, of one row each, where there are fewer rows.
    """
    return np.array_split(np.argsort(targets[:, 0], kind="stable"), min(10, len(targets)))


def by_decile(answers: Answers) -> list[Decile]:
    """The mean absolute errors of "model" and "baseline" by tenths of the targets."""
    return [
        Decile(
            least=float(answers.targets[tenth].min()),
            greatest=float(answers.targets[tenth].max()),
            rows=len(tenth),
            model=answers.metrics("model", tenth).mae,
            baseline=answers.metrics("baseline", tenth).mae,
        )
        for tenth in tenths(answers.targets)
    ]


def evaluate(
    model: Predictor, baseline: Predictor, baseline_name: str, dataset: Dataset, others: Mapping[str, Predictor]
) -> tuple[Evaluation, Answers]:
    """Measure a model and the baseline on both splits.

    Args:
        model: The model.
        baseline: The baseline, learnt from the training rows.
        baseline_name: What the baseline is.
        dataset: The data.
        others: Further predictors to ask about the held-out rows.

    Returns:
        Both sets of metrics; and the answers to the held-out rows: "model", "baseline" and the others.
    """
    both = {"model": model, "baseline": baseline}
    train = ask(both, dataset.train)
    test = ask(both | dict(others), dataset.test)
    evaluation = Evaluation(
        model=SplitMetrics(train=train.metrics("model"), test=test.metrics("model")),
        baseline=SplitMetrics(train=train.metrics("baseline"), test=test.metrics("baseline")),
        baseline_name=baseline_name,
        deciles=by_decile(test),
    )
    return evaluation, test


def describe(metrics: Metrics) -> str:
    """Metrics on one line, for people."""
    r2 = "" if metrics.r2 is None else f", R² {metrics.r2:.4f}"
    return f"MAE {amount(metrics.mae)}, RMSE {amount(metrics.rmse)}{r2}"
