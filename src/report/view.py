"""What the report's page shows, put together for its template."""

import shlex
from dataclasses import dataclass
from datetime import UTC
from typing import Any

import msgspec
import numpy as np

from src import recipes
from src.report import charts, curves, tables
from src.report.tables import FeatureView, Score, Tenth
from src.run import Run


@dataclass(frozen=True)
class View:
    """The page's content.

    Attributes:
        created: When the run began, for people.
        status: `promoted`, `held back` (published, and not promoted) or `not published`.
        unit: The output's unit in brackets, behind a blank; or nothing.
        lower: By which share the model's error is below the baseline's on the held-out rows, if that can be told.
        scores: The table of metrics.
        tenths: The table of errors by tenths of the held-out rows.
        charts: SVG by name; an empty text where there is nothing to draw.
        shaded: Whether the rows are so many that the chart of predictions shows their density.
        features: The table of features.
        params: The hyperparameters, as one would write them.
        lineage: Where the model comes from: names, and values with a note each.
        arguments: What names the version on a command line.
    """

    created: str
    status: str
    unit: str
    lower: float | None
    scores: list[Score]
    tenths: list[Tenth]
    charts: dict[str, str]
    shaded: bool
    features: list[FeatureView]
    params: dict[str, str]
    lineage: list[tuple[str, str, str]]
    arguments: str


def view(run: Run) -> View:
    """Put the page's content together.

    Args:
        run: The run, as far as it came.

    Returns:
        What the template takes.
    """
    return View(
        created=f"{run.origin.created.astimezone(UTC):%Y-%m-%d %H:%M} UTC",
        status="not published" if run.version is None else "promoted" if run.is_promoted else "held back",
        unit=f" ({run.recipe.output.unit})" if run.recipe.output.unit else "",
        lower=_lower(run),
        scores=tables.scores(run),
        tenths=tables.errors_by_tenth(run),
        charts=_charts(run),
        shaded=run.test.rows > charts.DOTS,
        features=tables.features(run),
        params={name: _plain(value) for name, value in run.origin.params.items()},
        lineage=tables.lineage(run),
        arguments=f"{shlex.quote(_recipe_word(run))} {run.version}",
    )


def _lower(run: Run) -> float | None:
    """How much better than the baseline."""
    if run.evaluation is None or not run.evaluation.baseline.test.mae:
        return None
    share = 1 - run.evaluation.model.test.mae / run.evaluation.baseline.test.mae
    return share if np.isfinite(share) else None


def _charts(run: Run) -> dict[str, str]:
    output, answers = run.recipe.output, run.answers
    baseline = run.evaluation.baseline.test.mae if run.evaluation else None
    drawn = {"loss": curves.loss(run.history), "held_out": curves.held_out(run.history, output, baseline)}
    drawers = {"predictions": charts.predictions, "residuals": charts.residuals, "tenths": charts.errors_by_tenth}
    return drawn | {name: drawer(answers, output) if answers else "" for name, drawer in drawers.items()}


def _recipe_word(run: Run) -> str:
    """What a command finds the recipe by: its name, or the file of one that is somewhere else."""
    file = run.origin.recipe
    return file.file if file and run.recipe.name not in recipes.names() else run.recipe.name


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
