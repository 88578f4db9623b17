"""What models answer to a split's rows, and how good that is."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from src.dataset import Dataset, Rows
from src.dtypes import Array
from src.labels import f1_scores
from src.metrics import Evaluation, Metrics, SplitMetrics
from src.recipe import Recipe, keras_inputs
from src.scoring import NUMBER, Scoring
from src.thresholds import decide
from src.thresholds import tune as best_thresholds

BATCH_ROWS = 4096  # bounds memory on large splits

Predictor = Callable[[Mapping[str, Array]], Array]
"""Answers inputs, as a split has them, with predictions of shape (rows, outputs)."""


@dataclass(frozen=True)
class Answers:
    """What several predictors answered to the rows of one split.

    Attributes:
        targets: What is true, of shape (rows, outputs).
        given: Each predictor's predictions, of the same shape, by the predictor's name.
        scoring: By what they are judged.
        thresholds: From which probability on each predictor says a label; of one that is not named, an even 0.5.
    """

    targets: Array
    given: Mapping[str, Array]
    scoring: Scoring = NUMBER
    thresholds: Mapping[str, Sequence[float]] = field(default_factory=dict)

    def metrics(self, name: str, which: Array | slice = slice(None)) -> Metrics:
        """One predictor's metrics, over all rows or some."""
        return self.scoring.metrics(self.given[name][which], self.targets[which], self.thresholds.get(name, ()))

    def losses(self, name: str) -> Array:
        """By how much one predictor is wrong in each row: shape (rows,), float64."""
        return self.scoring.losses(self.given[name], self.targets)

    def f1_by_label(self, name: str) -> list[float]:
        """One predictor's F1 score of each label; none where the output is a number."""
        if not self.scoring.labels:
            return []
        said = decide(self.given[name], self.thresholds.get(name, ()))
        return [float(score) for score in f1_scores(said, self.targets > 0)]


def of_keras(model: Any) -> Predictor:
    """A Keras model as a predictor, without the overhead of `Model.predict`."""
    return in_batches(lambda inputs: np.asarray(model(keras_inputs(inputs), training=False)))


def in_batches(answer: Predictor) -> Predictor:
    """A predictor that is asked for a few thousand rows at a time, which bounds its memory."""

    def answer_all(inputs: Mapping[str, Array]) -> Array:
        rows = len(next(iter(inputs.values())))
        starts = range(0, rows, BATCH_ROWS)
        return np.concatenate(
            [answer({n: a[start : start + BATCH_ROWS] for n, a in inputs.items()}) for start in starts]
        )

    return answer_all


def ask(
    predictors: Mapping[str, Predictor],
    rows: Rows,
    scoring: Scoring = NUMBER,
    thresholds: Mapping[str, Sequence[float]] | None = None,
) -> Answers:
    """Have several predictors answer the same rows, in one pass.

    In memory are, beside one chunk, a target and a prediction of each, 4 bytes each a row and output.

    Args:
        predictors: By name.
        rows: What to ask.
        scoring: By what the answers are judged.
        thresholds: From which probability on each predictor says a label.

    Returns:
        Their answers.
    """
    targets: list[Array] = []
    given: dict[str, list[Array]] = {name: [] for name in predictors}
    for chunk in rows.chunks():
        targets.append(chunk.targets)
        for name, predictor in predictors.items():
            given[name].append(predictor(chunk.inputs))
    joined = {name: np.concatenate(parts) for name, parts in given.items()}
    return Answers(np.concatenate(targets), joined, scoring, thresholds or {})


def tune(predictors: Mapping[str, Predictor], dataset: Dataset, recipe: Recipe[Any]) -> dict[str, tuple[float, ...]]:
    """Find from which probability on each predictor should say a label, on the rows that are there for it.

    Args:
        predictors: By name.
        dataset: The data.
        recipe: Its thresholds are what there is without such rows.

    Returns:
        Each predictor's thresholds, one a label; nothing where the output is a number.
    """
    if not recipe.labels:
        return {}
    if dataset.dev is None:
        return dict.fromkeys(predictors, tuple(label.threshold for label in recipe.labels))
    answers = ask(predictors, dataset.dev, recipe.scoring)
    return {name: best_thresholds(given, answers.targets) for name, given in answers.given.items()}


def evaluate(
    model: Predictor,
    baseline: Predictor,
    baseline_name: str,
    dataset: Dataset,
    others: Mapping[str, Predictor],
    *,
    scoring: Scoring = NUMBER,
    thresholds: Mapping[str, Sequence[float]] | None = None,
) -> tuple[Evaluation, Answers]:
    """Measure a model and the baseline on both splits.

    Args:
        model: The model.
        baseline: The baseline, learnt from the training rows.
        baseline_name: What the baseline is.
        dataset: The data.
        others: Further predictors to ask about the held-out rows.
        scoring: By what the answers are judged.
        thresholds: From which probability on "model", "baseline" and the others say a label.

    Returns:
        Both sets of metrics; and the answers to the held-out rows: "model", "baseline" and the others.
    """
    both = {"model": model, "baseline": baseline}
    train = ask(both, dataset.train, scoring, thresholds)
    test = ask(both | dict(others), dataset.test, scoring, thresholds)
    evaluation = Evaluation(
        model=SplitMetrics(train=train.metrics("model"), test=test.metrics("model")),
        baseline=SplitMetrics(train=train.metrics("baseline"), test=test.metrics("baseline")),
        baseline_name=baseline_name,
        deciles=scoring.by_decile(test.targets, test.given),
        labels=scoring.by_label(test.targets, test.given, test.thresholds),
    )
    return evaluation, test
