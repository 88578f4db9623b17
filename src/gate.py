"""The gate: what a candidate must be before it may be published."""

import math

from src.errors import GateError
from src.evaluate import Evaluation, describe


def check(evaluation: Evaluation, min_r2: float) -> None:
    """Let a candidate pass that is good enough on the held-out rows.

    Args:
        evaluation: The candidate's metrics.
        min_r2: The recipe's threshold: the least coefficient of determination.

    Raises:
        GateError: A metric is NaN or infinite, the baseline's mean absolute error is as low as the model's, or R² is
            below the threshold.
    """
    model, baseline = evaluation.model.test, evaluation.baseline.test
    if not (math.isfinite(model.mae) and math.isfinite(model.rmse)):
        raise GateError(f"refused: the model's predictions are not finite numbers (test {describe(model)})")
    if model.mae >= baseline.mae:
        raise GateError(
            f"refused: test {describe(model)} is no better than the baseline ({evaluation.baseline_name}: "
            f"{describe(baseline)}); nothing was published"
        )
    if model.r2 is not None and model.r2 < min_r2:
        raise GateError(
            f"refused: test {describe(model)}; the recipe asks for an R² of {min_r2}; nothing was published"
        )
