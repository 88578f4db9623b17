"""Published versions and the recipe's baseline, measured on the same rows."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from src import own_code, store
from src.amounts import amount
from src.answers import ask, in_batches, tune
from src.card import read_card
from src.lineage import data_sha256
from src.metrics import Metrics, rows_of, tenths
from src.profiles import profiles
from src.quiet import import_tensorflow
from src.recipe import Params, Recipe
from src.saved_model import load_for


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """One version, or the baseline, on the rows compared.

    Attributes:
        name: `version 3`, or the baseline's name.
        version: Its number; None for the baseline.
        same_data: Whether it was trained on these very data; None where it has no card to tell.
        metrics: Over all rows.
        mae_by_decile: By tenths of the rows, in the order of their targets; empty of labels.
        f1_by_label: Each label's F1 score; empty where the output is a number.
    """

    name: str
    version: int | None
    same_data: bool | None
    metrics: Metrics
    mae_by_decile: list[float]
    f1_by_label: list[float]


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Versions side by side.

    Attributes:
        model: The model's name.
        unit: Of the errors.
        split: `train` or `test`.
        rows: How many rows there are.
        data_sha256: The data's checksum, as cards have it.
        labels: The labels' names; none where the output is a number.
        deciles: The least and the greatest target of each tenth; none of labels.
        measured: The versions, and the baseline last.
    """

    model: str
    unit: str | None
    split: str
    rows: int
    data_sha256: str
    labels: list[str]
    deciles: list[tuple[float, float]]
    measured: list[Measured]


def compare(
    recipe: Recipe[Any], params: Params, model_store: Path, versions: Sequence[int | None], split: str
) -> Comparison:
    """Have versions and the baseline answer the same rows.

    Args:
        recipe: Whose data and versions.
        params: For the recipe's data.
        model_store: Where the versions are.
        versions: Which; None is the stable one.
        split: `train` or `test`.

    Returns:
        What came of it.

    Raises:
        RecipeError: The data do not fit the recipe.
        StoreError: A version is not there, or cannot be loaded.
        InputError: A version does not take these data.
    """
    import_tensorflow()
    found = [store.find(model_store, recipe.name, version) for version in versions]
    dataset = own_code.load(recipe, params)
    known = profiles(recipe, dataset)
    loaded = [load_for(recipe, path) for _, path in found]
    baseline = own_code.fit_baseline(recipe, known["train"].sample)
    predictors = {str(place): in_batches(version.answer) for place, version in enumerate(loaded)}
    thresholds = {str(place): version.thresholds for place, version in enumerate(loaded)}
    thresholds |= tune({str(len(loaded)): baseline}, dataset, recipe)
    answers = ask(predictors | {str(len(loaded)): baseline}, dataset.splits[split], recipe.scoring, thresholds)
    sha256 = data_sha256(*known.values())
    groups = [] if recipe.labels else tenths(answers.targets)
    who: list[tuple[str, int | None, bool | None]] = []
    for version, path in found:
        card = read_card(path)
        who.append((f"version {version}", version, card.data.sha256 == sha256 if card else None))
    who.append((recipe.baseline.name, None, None))
    return Comparison(
        model=recipe.name,
        unit=None if recipe.labels else recipe.outputs[0].unit,
        split=split,
        rows=len(answers.targets),
        data_sha256=sha256,
        labels=list(answers.scoring.labels),
        deciles=[(float(answers.targets[rows].min()), float(answers.targets[rows].max())) for rows in groups],
        measured=[
            Measured(
                name=name,
                version=version,
                same_data=same_data,
                metrics=answers.metrics(str(place)),
                mae_by_decile=[answers.metrics(str(place), rows).mae for rows in groups],
                f1_by_label=answers.f1_by_label(str(place)),
            )
            for place, (name, version, same_data) in enumerate(who)
        ],
    )


def as_json(compared: Comparison) -> str:
    """All of it, for programs."""
    return msgspec.json.format(msgspec.json.encode(compared), indent=2).decode()


def as_table(compared: Comparison) -> str:
    """All of it, for people: a column a version, and the baseline's last."""
    measured, unit = compared.measured, f" in {compared.unit}" if compared.unit else ""
    lines = [["", *(each.name for each in measured)]]
    told = [rows_of(each.metrics, unit) for each in measured]
    lines += [[name, *(cells[name] for cells in told)] for name in told[0]]
    for place, label in enumerate(compared.labels):
        lines.append([f"F1 of {label}", *(f"{each.f1_by_label[place]:.4f}" for each in measured)])
    for tenth, (least, greatest) in enumerate(compared.deciles):
        errors = (amount(each.mae_by_decile[tenth]) for each in measured)
        lines.append([f"MAE from {amount(least)} to {amount(greatest)}", *errors])
    first, *others = (max(map(len, column)) for column in zip(*lines, strict=True))
    heading = f"{compared.model}, {compared.split} split, {compared.rows:,} rows"
    cells = [
        "  ".join([line[0].ljust(first), *(cell.rjust(width) for cell, width in zip(line[1:], others, strict=True))])
        for line in lines
    ]
    return "\n".join([heading, *cells])


def data_note(compared: Comparison) -> str | None:
    """What to know of versions that were trained on other data."""
    others = [m.name for m in compared.measured if m.same_data is False]
    verb = "were" if len(others) > 1 else "was"
    return f"{' and '.join(others)} {verb} trained on other data than the recipe gives now" if others else None
