"""The report's learning curves."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from src.amounts import amount
from src.fitting import History
from src.recipe import Array
from src.report.axes import legend, scale_linear, scale_y
from src.report.svg import PALETTE, clean, draw

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIZE = (400, 250)
POINTS = 400  # of more, neighbours are put together
MARKED = 50  # fewer points than these are marked

Points = Sequence[tuple[int, float]]


def loss(history: History) -> str:
    """The training loss by step; where it became NaN or infinite, that is told.

    Args:
        history: The run's.

    Returns:
        The chart; an empty text where no step was taken.
    """
    return _curve("loss", "training loss", history.losses, None) if history.losses else ""


def held_out(history: History, name: str, baseline: float | None) -> str:
    """The loss on held-out rows by step.

    Args:
        history: The run's.
        name: What it is called, with its unit.
        baseline: The baseline's error, to be drawn beside it, if there is one.

    Returns:
        The chart; an empty text where the held-out rows were never asked.
    """
    return _curve("held-out", clean(name), history.held_out, baseline) if history.held_out else ""


def _curve(key: str, label: str, points: Points, reference: float | None) -> str:
    told = [(step, value) for step, value in points if math.isfinite(value)]
    broken = next(((step, value) for step, value in points if not math.isfinite(value)), None)
    if reference is not None and not math.isfinite(reference):
        reference = None
    steps, values = np.array([step for step, _ in told], "float64"), np.array([value for _, value in told], "float64")

    def paint(axes: "Axes") -> None:
        marker = "o" if len(told) < MARKED else ""
        axes.plot(*_thinned(steps, values), color=PALETTE["model"], marker=marker, markersize=3, label="model")
        if reference is not None:
            axes.axhline(reference, color=PALETTE["baseline"], linestyle="--", label="baseline")
        if broken:
            axes.axvline(broken[0], color=PALETTE["alarm"], linestyle="--", label=f"{amount(broken[1])} here")
        if broken or reference is not None:
            legend(axes)
        axes.set(xlim=(0, max(points[-1][0], 1) * 1.01), xlabel="step", ylabel=label)
        scale_linear(axes.xaxis)
        scale_y(axes, values if reference is None else np.append(values, reference))

    return draw(key, f"{label} by step", SIZE, paint)


def _thinned(steps: Array, values: Array) -> tuple[Array, Array]:
    """A curve of at most POINTS points: each the mean of neighbours, at the last one's step."""
    if len(steps) <= POINTS:
        return steps, values
    groups = np.array_split(np.arange(len(steps)), POINTS)
    return steps[[group[-1] for group in groups]], np.array([values[group].mean() for group in groups])
