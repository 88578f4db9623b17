"""The tables of the report's page, row by row."""

from dataclasses import dataclass

import numpy as np

from src import describe
from src.amounts import TIMES, percent
from src.card import FeatureCard
from src.metrics import Decile, Metrics, tenths
from src.recipe import Array, Feature
from src.report.features import counts, feature_chart
from src.run import Run

CATEGORIES = 30  # of more, the rest are not named


@dataclass(frozen=True)
class Score:
    """One row of the table of metrics; `note` says why there are none."""

    who: str
    kind: str
    test: Metrics | None
    train: Metrics | None
    note: str | None = None


@dataclass(frozen=True)
class Tenth:
    """One row of the table of errors by tenths."""

    errors: Decile
    stable: float | None


@dataclass(frozen=True)
class FeatureView:
    """One row of the table of features; `words` say what values it has where numbers do not."""

    card: FeatureCard
    kind: str
    words: str
    chart: str


def scores(run: Run) -> list[Score]:
    """The table of metrics: the model, what was stable before, the baseline; nothing where the run broke off before."""
    if run.evaluation is None:
        return []
    model, baseline = run.evaluation.model, run.evaluation.baseline
    rows = [Score("this model", "model", model.test, model.train)]
    if run.verdict and (stable := run.verdict.stable):
        rows.append(Score(f"version {stable.version}, stable before", "stable", stable.test, None, stable.note))
    return [*rows, Score(f"baseline: {run.evaluation.baseline_name}", "baseline", baseline.test, baseline.train)]


def errors_by_tenth(run: Run) -> list[Tenth]:
    """The table of errors by tenths of the held-out rows; nothing of labels, and where the run broke off before."""
    if run.evaluation is None or not run.evaluation.deciles:
        return []
    deciles, answers = run.evaluation.deciles, run.answers
    if answers is None or "stable" not in answers.given:
        return [Tenth(errors, None) for errors in deciles]
    stable = (answers.metrics("stable", rows).mae for rows in tenths(answers.targets))
    return [Tenth(errors, other) for errors, other in zip(deciles, stable, strict=True)]


def features(run: Run) -> list[FeatureView]:
    """The table of features, with their values in training."""
    cards = describe.feature_cards(run.recipe, run.train)
    return [
        _feature(feature, card, run.train.sample.inputs[feature.name])
        for feature, card in zip(run.recipe.features, cards, strict=True)
    ]


def lineage(run: Run) -> list[tuple[str, str, str]]:
    """Where the model comes from: a name each, a value to copy, and words behind it."""
    origin, git, recipe = run.origin, run.origin.git, run.origin.recipe
    return [
        ("Commit", git.commit, "with changes that are not committed" if git.dirty else "")
        if git
        else ("Commit", "", "unknown: there was no repository"),
        ("Recipe", recipe.file, "") if recipe else ("Recipe", "", "not from a file"),
        *([("Recipe, sha256", recipe.sha256, "")] if recipe else []),
        ("Data", "", origin.data.source),
        ("Data, sha256", origin.data.sha256, ""),
        *((f"Rows, {split}", "", f"{rows:,}") for split, rows in origin.data.rows.items()),
        ("Seed", str(origin.seed), ""),
        ("Libraries", "", ", ".join(f"{name} {version}" for name, version in origin.libraries.items())),
        ("Machine", "", ", ".join(f"{name} {value}" for name, value in origin.machine.items())),
        ("Replicas", "", f"{origin.replicas:,}"),
    ]


def _feature(feature: Feature, card: FeatureCard, values: Array) -> FeatureView:
    each = "" if np.prod(feature.shape) == 1 else f", {TIMES.join(map(str, feature.shape))} each"
    return FeatureView(card, f"{feature.dtype}{each}", _words(feature, values), feature_chart(feature, values))


def _words(feature: Feature, values: Array) -> str:
    """What values a feature has that is no number; nothing for a number."""
    if feature.vocabulary is not None:
        some = ", ".join(feature.vocabulary[:CATEGORIES])
        count = len(feature.vocabulary)
        return some if count <= CATEGORIES else f"{count:,} categories: {some}, …"
    if feature.dtype == "bool":
        return f"true in {percent(float(np.mean(values)))}"
    if feature.dtype == "string":
        seen = counts(values)
        longest = max(len(str(text)) for text in seen)
        return f"free text: {len(seen):,} different, at most {longest:,} characters"
    return ""
