"""The gate: what passes, and the exact words for what does not."""

import math

import msgspec
import numpy as np
import pytest

from src import gate
from src.answers import Answers
from src.errors import GateError
from src.gate import Stable, Verdict
from src.metrics import Evaluation, Metrics, SplitMetrics
from src.scoring import LabelScoring
from tests.unit.src.conftest import Trained
from tests.unit.src.test_metrics import column

BASELINE = Metrics(mae=2, rmse=3, r2=0)
VARIED = Answers(column(0, 4), {"model": column(1, 3), "baseline": column(2, 2)})


def evaluation(model: Metrics) -> Evaluation:
    """A model with these metrics on the held-out rows, perfect on the training rows."""
    perfect = Metrics(mae=0, rmse=0, r2=1)
    return Evaluation(
        model=SplitMetrics(train=perfect, test=model),
        baseline=SplitMetrics(train=BASELINE, test=BASELINE),
        baseline_name="the mean",
        deciles=[],
    )


def predictions(*errors: float) -> Answers:
    """A model with these errors, where the baseline is wrong by 2 in every row."""
    targets = column(*(10 * place for place in range(len(errors))))
    return Answers(targets, {"model": targets + column(*errors), "baseline": targets + 2})


def judge(model: Metrics, *, min_r2: float = 0, stable: Stable | None = None, answers: Answers = VARIED) -> Verdict:
    """The verdict on a model with these metrics."""
    return gate.judge(evaluation(model), answers, stable, min_r2=min_r2, max_regression=0.01)


def test_a_model_better_than_the_baseline_passes(line: Trained) -> None:
    """The trained line passes, and so does a model that is better by a little."""
    verdict = gate.judge(line.evaluation, VARIED, None, min_r2=line.recipe.min_r2, max_regression=0)
    assert verdict == Verdict(passed=True, reasons=[], stable=None)
    assert judge(Metrics(mae=1.999, rmse=3, r2=0), answers=predictions(1.999, 1.999)).passed


@pytest.mark.parametrize("error", [2, 2.5])
def test_a_model_no_better_than_the_baseline_is_refused(error: float) -> None:
    """As good as the baseline is not good enough, however well the training rows are met."""
    verdict = judge(Metrics(mae=error, rmse=3, r2=0), answers=predictions(error, error))
    assert not verdict.passed
    assert verdict.reasons == [
        f"test MAE {error}, RMSE 3, R² 0.0000 is no better than the baseline (the mean: MAE 2, RMSE 3, R² 0.0000)"
    ]


def test_a_model_better_than_the_baseline_by_luck_is_refused() -> None:
    """Worse on some rows and better on others, it is better on the whole by less than such rows differ anyway."""
    verdict = judge(Metrics(mae=1.5, rmse=3, r2=0), answers=predictions(0, 0, 3, 3))
    assert verdict.reasons == [
        (
            "test MAE 1.5, RMSE 3, R² 0.0000 is better by no more than chance can be on 4 rows than the baseline"
            " (the mean: MAE 2, RMSE 3, R² 0.0000)"
        )
    ]
    assert judge(Metrics(mae=1.5, rmse=3, r2=0), answers=predictions(*[0, 0, 3, 3] * 20)).passed
    assert not judge(Metrics(mae=0, rmse=0, r2=None), answers=predictions(0)).passed, "a single row tells nothing"


@pytest.mark.parametrize(("mae", "rmse"), [(math.nan, math.nan), (math.inf, math.inf), (1, math.inf)])
def test_metrics_that_are_no_numbers_are_refused(mae: float, rmse: float) -> None:
    """NaN, which compares with nothing, and infinity do not slip through."""
    gate.check_finite(evaluation(Metrics(mae=1, rmse=1, r2=None)))
    with pytest.raises(GateError, match=r"^refused: the model's predictions are not finite numbers \(test MAE "):
        gate.check_finite(evaluation(Metrics(mae=mae, rmse=rmse, r2=None)))


def test_a_constant_predictor_is_refused() -> None:
    """A model that answers every row alike is refused, however good a constant it has found."""
    alike = Answers(column(1, 2), {"model": column(1.5, 1.5), "baseline": column(5, 5)})
    assert judge(Metrics(mae=1, rmse=1, r2=0.5), answers=alike).reasons == ["it answers 1.5 to every row"]


def test_a_constant_is_right_where_all_targets_are_equal() -> None:
    """Without anything to tell apart, answering alike is no fault."""
    alike = Answers(column(3, 3), {"model": column(3, 3), "baseline": column(4, 4)})
    assert judge(Metrics(mae=0, rmse=0, r2=None), answers=alike).passed


def test_a_model_below_the_recipes_threshold_is_refused() -> None:
    """Better than the baseline is not good enough where the recipe asks for more."""
    assert judge(Metrics(mae=1, rmse=1, r2=0.9), min_r2=0.9).passed
    assert judge(Metrics(mae=1, rmse=1, r2=0.89), min_r2=0.9).reasons == [
        "test MAE 1, RMSE 1, R² 0.8900; the recipe asks for an R² of 0.9"
    ]


