"""The report's learning curves."""

import math
from collections.abc import Sequence

import pytest

from src.fitting import History
from src.report import curves
from tests.unit.src.page import paths, texts

NAME = "held-out MAE (US dollars)"
HISTORY = History(losses=[(50, 8.0), (100, 2.0), (150, 0.5)], held_out=[(50, 4.0), (150, 1.0)])


def test_a_curve_goes_through_its_points() -> None:
    """Where the loss fell by more than a factor of ten, equal factors are equal steps down."""
    (points,) = [points for points in paths(curves.loss(HISTORY), "model") if len(points) == 3]
    (left, top), (middle, half), (right, bottom) = points
    assert right - middle == pytest.approx(middle - left, abs=0.02)
    assert bottom - half == pytest.approx(half - top, abs=0.02)
    assert half > top


def test_a_narrow_curve_is_linear() -> None:
    """Where the loss fell by less than a factor of ten, equal differences are equal steps down."""
    history = History(losses=[(1, 3.0), (2, 2.0), (3, 1.0)])
    (points,) = [points for points in paths(curves.loss(history), "model") if len(points) == 3]
    assert points[2][1] - points[1][1] == pytest.approx(points[1][1] - points[0][1], abs=0.02)


def test_a_curve_is_labelled_with_step_and_unit() -> None:
    """The loss on held-out rows has its name, with the unit, and the baseline's stands beside it by name."""
    found = texts(curves.held_out(HISTORY, NAME, 3.0))
    assert {"step", NAME, "model", "baseline"} <= set(found)
    assert "baseline" not in texts(curves.held_out(HISTORY, NAME, None))


def test_where_the_loss_broke_off_is_marked() -> None:
    """A NaN or infinite loss is a line of its own, and what came before is drawn."""
    svg = curves.loss(History(losses=[(50, 8.0), (100, 2.0), (150, math.nan)]))
    assert "NaN here" in texts(svg)
    assert len(paths(svg, "alarm")) == 2  # the mark and its legend
    assert "∞ here" in texts(curves.loss(History(losses=[(50, math.inf)])))
    assert not paths(curves.loss(HISTORY), "alarm")


@pytest.mark.parametrize(
    "values",
    [
        [math.nan],
        [math.nan, 1.0, -math.inf],
        [1.0],
        [0.0, 0.0, 0.0],
        [5.0, 5.0],
        [-1.0, 100.0],
        [100.0, 1.0, 0.0],
        [1e-45, 3e38],
        [1e9, 1e9 + 1e-6],
        [-1e300, 1e300],
    ],
)
def test_any_losses_can_be_drawn(values: Sequence[float]) -> None:
    """One point, none that is finite, zeros, negative, equal and extreme numbers are drawn without a warning."""
    points = list(enumerate(values, start=1))
    for svg in (curves.loss(History(losses=points)), curves.held_out(History(held_out=points), NAME, values[0])):
        assert "nan" not in svg
        assert "step" in texts(svg)


def test_a_run_without_a_step_has_no_curve() -> None:
    """There is nothing to draw."""
    assert curves.loss(History()) == curves.held_out(History(), NAME, 1.0) == ""


def test_a_long_curve_is_drawn_by_means() -> None:
    """A hundred thousand points take no more room than a few hundred."""
    losses = [(step, 2 + math.sin(step)) for step in range(1, 100_001)]
    assert len(curves.loss(History(losses=losses))) < 20_000
