"""From which probability on a label is said."""

from collections.abc import Sequence

import numpy as np

from src.dtypes import Array

EVEN = 0.5  # the threshold of a label for which there is none


def decide(probabilities: Array, thresholds: Sequence[float] = ()) -> Array:
    """Say which labels rows have.

    Args:
        probabilities: Shape (rows, labels).
        thresholds: One a label; none for EVEN.

    Returns:
        bool, of the same shape.
    """
    said: Array = probabilities >= np.array(thresholds or EVEN)
    return said


def tune(probabilities: Array, targets: Array) -> tuple[float, ...]:
    """Find the threshold of each label at which its F1 score is highest.

    Args:
        probabilities: Shape (rows, labels), of rows that were neither trained on nor are held out.
        targets: 0 or 1, of the same shape.

    Returns:
        One a label, half-way between two probabilities that occur; EVEN for a label that no row has.
    """
    return tuple(_best(probabilities[:, label], targets[:, label] > 0) for label in range(targets.shape[1]))


def _best(probabilities: Array, true: Array) -> float:
    order = np.argsort(-probabilities, kind="stable")
    given, hits = probabilities[order].astype("float64"), np.cumsum(true[order])
    if not hits[-1]:
        return EVEN
    below = np.append(given[1:], 0.0)
    scores = np.where(given > below, 2 * hits / (np.arange(1, len(given) + 1) + hits[-1]), -1.0)
    best = int(np.argmax(scores))
    return float((given[best] + below[best]) / 2) or EVEN  # where all are 0, nothing can be told
