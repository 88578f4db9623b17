"""Metrics, held against numbers computed by hand."""

import math
from typing import Any

import numpy as np
import pytest

from src import answers as asking
from src import metrics
from src.answers import Answers, Predictor
from src.dataset import Stream
from src.errors import RecipeError
from src.metrics import Decile, Metrics, regression_metrics
from src.recipe import MEAN, Array, Dataset, Split
from src.scoring import NUMBER


def column(*values: float) -> Array:
    """Targets or predictions: shape (rows, 1), float32."""
    return np.array(values, "float32").reshape(-1, 1)


def split(xs: Array, targets: Array) -> Split:
    """Rows of one feature."""
    return Split({"x": xs}, targets)


def about(value: float) -> Any:
    """A number that equals all those near the value."""
    return pytest.approx(value)


def constant(value: float) -> Predictor:
    """A model that answers every row alike."""
    return lambda inputs: np.full_like(inputs["x"], value)


def test_metrics_are_those_computed_by_hand() -> None:
    """Errors 1, -1, 0, 4: the mean of their sizes, their root mean square, and one less the share unexplained."""
    found = regression_metrics(column(2, 1, 3, 8), column(1, 2, 3, 4))
    assert found.mae == 1.5
    assert found.rmse == pytest.approx(math.sqrt(18 / 4))
    assert found.r2 == pytest.approx(1 - 18 / 5)


def test_perfect_predictions_have_no_error() -> None:
    """Equal numbers give errors of 0 and an R² of 1."""
    assert regression_metrics(column(1, 2), column(1, 2)) == Metrics(mae=0, rmse=0, r2=1)


def test_r2_is_not_defined_where_all_targets_are_equal() -> None:
    """Without any spread to explain there is no R², and it is left out of the text."""
    found = regression_metrics(column(4, 6), column(5, 5))
    assert found == Metrics(mae=1, rmse=1, r2=None)
    assert metrics.describe(found) == "MAE 1, RMSE 1"


def test_a_nan_among_the_predictions_shows() -> None:
    """One NaN makes the metrics NaN instead of being passed over."""
    found = regression_metrics(column(1, math.nan), column(1, 2))
    assert math.isnan(found.mae)
    assert math.isnan(found.rmse)


def test_sums_are_taken_in_float64() -> None:
    """An error of 1 on large targets is not lost, though their squares are beyond float32's seven digits."""
    targets = column(*(16_000_000 + step for step in range(4)))
    assert regression_metrics(targets + 1, targets) == Metrics(mae=1, rmse=1, r2=about(0.2))


def test_describing_puts_metrics_on_one_line() -> None:
    """Four significant digits, and four decimals of R²."""
    assert metrics.describe(Metrics(mae=1234.5678, rmse=0.00012345, r2=0.98765)) == (
        "MAE 1,235, RMSE 0.0001234, R² 0.9877"
    )


def test_model_and_baseline_are_measured_on_both_splits() -> None:
    """The baseline answers with the mean of the training targets, on the held-out rows too."""
    dataset = Dataset("hand", split(column(0, 1), column(1, 3)), split(column(2, 3), column(5, 7)))
    evaluation, answers = asking.evaluate(
        constant(5), MEAN.fit(split(column(0, 1), column(1, 3))), MEAN.name, dataset, {"other": constant(6)}
    )
    assert evaluation.model.train == Metrics(mae=3, rmse=about(math.sqrt(10)), r2=-9)
    assert evaluation.model.test == Metrics(mae=1, rmse=about(math.sqrt(2)), r2=-1)
    assert evaluation.baseline.train == Metrics(mae=1, rmse=1, r2=0)
    assert evaluation.baseline.test == Metrics(mae=4, rmse=about(math.sqrt(17)), r2=-16)
    assert evaluation.baseline_name == "mean of the training targets"
    assert answers.metrics("other").mae == 1
    assert answers.metrics("other", np.array([1])).mae == 1


def test_deciles_are_tenths_of_the_rows_by_their_targets() -> None:
    """Each has its least and greatest target, and both errors on its rows alone, whatever the rows' order."""
    targets = column(*range(20))[::-1]
    answers = Answers(targets, {"model": targets + 1, "baseline": column(*[0] * 20)})
    deciles = NUMBER.by_decile(answers.targets, answers.given)
    assert [(each.least, each.greatest, each.rows) for each in deciles] == [(2 * n, 2 * n + 1, 2) for n in range(10)]
    assert deciles[3] == Decile(least=6, greatest=7, rows=2, model=1, baseline=6.5)


def test_few_rows_have_a_decile_each() -> None:
    """There is no empty tenth to take a mean of."""
    answers = Answers(column(3, 1), {"model": column(3, 1), "baseline": column(0, 0)})
    assert [each.rows for each in NUMBER.by_decile(answers.targets, answers.given)] == [1, 1]


def test_predictions_come_in_the_rows_order_over_several_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are predicted in batches that bound memory, and put together in order, over the chunks of a stream too."""
    monkeypatch.setattr(asking, "BATCH_ROWS", 4)
    xs = column(*range(10))
    sizes = []

    def double(x: Array, *, training: bool) -> Array:
        assert not training
        sizes.append(len(x))
        return 2 * x

    answer = asking.of_keras(double)
    assert np.array_equal(answer({"x": xs}), 2 * xs)
    assert sizes == [4, 4, 2]
    stream = Stream(lambda: iter([split(xs[:7], xs[:7]), split(xs[7:], xs[7:])]), rows=10)
    asked = asking.ask({"double": answer}, stream)
    assert np.array_equal(asked.targets, xs)
    assert np.array_equal(asked.given["double"], 2 * xs)


def test_predictions_of_another_shape_are_refused() -> None:
    """A model that does not answer one number a row is told so, instead of being compared crosswise."""
    with pytest.raises(RecipeError) as caught:
        regression_metrics(np.zeros((3,), "float32"), np.zeros((3, 1), "float32"))
    assert str(caught.value) == "the model answers with shape (3,) where the targets have (3, 1)"