@pytest.mark.parametrize(("mae", "passes"), [(0.9, True), (1, True), (1.0099, True), (1.02, False)])
def test_a_model_may_be_worse_than_the_stable_one_by_the_tolerance_only(
    mae: float,
    passes: bool,  # noqa: FBT001
) -> None:
    """One per cent of the stable version's error is tolerated, and no more; the verdict keeps what it was."""
    stable = Stable(version=3, test=Metrics(mae=1, rmse=1, r2=0.9))
    verdict = judge(Metrics(mae=mae, rmse=1, r2=0.9), stable=stable)
    assert (verdict.passed, verdict.stable) == (passes, stable)
    if not passes:
        assert verdict.reasons == [
            (
                "test MAE 1.02, RMSE 1, R² 0.9000 is worse than the stable version 3 on the same rows"
                " (MAE 1, RMSE 1, R² 0.9000) by more than 0.01 of its MAE"
            )
        ]


def test_a_stable_version_that_cannot_be_asked_stops_nobody() -> None:
    """Damaged, or with other inputs, it is noted in the verdict, and the baseline alone decides."""
    stable = Stable(version=3, test=None, note="cannot load it")
    assert judge(Metrics(mae=1, rmse=1, r2=0.9), stable=stable) == Verdict(passed=True, reasons=[], stable=stable)


def test_every_reason_is_told() -> None:
    """A model that fails in several ways is told all of them at once."""
    stable = Stable(version=3, test=Metrics(mae=1, rmse=1, r2=0.9))
    alike = Answers(column(0, 4), {"model": column(9, 9), "baseline": column(2, 2)})
    assert len(judge(Metrics(mae=7, rmse=7, r2=-9), stable=stable, answers=alike, min_r2=0.5).reasons) == 4


def test_the_gates_errors_have_an_exit_code_of_their_own() -> None:
    """A script can tell a model that is not good enough from a run that failed."""
    assert GateError.exit_code == 3


def labelled(model: float, baseline: float) -> Answers:
    """Forty rows of one label, to which the model gives the truth so much, and the baseline so much."""
    targets = column(*[0, 1] * 20)
    given = {name: np.where(targets > 0, sure, 1 - sure) for name, sure in (("model", model), ("baseline", baseline))}
    given["model"][:2] += 0.01  # not every row alike
    return Answers(targets, given, LabelScoring(["spam"]))


def judge_labels(answers: Answers, *, min_f1: float = 0, stable: float | None = None) -> Verdict:
    """The verdict on a model of one label; a stable version has a log loss."""
    metrics = {name: answers.metrics(name) for name in answers.given}
    before = None
    if stable is not None:
        assert metrics["model"].labels
        told = msgspec.structs.replace(metrics["model"].labels, log_loss=stable)
        before = Stable(version=3, test=msgspec.structs.replace(metrics["model"], labels=told))
    model, baseline = (SplitMetrics(train=metrics[who], test=metrics[who]) for who in ("model", "baseline"))
    both = Evaluation(model=model, baseline=baseline, baseline_name="the shares", deciles=[])
    return gate.judge(both, answers, before, min_r2=0.99, max_regression=0.01, min_f1=min_f1)


def test_labels_are_judged_by_what_was_given_to_the_truth() -> None:
    """A model that is surer of the truth than the baseline passes; one that is less sure does not, right as it is."""
    assert judge_labels(labelled(0.9, 0.8)).passed
    verdict = judge_labels(labelled(0.8, 0.9))
    assert len(verdict.reasons) == 1
    assert " is no better than the baseline (the shares: F1 1.0000, accuracy 1.0000, log loss " in verdict.reasons[0]


def test_labels_below_the_recipes_f1_score_are_refused() -> None:
    """The mean of the labels' F1 scores has to reach what the recipe asks for."""
    (reason,) = judge_labels(labelled(0.4, 0.3), min_f1=0.5).reasons
    assert reason.startswith("test F1 0.0000, accuracy 0.0000, log loss ")
    assert reason.endswith("; the recipe asks for an F1 of 0.5")


def test_labels_may_be_worse_than_the_stable_version_by_the_tolerance_only() -> None:
    """The logarithmic loss is compared, and named."""
    answers = labelled(0.9, 0.8)
    loss = answers.scoring.loss(answers.metrics("model"))
    assert judge_labels(answers, stable=loss / 1.009).passed
    (reason,) = judge_labels(answers, stable=loss / 1.02).reasons
    assert reason.endswith("by more than 0.01 of its log loss")


def test_a_constant_probability_is_refused() -> None:
    """A model that says the same of every row has learnt nothing but shares."""
    targets = column(*[0, 1] * 20)
    alike = Answers(targets, {"model": targets * 0 + 0.5, "baseline": targets * 0 + 0.1}, LabelScoring(["spam"]))
    assert "it answers 0.5 to every row" in judge_labels(alike).reasons
