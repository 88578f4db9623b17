"""How good probabilities of labels are: by themselves, and as decisions at a threshold for each label."""

from collections.abc import Sequence

import msgspec
import numpy as np

from src.dtypes import Array
from src.errors import RecipeError
from src.thresholds import EVEN, decide

LEAST = 1e-7  # what a probability counts at least, since the logarithm of 0 is infinite


class LabelMetrics(msgspec.Struct, frozen=True, kw_only=True):
    """Metrics of probabilities over one split; the decisions are those at the labels' thresholds.

    The F1 score is 2 * hits / (2 * hits + misses + false alarms), and 0 where a label neither is nor is said.

    Attributes:
        log_loss: The mean over rows and labels of the negative natural logarithm of what was given to the truth.
        f1: The mean of the labels' F1 scores ("macro").
        weighted_f1: The same, weighted by how many rows have the label; of a single label, which is a choice of two,
            over its two sides.
        accuracy: The share of the rows of which all labels are right.
    """

    log_loss: float
    f1: float
    weighted_f1: float
    accuracy: float


class LabelScore(msgspec.Struct, frozen=True, kw_only=True):
    """One label on the held-out rows.

    Attributes:
        label: Its name.
        rows: How many rows have it.
        threshold: From which probability on it is said.
        precision: Of the rows that it is said of, which share has it; None where it is said of none.
        recall: Of the rows that have it, of which share it is said; None where none has it.
        f1: The model's F1 score.
        baseline_f1: The baseline's.
    """

    label: str
    rows: int
    threshold: float
    precision: float | None
    recall: float | None
    f1: float
    baseline_f1: float


def log_losses(probabilities: Array, targets: Array) -> Array:
    """The logarithmic loss of each row, the mean over its labels.

    Args:
        probabilities: Shape (rows, labels).
        targets: 0 or 1, of the same shape.

    Returns:
        Shape (rows,), float64; NaN where a probability is NaN.

    Raises:
        RecipeError: A probability lies outside 0 to 1.
    """
    given = probabilities.astype("float64")
    if (given < 0).any() or (given > 1).any():
        odd = given[(given < 0) | (given > 1)][0]
        raise RecipeError(f"the model gives a label the probability {odd:.6g}: it should end with a sigmoid")
    to_truth = np.where(targets > 0, given, 1 - given)
    losses: Array = -np.log(np.maximum(to_truth, LEAST)).mean(axis=1)
    return losses


def label_metrics(probabilities: Array, targets: Array, thresholds: Sequence[float] = ()) -> LabelMetrics:
    """Compare probabilities with what is true.

    Args:
        probabilities: Shape (rows, labels).
        targets: 0 or 1, of the same shape.
        thresholds: One a label; none for EVEN.

    Returns:
        The metrics.

    Raises:
        RecipeError: A probability lies outside 0 to 1.
    """
    said, true = decide(probabilities, thresholds), targets > 0
    f1, rows = f1_scores(said, true), true.sum(axis=0)
    if true.shape[1] == 1:
        f1_by_side, rows_by_side = np.append(f1, f1_scores(~said, ~true)), np.append(rows, (~true).sum())
    else:
        f1_by_side, rows_by_side = f1, rows
    return LabelMetrics(
        log_loss=float(log_losses(probabilities, targets).mean()),
        f1=float(f1.mean()),
        weighted_f1=float(np.average(f1_by_side, weights=rows_by_side)) if rows_by_side.any() else 0.0,
        accuracy=float((said == true).all(axis=1).mean()),
    )


def f1_scores(said: Array, true: Array) -> Array:
    """The F1 score of each label.

    Args:
        said: Whether a label is said of a row: bool of shape (rows, labels).
        true: Whether the row has it.

    Returns:
        Shape (labels,); 0 where a label neither is nor is said.
    """
    both = said.sum(axis=0) + true.sum(axis=0)
    scores: Array = 2 * (said & true).sum(axis=0) / np.maximum(both, 1)
    return scores


def by_label(
    names: Sequence[str], thresholds: Sequence[float], model: Array, baseline_f1: Array, targets: Array
) -> list[LabelScore]:
    """Each label by itself.

    Args:
        names: The labels.
        thresholds: The model's, one a label; none for EVEN.
        model: The model's probabilities, of shape (rows, labels).
        baseline_f1: The baseline's F1 scores, of shape (labels,).
        targets: 0 or 1, of shape (rows, labels).

    Returns:
        One score a label, in the order of the names.
    """
    said, true = decide(model, thresholds), targets > 0
    hits, alarms, rows, f1 = (said & true).sum(axis=0), said.sum(axis=0), true.sum(axis=0), f1_scores(said, true)
    return [
        LabelScore(
            label=name,
            rows=int(rows[place]),
            threshold=thresholds[place] if thresholds else EVEN,
            precision=float(hits[place] / alarms[place]) if alarms[place] else None,
            recall=float(hits[place] / rows[place]) if rows[place] else None,
            f1=float(f1[place]),
            baseline_f1=float(baseline_f1[place]),
        )
        for place, name in enumerate(names)
    ]
