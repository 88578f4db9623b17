"""What a training run tells its user: what it made, how good it is and what to do next."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from src import cli, report
from src.metrics import describe
from src.recipe import Recipe, example_row
from src.run import Run


def summary(run: Run, store: Path, released: Sequence[str] = ()) -> str:
    """A few lines for the terminal.

    Args:
        run: A run, which published a version.
        store: Where.
        released: What the release has to tell.

    Returns:
        The lines.
    """
    if run.evaluation is None or run.verdict is None:
        return f"{run.recipe.name}: nothing was published"
    recipe, model, baseline = run.recipe, run.evaluation.model.test, run.evaluation.baseline.test
    unit = f" ({recipe.outputs[0].unit})" if recipe.outputs[0].unit else ""
    fate = "published and promoted" if run.is_promoted else "published, and not promoted"
    lines = [
        f"{recipe.name} version {run.version} is {fate}: {store / recipe.name / str(run.version)}",
        f"  held-out rows{unit}: {describe(model)}",
        f"  baseline, {run.evaluation.baseline_name}: {describe(baseline)}",
        *_stable(run),
        *(f"  {line}" for line in released),
        f"Report:       {report.path(run, store)}",
    ]
    if run.is_promoted:
        lines += _next_steps(recipe, store)
    elif run.verdict.passed:
        lines.append(f"Promote it:   python -m src.release promote {recipe.name} {run.version}{_here(store)}")
    return "\n".join(lines)


def _stable(run: Run) -> list[str]:
    """The version that was stable before, as far as it could be compared with."""
    if run.verdict is None or (stable := run.verdict.stable) is None:
        return []
    found = describe(stable.test) if stable.test else "not compared with"
    note = f"; {stable.note}" if stable.note else ""
    return [f"  stable before, version {stable.version}: {found}{note}"]


def refusal(run: Run, store: Path) -> str:
    """Why the gate did not let a published version through, and where it is kept, in one line."""
    reasons = run.verdict.reasons if run.verdict else []
    kept = store / run.recipe.name / str(run.version)
    return f"refused: {'; '.join(reasons)}; version {run.version} is kept, not promoted: {kept}"


def _next_steps(recipe: Recipe[Any], store: Path) -> list[str]:
    """Commands that work as they stand: for this model, in this store."""
    here = _here(store)
    value = _single_value(recipe)
    question = "FILE.csv" if value is None else shlex.quote(value if isinstance(value, str) else _json(value))
    lines = [f"Try it here:  python -m src.predict {recipe.name} {question}{here}"]
    if here:
        return [*lines, f"Serve it:     python -m serving.embedded{here}"]
    name = "" if recipe.name == cli.DEFAULT_RECIPE else f" MODEL_NAME={recipe.name}"
    body = shlex.quote(f'{{"data": [{_json(value)}]}}')
    curl = "" if value is None else f", then: curl -d {body} localhost:8080/predict"
    return [*lines, f"Serve it:     make run{name}{curl}"]


def _here(store: Path) -> str:
    """The option that names the store, where it is not the default one."""
    return "" if store == cli.DEFAULT_STORE else f" --store {shlex.quote(str(store))}"


def _single_value(recipe: Recipe[Any]) -> str | bool | float | None:
    """The recipe's example, if it is one value; whole numbers as integers, which read better."""
    values = [array.item() for array in example_row(recipe).values() if array.size == 1]
    if len(values) != 1 or len(recipe.features) != 1:
        return None
    value: str | bool | float = values[0]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
