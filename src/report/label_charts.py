"""The report's charts of labels: how well each is told, and how far probabilities can be believed."""

from typing import TYPE_CHECKING

import numpy as np

from src.answers import Answers
from src.recipe import Array
from src.report.axes import legend
from src.report.charts import NAMES, WIDTH
from src.report.svg import PALETTE, clean, draw
from src.thresholds import EVEN

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BINS = 10
FEWEST = 5  # a share of fewer rows than these tells nothing
DENSE = 5  # of more labels than these, the bars stand closer


def f1_by_label(answers: Answers) -> str:
    """The F1 scores of the model and of what it is compared with, label by label.

    Args:
        answers: To the held-out rows.

    Returns:
        The chart: bars of the model, of the stable version if it was asked, and of the baseline.
    """
    labels = answers.scoring.labels
    scores = {name: answers.f1_by_label(name) for name in NAMES if name in answers.given}
    thickness = 0.8 / len(scores)

    def paint(axes: "Axes") -> None:
        for index, (name, found) in enumerate(scores.items()):
            places = np.arange(len(labels)) + (index - (len(scores) - 1) / 2) * thickness
            axes.barh(places, found, thickness, color=PALETTE[name], label=NAMES[name])
        axes.set_yticks(range(len(labels)), [clean(label, 20) for label in labels])
        axes.set(xlim=(0, 1), ylim=(len(labels) - 0.5, -0.5), xlabel="F1 score")
        axes.grid(visible=False, axis="y")
        legend(axes)

    told = f"F1 scores of {', '.join(NAMES[name] for name in scores)} by label"
    return draw("labels", told, (WIDTH, 90 + (18 if len(labels) > DENSE else 40) * len(labels)), paint)


def calibration(answers: Answers) -> str:
    """How often labels hold of which the model says that they do with some probability.

    Args:
        answers: To the held-out rows.

    Returns:
        The chart: a dot for each tenth of the probabilities that has a few rows, all labels together.
    """
    said, true = _tenths(answers.given["model"], answers.targets)

    def paint(axes: "Axes") -> None:
        axes.plot((0, 1), (0, 1), color=PALETTE["ink"], linewidth=1, linestyle="--")
        axes.plot(said, true, color=PALETTE["model"], marker="o", markersize=5)
        axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="probability", ylabel="share that has the label")

    return draw("calibration", "Probabilities against the share of rows that have the label", (WIDTH, 345), paint)


def _tenths(given: Array, targets: Array) -> tuple[list[float], list[float]]:
    """The mean probability, and the share of labels that hold, of each tenth from 0 to 1 that has a few."""
    probabilities = given.astype("float64").ravel()
    bins = np.minimum((np.nan_to_num(probabilities, nan=EVEN) * BINS).astype(int), BINS - 1)
    chosen = [bins == place for place in range(BINS) if (bins == place).sum() >= FEWEST]
    return [float(probabilities[of].mean()) for of in chosen], [float(targets.ravel()[of].mean()) for of in chosen]
