"""The report's charts of the held-out rows: what was predicted, and how far off it is where."""

from typing import TYPE_CHECKING, Any

import numpy as np

from src.amounts import amount
from src.answers import Answers
from src.metrics import tenths
from src.recipe import Array, Output
from src.report.axes import finite, legend, limits, scale_linear
from src.report.svg import PALETTE, clean, draw

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH = 400
DOTS = 1000  # of more rows than these, not each is a dot, but each place has a shade
FEW = 100  # fewer dots are larger
CELLS = 40  # how many places there are side by side
SHADES = 6
NAMES = {"model": "model", "stable": "stable before", "baseline": "baseline"}


def predictions(answers: Answers, output: Output) -> str:
    """The model's predictions against what is true.

    Args:
        answers: To the held-out rows.
        output: What is predicted.

    Returns:
        The chart: a dot a row or, of many rows, the darker a place the more of them there are.
    """
    both = np.concatenate([answers.targets, answers.given["model"]], axis=1).astype("float64")
    both = both[np.isfinite(both).all(axis=1)]
    name = clean(f"{output.name} ({output.unit})" if output.unit else output.name, 30)

    def paint(axes: "Axes") -> None:
        low, high = limits(both)
        axes.set(xlim=(low, high), ylim=(low, high), xlabel=f"actual {name}", ylabel=f"predicted {name}")
        (_dots if len(both) <= DOTS else _shades)(axes, both)
        axes.plot((low, high), (low, high), color=PALETTE["ink"], linewidth=1, linestyle="--", zorder=1.5)
        scale_linear(axes.xaxis, axes.yaxis)

    return draw("predictions", f"Predicted against actual {name} of {len(both):,} rows", (WIDTH, 345), paint)


def residuals(answers: Answers, output: Output) -> str:
    """Prediction minus actual value, by tenths of the actual values.

    Args:
        answers: To the held-out rows.
        output: What is predicted.

    Returns:
        The chart: of each tenth the median, the middle half and the middle nine tenths.
    """
    errors = answers.given["model"].astype("float64") - answers.targets
    groups = {place: finite(errors[rows]) for place, rows in enumerate(tenths(answers.targets))}
    bands = {place: np.quantile(of, (0.05, 0.25, 0.5, 0.75, 0.95)) for place, of in groups.items() if of.size}

    def paint(axes: "Axes") -> None:
        axes.axvline(0, color=PALETTE["ink"], linewidth=1, linestyle="--")
        for place, (least, low, median, high, greatest) in bands.items():
            axes.plot((least, greatest), (place, place), color=PALETTE["model"])
            axes.barh(place, high - low, 0.5, low, color=PALETTE["model"], alpha=0.5)
            axes.plot(median, place, color=PALETTE["model"], marker="o", markersize=5)
        axes.set(
            xlim=limits(np.concatenate([[0.0], *bands.values()])), xlabel=_label("prediction minus actual", output)
        )
        _name_tenths(axes, answers, output)

    return draw("residuals", f"Prediction minus actual {output.name} by tenths", (WIDTH, _height(answers)), paint)


def errors_by_tenth(answers: Answers, output: Output) -> str:
    """The mean absolute errors of the model and of what it is compared with, by tenths of the actual values.

    Args:
        answers: To the held-out rows.
        output: What is predicted.

    Returns:
        The chart: bars of the model, of the stable version if it was asked, and of the baseline.
    """
    names = [name for name in NAMES if name in answers.given]
    groups = tenths(answers.targets)
    errors = {name: np.array([answers.metrics(name, rows).mae for rows in groups]) for name in names}
    thickness = 0.8 / len(names)

    def paint(axes: "Axes") -> None:
        for index, name in enumerate(names):
            places = np.arange(len(groups)) + (index - (len(names) - 1) / 2) * thickness
            lengths = np.where(np.isfinite(errors[name]), errors[name], 0)
            axes.barh(places, lengths, thickness, color=PALETTE[name], label=NAMES[name])
        axes.set(xlim=(0, limits(finite(np.array([*errors.values(), np.zeros(len(groups))])))[1]))
        axes.set_xlabel(_label("MAE", output))
        _name_tenths(axes, answers, output)
        legend(axes)

    label = f"Mean absolute errors of {', '.join(NAMES[name] for name in names)} by tenths of actual {output.name}"
    return draw("tenths", label, (WIDTH, _height(answers) + 20), paint)


def _dots(axes: "Axes", both: Array) -> None:
    size, alpha = (7, 0.8) if len(both) < FEW else (4, 0.5)
    axes.plot(*both.T, color=PALETTE["model"], marker="o", ms=size, markeredgewidth=0, alpha=alpha, linestyle="")


def _shades(axes: "Axes", both: Array) -> None:
    """Hexagons, each the darker the more rows are in it; few shades, for each is one path."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    cells: Any = axes.hexbin(*both.T, gridsize=CELLS, extent=(*axes.get_xlim(), *axes.get_ylim()), mincnt=1)
    cells.remove()
    counts, hexagon = cells.get_array(), cells.get_paths()[0]
    levels = np.ceil(np.log1p(counts) / np.log1p(counts.max()) * SHADES)
    for level in np.unique(levels):
        paths = [Path(hexagon.vertices + place, hexagon.codes) for place in cells.get_offsets()[levels == level]]
        whole = Path.make_compound_path(*paths)
        axes.add_patch(PathPatch(whole, facecolor=PALETTE["model"], linewidth=0, alpha=float(level / SHADES)))


def _label(what: str, output: Output) -> str:
    return clean(f"{what} ({output.unit})" if output.unit else what)


def _height(answers: Answers) -> int:
    return 60 + 24 * len(tenths(answers.targets))


def _name_tenths(axes: "Axes", answers: Answers, output: Output) -> None:
    """Label the y axis with the range of each tenth, the least one on top."""
    ends = [(of.min(), of.max()) for of in (answers.targets[rows] for rows in tenths(answers.targets))]
    labels = [amount(low, 3) if low == high else f"{amount(low, 3)} to {amount(high, 3)}" for low, high in ends]
    axes.set_yticks(range(len(labels)), labels)
    axes.set(ylim=(len(labels) - 0.5, -0.5), ylabel=clean(f"actual {output.name}", 30))
    axes.grid(visible=False, axis="y")
    scale_linear(axes.xaxis)
