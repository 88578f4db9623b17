"""Axes that any numbers can be drawn on: limits, scales, tick labels and legends."""

import math
from typing import TYPE_CHECKING

import numpy as np

from src.amounts import amount
from src.recipe import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

LOG_FROM = 10.0  # how many times the least value the greatest must be to be drawn on a logarithmic scale
EQUAL = 1e-9  # a range as a share of its numbers: float64 has no round numbers left to label a smaller one with
TINY = 1e-300  # as good as zero
LOG_DETAIL = 2.5  # over fewer decades, 2 and 5 are labelled beside 1 and 10


def finite(values: Array) -> Array:
    """Those that are numbers, as float64 in one dimension."""
    flat: Array = values.astype("float64").reshape(-1)
    told: Array = flat[np.isfinite(flat)]
    return told


def limits(values: Array, margin: float = 0.04) -> tuple[float, float]:
    """The least and the greatest value with some room around them; also where they are equal, or there are none.

    Args:
        values: Finite numbers.
        margin: How much room, as a share of the range.

    Returns:
        Two finite numbers, clearly apart.
    """
    if not values.size:
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    size = max(-low, high, TINY)
    room = (high / 2 - low / 2) * (2 * margin)  # the difference alone may be beyond float64
    if high / 2 - low / 2 < size * EQUAL:
        room = size / 20 if size > TINY else 0.5
    return low - room, high + room


def scale_linear(*axes: "Axis") -> None:
    """Few ticks with labels that `amount` writes."""
    from matplotlib.ticker import MaxNLocator

    for axis in axes:
        axis.set_major_locator(MaxNLocator(nbins=5))
        _label(axis)


def scale_y(axes: "Axes", values: Array) -> None:
    """Scale the y axis for values of a curve: by logarithms where they span more than a decade and none is negative.

    Zeros on a logarithmic scale are where they belong: below the bottom.

    Args:
        axes: With the curve in it.
        values: Finite numbers.
    """
    from matplotlib.ticker import LogLocator, NullLocator

    positive = values[values > 0]
    if (values < 0).any() or not positive.size or positive.max() / LOG_FROM < positive.min():
        axes.set_ylim(limits(values))
        scale_linear(axes.yaxis)
        return
    low, high = (float(number) for number in limits(np.log10(positive)))
    axes.set_yscale("log")
    axes.set_ylim(10**low, 10**high)
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if high - low < LOG_DETAIL else (1.0,), numticks=8))
    axes.yaxis.set_minor_locator(NullLocator())
    _label(axes.yaxis)


def legend(axes: "Axes") -> None:
    """Name what is drawn, in one line above it, which may begin above the tick labels."""
    if figure := axes.get_figure(root=True):
        figure.legend(loc="outside upper left", ncols=4, borderpad=0.2, handlelength=1.5, columnspacing=1.5)


def _label(axis: "Axis") -> None:
    from matplotlib.ticker import FuncFormatter

    def label(value: float, _place: object) -> str:
        low, high = axis.get_view_interval()
        # A tick that should be at 0 may be off by a rounding error, which would be told in full.
        near_zero = low < 0 < high and math.fabs(value) < 1e-9 * (high - low)
        return amount(0.0 if near_zero else value, 12)

    axis.set_major_formatter(FuncFormatter(label))
