"""What the report's page shows, put together for its template."""

import shlex
from dataclasses import dataclass
from datetime import UTC
from typing import Any

import msgspec
import numpy as np

from src import recipes
from src.report import charts, curves, label_charts, tables
from src.report.tables import FeatureView, Score, Tenth
from src.run import Run


@dataclass(frozen=True)
class View:
    """The page's content.

    Attributes:
        created: When the run began, for people.
        status: `promoted`, `held back` (published, and not promoted) or `not published`.
        predicts: What it answers.
        unit: The output's unit in brackets, behind a blank; or nothing.
        lower: By which share the model's loss is below the baseline's on the held-out rows, if that can be told.
        loss_name: What the loss is called.
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
    predicts: str
    unit: str
    lower: float | None
    loss_name: str
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
        predicts=_predicts(run),
        unit=f" ({unit})" if (unit := run.recipe.outputs[0].unit) else "",
        lower=_lower(run),
        loss_name=run.recipe.scoring.loss_name,
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
    loss = run.recipe.scoring.loss
    if run.evaluation is None or not loss(run.evaluation.baseline.test):
        return None
    share = 1 - loss(run.evaluation.model.test) / loss(run.evaluation.baseline.test)
    return share if np.isfinite(share) else None


def _charts(run: Run) -> dict[str, str]:
    output, answers, scoring = run.recipe.outputs[0], run.answers, run.recipe.scoring
    baseline = scoring.loss(run.evaluation.baseline.test) if run.evaluation else None
    name = f"held-out {scoring.loss_name}" + (f" ({output.unit})" if output.unit else "")
    drawn = {"loss": curves.loss(run.history), "held_out": curves.held_out(run.history, name, baseline)}
    by_number = {"predictions": charts.predictions, "residuals": charts.residuals, "tenths": charts.errors_by_tenth}
    by_label = {"labels": label_charts.f1_by_label, "calibration": label_charts.calibration}
    drawn |= {chart: drawer(answers) if answers and scoring.labels else "" for chart, drawer in by_label.items()}
    return drawn | {
        chart: drawer(answers, output) if answers and not scoring.labels else "" for chart, drawer in by_number.items()
    }


def _predicts(run: Run) -> str:
    names = ", ".join(output.name for output in run.recipe.outputs)
    return f"the probability of {names}" if run.recipe.labels else names


def _recipe_word(run: Run) -> str:
    """What a command finds the recipe by: its name, or the file of one that is somewhere else."""
    file = run.origin.recipe
    return file.file if file and run.recipe.name not in recipes.names() else run.recipe.name


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
