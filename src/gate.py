"""The gate: what a candidate must be before it is promoted."""

import math

import msgspec
import numpy as np

from src.answers import Answers
from src.errors import GateError, RecipeError
from src.metrics import Evaluation, Metrics, describe

CHANCE = 2.0  # standard errors


class Stable(msgspec.Struct, frozen=True, kw_only=True):
    """The version that was stable when a candidate was judged.

    Attributes:
        version: Its number.
        test: Its metrics on the candidate's held-out rows; None where it could not be asked.
        note: Why not; or what else is to be known of the comparison.
    """

    version: int
    test: Metrics | None
    note: str | None = None


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What the gate says of a candidate.

    Attributes:
        passed: Whether it may be promoted.
        reasons: Why not, a sentence each.
        stable: What it was compared with; None where no version was stable.
    """

    passed: bool
    reasons: list[str]
    stable: Stable | None


def check_finite(evaluation: Evaluation) -> None:
    """Refuse a model that could not even be described: JSON has no NaN.

    Raises:
        GateError: A metric of the model's is NaN or infinite.
        RecipeError: One of the baseline's is.
    """
    for who, found in (("model", evaluation.model), ("baseline", evaluation.baseline)):
        for split, metrics in (("test", found.test), ("train", found.train)):
            if not (math.isfinite(metrics.mae) and math.isfinite(metrics.rmse)):
                told = f"the {who}'s predictions are not finite numbers ({split} {describe(metrics)})"
                raise GateError(f"refused: {told}") if who == "model" else RecipeError(told)


def judge(
    evaluation: Evaluation,
    answers: Answers,
    stable: Stable | None,
    *,
    min_r2: float,
    max_regression: float,
    min_f1: float = 0.0,
) -> Verdict:
    """Judge a candidate by the held-out rows.

    Args:
        evaluation: The candidate's metrics and the baseline's, finite.
        answers: To the held-out rows: the candidate's, named "model", and the baseline's, named so.
        stable: The version it would replace.
        min_r2: The recipe's threshold: the least coefficient of determination.
        max_regression: By which share the loss may be above the stable version's.
        min_f1: The recipe's threshold for labels: the least mean of their F1 scores.

    Returns:
        The verdict, with every reason against the candidate.
    """
    model, baseline, loss = evaluation.model.test, evaluation.baseline.test, answers.scoring.loss
    reasons = []
    if np.ptp(answers.given["model"], axis=0).max() == 0 and np.ptp(answers.targets, axis=0).max() > 0:
        reasons.append(f"it answers {', '.join(f'{value:.6g}' for value in answers.given['model'][0])} to every row")
    if better := _baseline_fault(answers):
        reasons.append(f"test {describe(model)} is {better} ({evaluation.baseline_name}: {describe(baseline)})")
    if not model.labels and model.r2 is not None and model.r2 < min_r2:
        reasons.append(f"test {describe(model)}; the recipe asks for an R² of {min_r2}")
    if model.labels and model.labels.f1 < min_f1:
        reasons.append(f"test {describe(model)}; the recipe asks for an F1 of {min_f1}")
    if stable and stable.test and loss(model) > loss(stable.test) * (1 + max_regression):
        reasons.append(
            f"test {describe(model)} is worse than the stable version {stable.version} on the same rows"
            f" ({describe(stable.test)}) by more than {max_regression:.3g} of its {answers.scoring.loss_name}"
            + (f"; {stable.note}" if stable.note else "")
        )
    return Verdict(passed=not reasons, reasons=reasons, stable=stable)


def _baseline_fault(answers: Answers) -> str | None:
    """How a model fails to be better than the baseline, row by row.

    Few held-out rows flatter a model that has learnt nothing now and then. So the mean advantage has to be more than
    twice its standard error, as in a paired t-test: of many rows, chance brings that about once in forty times.
    """
    advantage = answers.losses("baseline") - answers.losses("model")
    if not advantage.mean() > 0:
        return "no better than the baseline"
    if advantage.size < 2 or not advantage.mean() > CHANCE * advantage.std(ddof=1) / math.sqrt(advantage.size):
        return f"better by no more than chance can be on {advantage.size:,} rows than the baseline"
    return None
