"""What a training run tells its user: what it made, how good it is and what to do next."""

import shlex
from pathlib import Path
from typing import Any

import msgspec

from src import cli, evaluate
from src.recipe import Recipe, example_row
from src.training import Published


def summary(recipe: Recipe[Any], published: Published, store: Path) -> str:
    """A few lines for the terminal.

    Args:
        recipe: What was trained.
        published: What came of it.
        store: Where it was published.

    Returns:
        The lines.
    """
    model, baseline = published.evaluation.model.test, published.evaluation.baseline.test
    unit = f" ({recipe.output.unit})" if recipe.output.unit else ""
    return "\n".join(
        [
            f"{recipe.name} version {published.version} is published: {published.path}",
            f"  held-out rows{unit}: {evaluate.describe(model)}",
            f"  baseline, {published.evaluation.baseline_name}: {evaluate.describe(baseline)}",
            *_next_steps(recipe, store),
        ]
    )


def _next_steps(recipe: Recipe[Any], store: Path) -> list[str]:
    """Commands that work as they stand: for this model, in this store."""
    here = "" if store == cli.DEFAULT_STORE else f" --store {shlex.quote(str(store))}"
    value = _single_value(recipe)
    question = "FILE.csv" if value is None else shlex.quote(value if isinstance(value, str) else _json(value))
    lines = [f"Try it here:  python -m src.predict {recipe.name} {question}{here}"]
    if here:
        return [*lines, f"Serve it:     python -m serving.embedded{here}"]
    name = "" if recipe.name == cli.DEFAULT_RECIPE else f" MODEL_NAME={recipe.name}"
    body = shlex.quote(f'{{"data": [{_json(value)}]}}')
    curl = "" if value is None else f", then: curl -d {body} localhost:8080/predict"
    return [*lines, f"Serve it:     make run{name}{curl}"]


def _single_value(recipe: Recipe[Any]) -> str | bool | float | None:
    """The recipe's example, if it is one value; whole numbers as integers, which read better."""
    values = [array.item() for array in example_row(recipe).values() if array.size == 1]
    if len(values) != 1 or len(recipe.features) != 1:
        return None
    value: str | bool | float = values[0]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
