"""The gate: what passes, and the exact words for what does not."""

import math

import pytest

from src import gate
from src.errors import GateError
from src.evaluate import Evaluation, Metrics, SplitMetrics, evaluate
from src.recipe import Dataset
from tests.unit.src.conftest import Trained
from tests.unit.src.test_evaluate import column, constant, split

BASELINE = Metrics(mae=2, rmse=3, r2=0)


def evaluation(model: Metrics) -> Evaluation:
    """A model with these metrics on the held-out rows, perfect on the training rows."""
    perfect = Metrics(mae=0, rmse=0, r2=1)
    return Evaluation(
        model=SplitMetrics(train=perfect, test=model),
        baseline=SplitMetrics(train=BASELINE, test=BASELINE),
        baseline_name="the mean",
    )


def test_a_model_better_than_the_baseline_passes(line: Trained) -> None:
    """The trained line passes, and so does a model that is better by a little."""
    gate.check(line.evaluation, line.recipe.min_r2)
    gate.check(evaluation(Metrics(mae=1.999, rmse=3, r2=0)), 0)


@pytest.mark.parametrize("mae", [2, 2.5])
def test_a_model_no_better_than_the_baseline_is_refused(mae: float) -> None:
    """As good as the baseline is not good enough, however well the training rows are met."""
    with pytest.raises(GateError) as caught:
        gate.check(evaluation(Metrics(mae=mae, rmse=3, r2=0)), 0)
    assert str(caught.value) == (
        f"refused: test MAE {mae}, RMSE 3, R² 0.0000 is no better than the baseline "
        "(the mean: MAE 2, RMSE 3, R² 0.0000); nothing was published"
    )


@pytest.mark.parametrize(("mae", "rmse"), [(math.nan, math.nan), (math.inf, math.inf), (1, math.inf)])
def test_metrics_that_are_no_numbers_are_refused(mae: float, rmse: float) -> None:
    """NaN, which compares with nothing, and infinity do not slip through."""
    with pytest.raises(GateError, match=r"^refused: the model's predictions are not finite numbers \(test MAE "):
        gate.check(evaluation(Metrics(mae=mae, rmse=rmse, r2=None)), 0)


def test_a_constant_predictor_is_refused() -> None:
    """A model that has learnt no more than the training targets' mean is refused."""
    dataset = Dataset("hand", split(column(0, 1), column(1, 3)), split(column(2, 3), column(5, 7)))
    with pytest.raises(GateError, match="is no better than the baseline"):
        gate.check(evaluate(constant(2), dataset), 0)


def test_a_model_below_the_recipes_threshold_is_refused() -> None:
    """Better than the baseline is not good enough where the recipe asks for more."""
    gate.check(evaluation(Metrics(mae=1, rmse=1, r2=0.9)), 0.9)
    with pytest.raises(GateError) as caught:
        gate.check(evaluation(Metrics(mae=1, rmse=1, r2=0.89)), 0.9)
    assert str(caught.value) == (
        "refused: test MAE 1, RMSE 1, R² 0.8900; the recipe asks for an R² of 0.9; nothing was published"
    )


def test_the_gates_errors_have_an_exit_code_of_their_own() -> None:
    """A script can tell a model that is not good enough from a run that failed."""
    assert GateError.exit_code == 3
