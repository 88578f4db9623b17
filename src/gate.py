"""The gate: what a candidate must be before it may be published."""

import math

from src.errors import GateError
from src.evaluate import Evaluation, describe


def check(evaluation: Evaluation) -> None:
    """Let a candidate pass that is better than the baseline on the held-out rows.

    Raises:
        GateError: A metric is NaN or infinite, or the baseline's mean absolute error is as low as the model's.
    """
    model, baseline = evaluation.model.test, evaluation.baseline.test
    if not (math.isfinite(model.mae) and math.isfinite(model.rmse)):
        raise GateError(f"refused: the model's predictions are not finite numbers (test {describe(model)})")
    if model.mae >= baseline.mae:
        raise GateError(
            f"refused: test {describe(model)} is no better than the baseline ({evaluation.baseline_name}: "
            f"{describe(baseline)}); nothing was published"
        )
