"""By what answers are judged: a number by how far off it is, labels by the probability that the truth was given."""

from collections.abc import Mapping, Sequence

import numpy as np
from msgspec import UNSET, UnsetType, structs

from src import labels
from src.dtypes import Array
from src.errors import RecipeError
from src.labels import LabelScore
from src.metrics import Decile, Metrics, check_shape, regression_metrics, tenths
from src.thresholds import decide


class Scoring:
    """Judges answers that are numbers.

    Attributes:
        loss_name: What the loss is called, which is the lower the better.
        labels: The labels' names; none where the output is a number.
    """

    loss_name = "MAE"
    labels: tuple[str, ...] = ()

    def losses(self, predictions: Array, targets: Array) -> Array:
        """By how much each row's answer is wrong.

        Args:
            predictions: Shape (rows, outputs).
            targets: The same shape.

        Returns:
            Shape (rows,), float64.

        Raises:
            RecipeError: The shapes differ.
        """
        check_shape(predictions, targets)
        errors: Array = np.abs(predictions.astype("float64") - targets).mean(axis=1)
        return errors

    def loss(self, metrics: Metrics) -> float:
        """The mean of these losses, as metrics have it."""
        return metrics.mae

    def metrics(self, predictions: Array, targets: Array, _thresholds: Sequence[float] = ()) -> Metrics:
        """All metrics over some rows.

        Args:
            predictions: Shape (rows, outputs).
            targets: The same shape.

        Returns:
            The metrics.

        Raises:
            RecipeError: The shapes differ.
        """
        return regression_metrics(predictions, targets)

    def by_decile(self, targets: Array, given: Mapping[str, Array]) -> list[Decile]:
        """The mean errors of "model" and "baseline" by tenths of the targets."""
        errors = {name: self.losses(given[name], targets) for name in ("model", "baseline")}
        return [
            Decile(
                least=float(targets[tenth].min()),
                greatest=float(targets[tenth].max()),
                rows=len(tenth),
                model=float(errors["model"][tenth].mean()),
                baseline=float(errors["baseline"][tenth].mean()),
            )
            for tenth in tenths(targets)
        ]

    def by_label(
        self, _targets: Array, _given: Mapping[str, Array], _thresholds: Mapping[str, Sequence[float]]
    ) -> list[LabelScore] | UnsetType:
        """Each label by itself, as "model" and "baseline" have it."""
        return UNSET


class LabelScoring(Scoring):
    """Judges answers that are the probabilities of labels."""

    loss_name = "log loss"

    def __init__(self, names: Sequence[str]) -> None:
        """Take the labels' names."""
        self.labels = tuple(names)

    def losses(self, predictions: Array, targets: Array) -> Array:
        """The logarithmic loss of each row.

        Raises:
            RecipeError: The shapes differ, or what should be a probability is none.
        """
        check_shape(predictions, targets)
        return labels.log_losses(predictions, targets)

    def loss(self, metrics: Metrics) -> float:
        """The mean logarithmic loss, of metrics of labels.

        Raises:
            RecipeError: They are metrics of a number.
        """
        if not metrics.labels:
            raise RecipeError("metrics of a number cannot be compared with those of labels")
        return metrics.labels.log_loss

    def metrics(self, predictions: Array, targets: Array, thresholds: Sequence[float] = ()) -> Metrics:
        """All metrics over some rows; of the labels too.

        Raises:
            RecipeError: As for `losses`.
        """
        errors = regression_metrics(predictions, targets)
        return structs.replace(errors, labels=labels.label_metrics(predictions, targets, thresholds))

    def by_decile(self, _targets: Array, _given: Mapping[str, Array]) -> list[Decile]:
        """None: targets that are 0 or 1 have no tenths."""
        return []

    def by_label(
        self, targets: Array, given: Mapping[str, Array], thresholds: Mapping[str, Sequence[float]]
    ) -> list[LabelScore]:
        """Each label by itself, as "model" and "baseline" have it."""
        said = decide(given["baseline"], thresholds.get("baseline", ()))
        baseline = labels.f1_scores(said, targets > 0)
        return labels.by_label(self.labels, thresholds.get("model", ()), given["model"], baseline, targets)


NUMBER = Scoring()
