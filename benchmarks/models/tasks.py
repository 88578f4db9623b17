"""What is measured of each recipe, and of what one would do without it, on the same rows of the same run."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, precision_recall_curve
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline

from benchmarks.models.splits import stratified, texts, train
from src import recipes, training
from src.dataset import Split, join
from src.dtypes import Array
from src.labels import label_metrics
from src.params import load_params
from src.recipes import emotions, sentiment, spam
from src.release.operations import Operator
from src.thresholds import tune


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line of the table.

    Attributes:
        recipe: The recipe.
        data: Which rows, in words.
        rows: How many: trained on and held out.
        metric: What was measured.
        ours: The recipe's.
        reference: What stands beside it: its metric, measured on the same rows.
        reference_name: What it is.
        seconds: How long one training of the recipe took.
        goal: What the recipe should reach at least (of an error: at most).
    """

    recipe: str
    data: str
    rows: str
    metric: str
    ours: float
    reference: float
    reference_name: str
    seconds: float
    goal: float | None = None
    is_error: bool = False

    @property
    def is_met(self) -> bool:
        """Whether the goal is reached."""
        if self.goal is None:
            return True
        return self.ours <= self.goal if self.is_error else self.ours >= self.goal


def numbers(name: str) -> Iterator[Line]:
    """A recipe of a number, trained and measured as `src.train` does, beside its own baseline."""
    recipe = recipes.find(name)
    with TemporaryDirectory() as store:
        run = training.train(recipe, load_params(recipe), Operator(store=Path(store)))
    assert run.evaluation is not None
    unit = f" ({recipe.outputs[0].unit})" if recipe.outputs[0].unit else ""
    yield Line(
        recipe=name,
        data="its own split",
        rows=f"{run.train.rows:,} / {run.test.rows:,}",
        metric=f"mean absolute error{unit}",
        ours=run.evaluation.model.test.mae,
        reference=run.evaluation.baseline.test.mae,
        reference_name=recipe.baseline.name,
        seconds=run.seconds,
        goal=run.evaluation.baseline.test.mae,
        is_error=True,
    )


def spam_messages() -> Iterator[Line]:
    """The filter over three stratified splits, beside logistic regression on n-grams of letters."""
    rows = spam.messages()
    for share in (0.2, 0.4):
        ours, reference, seconds = [], [], []
        for train_rows, test in stratified(rows, share, range(3)):
            trained = train("spam", train_rows)
            letters = TfidfVectorizer(analyzer="char", ngram_range=(2, 4), sublinear_tf=True, min_df=2)
            model = make_pipeline(letters, LogisticRegression(C=100, max_iter=1000))
            model.fit(texts(train_rows), train_rows.targets[:, 0])
            seconds.append(trained.seconds)
            ours.append(_spam_metrics(trained.answer(test), test))
            reference.append(_spam_metrics(model.predict_proba(texts(test))[:, 1:], test))
        metrics = ("weighted F1", "spam recall at a precision of 0.99")
        for metric, mine, other in zip(metrics, np.mean(ours, axis=0), np.mean(reference, axis=0), strict=True):
            yield Line(
                recipe="spam",
                data=f"three stratified splits, {share:.0%} held out",
                rows=f"{train_rows.rows:,} / {test.rows:,}",
                metric=metric,
                ours=float(mine),
                reference=float(other),
                reference_name="logistic regression, tf-idf of 2 to 4 letters",
                seconds=float(np.mean(seconds)),
                goal=float(other),
            )


def _spam_metrics(given: Array, test: Split) -> tuple[float, float]:
    precision, recall, _ = precision_recall_curve(test.targets[:, 0], given[:, 0])
    return label_metrics(given, test.targets).weighted_f1, float(recall[precision >= 0.99].max())


def sentiment_sentences() -> Iterator[Line]:
    """The sentiment of each site's sentences, and of all, over five splits, beside logistic regression on words."""
    sites = {site: sentiment.sentences(site) for site in sentiment.SITES}
    goals = {"yelp": 0.80, "imdb": 0.77, "amazon_cells": 0.82, "all three": 0.85}
    for name, rows in (sites | {"all three": join(list(sites.values()))}).items():
        ours, reference, seconds = [], [], []
        for train_rows, test in stratified(rows, 0.2, range(5)):
            trained = train("sentiment", train_rows)
            model = make_pipeline(CountVectorizer(), LogisticRegression(max_iter=1000))
            model.fit(texts(train_rows), train_rows.targets[:, 0])
            seconds.append(trained.seconds)
            ours.append(label_metrics(trained.answer(test), test.targets).accuracy)
            reference.append(model.score(texts(test), test.targets[:, 0]))
        yield Line(
            recipe="sentiment",
            data=f"{name}, five stratified splits, 20% held out",
            rows=f"{train_rows.rows:,} / {test.rows:,}",
            metric="accuracy",
            ours=float(np.mean(ours)),
            reference=float(np.mean(reference)),
            reference_name="logistic regression, counts of words",
            seconds=float(np.mean(seconds)),
            goal=goals[name],
        )


def emotion_comments() -> Iterator[Line]:
    """The emotions on the official split, thresholds found on its dev rows, beside logistic regression on words."""
    rows, dev, test = (emotions.comments(split) for split in ("train", "dev", "test"))
    trained = train("emotions", rows)
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2)
    model = make_pipeline(words, OneVsRestClassifier(LogisticRegression(C=10, max_iter=1000, class_weight="balanced")))
    model.fit(texts(rows), rows.targets)

    def score(answer: Callable[[Split], Array]) -> float:
        said = answer(test) >= np.array(tune(answer(dev), dev.targets))
        return float(f1_score(test.targets, said, average="macro"))

    yield Line(
        recipe="emotions",
        data="the official split",
        rows=f"{rows.rows:,} / {test.rows:,}, {dev.rows:,} for thresholds",
        metric="macro F1 of 28 labels",
        ours=score(trained.answer),
        reference=score(lambda split: model.predict_proba(texts(split))),
        reference_name="logistic regression, tf-idf of 1 to 2 words",
        seconds=trained.seconds,
        goal=0.45,
    )


TASKS: dict[str, Callable[[], Iterator[Line]]] = {
    "line": lambda: numbers("line"),
    "diamonds": lambda: numbers("diamonds"),
    "spam": spam_messages,
    "sentiment": sentiment_sentences,
    "emotions": emotion_comments,
}
