"""Recipes whose outputs are labels, from training to the answer: what is published, told, refused and compared."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import tensorflow as tf

from src import comparison, predict, report, rival, summary, training
from src.answers import Answers
from src.card import Card, read_card
from src.checks import check_recipe, check_split
from src.errors import RecipeError
from src.metrics import Metrics
from src.recipe import Dataset, Label, Output, Params, Split, Training
from src.release import status
from src.release.operations import Operator
from src.run import Run
from src.saved_model import SavedModel
from src.scoring import LabelScoring
from tests.unit.src.moods import MOODS, PARAMS, publish, split
from tests.unit.src.page import read


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Run]:
    """A store with two versions of the recipe, and the second run, which was compared with the first."""
    store = tmp_path_factory.mktemp("moods") / "store"
    publish(store)
    return store, publish(store)


@pytest.fixture(scope="module")
def card(published: tuple[Path, Run]) -> Card:
    """The second version's card."""
    found = read_card(published[0] / "moods" / "2")
    assert found
    return found


def nearly(metrics: Metrics) -> list[float]:
    """The metrics of labels, as far as TensorFlow gives the same in batches of other sizes."""
    assert metrics.labels
    return [round(value, 6) for value in msgspec.structs.astuple(metrics.labels)]


def test_a_good_model_is_promoted(published: tuple[Path, Run]) -> None:
    """It beats the labels' shares, reaches the recipe's F1 and is as good as the version before."""
    _, run = published
    assert run.verdict
    assert (run.verdict.reasons, run.is_promoted) == ([], True)
    assert run.verdict.stable
    assert run.verdict.stable.test
    assert run.verdict.stable.test.labels
    assert run.verdict.stable.test.labels.f1 > 0.9


def test_each_label_is_an_output_of_its_name(published: tuple[Path, Run]) -> None:
    """The signature names the labels, each with a probability a row."""
    loaded = tf.saved_model.load(str(published[0] / "moods" / "2"))
    answers = loaded.signatures["serving_default"](text=tf.constant([["cake"], ["alas"]]))
    assert {name: tuple(answer.shape) for name, answer in answers.items()} == {"glad": (2,), "sad": (2,)}
    assert answers["glad"][0] > 0.5 > answers["glad"][1]
    assert answers["sad"][0] < 0.5 < answers["sad"][1]


def test_the_card_has_threshold_and_labels(card: Card, published: tuple[Path, Run]) -> None:
    """Each output tells its threshold, what both sides of it are called, and says so in words as well."""
    glad, sad = card.outputs
    assert (glad.threshold, sad.threshold) == published[1].thresholds
    assert (glad.labels, sad.labels) == (("not glad", "glad"), ("content", "sad"))
    assert glad.description.endswith(f" From {glad.threshold:.4g} on it counts as glad, below as not glad.")
    assert glad.deciles
    assert sad.shares


def test_the_card_has_the_metrics_label_by_label(card: Card) -> None:
    """Of both splits the metrics of labels, of the held-out rows each label, no tenths; the dev rows are counted."""
    assert card.metrics.model.test.labels
    assert card.metrics.model.train.labels
    assert card.metrics.labels
    assert [each.label for each in card.metrics.labels] == ["glad", "sad"]
    assert np.mean([each.f1 for each in card.metrics.labels]) == pytest.approx(card.metrics.model.test.labels.f1)
    assert card.metrics.deciles == []
    assert card.data.rows == {"train": 256, "test": 64, "dev": 64}


def test_the_golden_examples_have_each_output(card: Card) -> None:
    """A server is asked for every label."""
    assert card.golden.inputs["text"][0] == ["cake in the rain"]
    assert {name: np.shape(values) for name, values in card.golden.outputs.items()} == {"glad": (10,), "sad": (10,)}


def test_it_predicts_by_name(published: tuple[Path, Run], capsys: pytest.CaptureFixture[str]) -> None:
    """`src.predict` gives a JSON object of all labels a line."""
    predict.main(["moods", "hooray", "the 🙂", "--store", str(published[0])])
    glad, plain = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert glad["glad"] > 0.5 > plain["glad"]
    assert list(glad) == ["glad", "sad"]


def test_versions_stand_side_by_side(published: tuple[Path, Run]) -> None:
    """`src.evaluate` shows F1, accuracy and log loss, and each label's F1, at the thresholds of each version."""
    compared = comparison.compare(MOODS, PARAMS, published[0], [1, 2], "test")
    lines = comparison.as_table(compared).splitlines()
    assert [line.split("  ")[0].strip() for line in lines[2:]] == [
        "F1",
        "weighted F1",
        "accuracy",
        "log loss",
        "F1 of glad",
        "F1 of sad",
    ]
    run = published[1]
    assert run.evaluation
    assert nearly(compared.measured[1].metrics) == nearly(run.evaluation.model.test)
    assert compared.measured[1].f1_by_label == [each.f1 for each in run.evaluation.labels or []]


def test_the_status_tells_the_f1_score(published: tuple[Path, Run], card: Card) -> None:
    """Where a model has labels, the table has a column for it."""
    lines = status.survey(published[0], [])
    assert card.metrics.model.test.labels
    assert lines[0].f1 == card.metrics.model.test.labels.f1
    assert "F1" in status.as_table(lines).splitlines()[0]


def test_the_summary_tells_metrics_and_a_question(published: tuple[Path, Run]) -> None:
    """The last lines name F1 and log loss, and a command that asks with the example."""
    told = summary.summary(published[1], published[0])
    assert "held-out rows: F1 " in told
    assert "python -m src.predict moods 'cake in the rain'" in told


def test_the_report_shows_each_label(published: tuple[Path, Run]) -> None:
    """The page has F1 scores, a table of labels and the calibration in place of errors by tenths."""
    page = read(report.render(published[1]))
    assert "Label by label" in page.texts("h2")
    assert "Where it is off" not in page.texts("h2")
    assert page.texts("h3") == [
        "Training loss",
        "Error on held-out rows",
        "F1 scores",
        "Can the probabilities be believed?",
    ]
    rows = page.texts("th", "labels")
    assert rows[:7] == [
        "label",
        "rows",
        "threshold",
        "precision",
        "recall",
        "F1",
        "baseline\N{RIGHT SINGLE QUOTATION MARK}s F1",
    ]
    assert rows[7:] == ["glad", "sad"]
    header = page.texts("header")[0]
    assert "Predicts the probability of glad, sad" in header
    assert page.texts("th", "metrics")[3:9] == ["log loss", "F1", "accuracy"] * 2


def test_a_model_below_the_recipes_f1_is_kept_and_not_promoted(tmp_path: Path) -> None:
    """One step is not enough; the verdict names the F1 score that was asked for."""
    params = PARAMS.__class__(seed=3, epochs=1, batch_size=256)
    run = training.train(MOODS, params, Operator(store=tmp_path / "store"))
    assert run.verdict
    assert any(reason.endswith("the recipe asks for an F1 of 0.9") for reason in run.verdict.reasons)
    assert (run.version, run.is_promoted) == (1, False)


def test_a_stable_version_with_other_labels_is_not_compared_with(published: tuple[Path, Run]) -> None:
    """A label that was renamed is no obstacle, and the verdict says why nothing was compared."""
    other = replace(MOODS, output=(Label(name="glad", description=""), Label(name="blue", description="")))
    found = rival.load(published[0], other, "")
    assert found
    assert found.predictors() == {}
    assert str(found.fault).endswith("moods/2 answers glad, sad, and not glad, blue")
    number = rival.load(published[0], replace(MOODS, output=Output(name="glad", description="")), "")
    assert number
    assert number.predictors() == {}
    assert str(number.fault).endswith("moods/2 and the recipe, one answers labels and the other a number")


def test_labels_are_compared_by_name(published: tuple[Path, Run]) -> None:
    """A recipe that now lists its labels in another order finds its older versions as good as they are."""
    turned = replace(MOODS, output=MOODS.labels[::-1], load=load_turned)
    compared = comparison.compare(turned, PARAMS, published[0], [2], "test")
    assert compared.labels == ["sad", "glad"]
    assert compared.measured[0].f1_by_label == [1, 1]
    found = rival.load(published[0], turned, "")
    assert found
    assert found.fault is None
    dataset = load_turned(PARAMS)
    assert isinstance(dataset.test, Split)
    given = found.predictors()["stable"](dataset.test.inputs)
    assert ((given > 0.5) == (dataset.test.targets > 0)).all()


def load_turned(params: Params) -> Dataset:
    """The recipe's data with the labels the other way round."""
    dataset = MOODS.load(params)
    splits = {name: rows for name, rows in dataset.splits.items() if isinstance(rows, Split)}
    return Dataset("turned", **{name: replace(rows, targets=rows.targets[:, ::-1]) for name, rows in splits.items()})


def test_thresholds_come_from_the_version(published: tuple[Path, Run], card: Card) -> None:
    """A version that is loaded knows its own thresholds, and answers its labels side by side in the card's order."""
    loaded = SavedModel(published[0] / "moods" / "2")
    assert loaded.thresholds == tuple(output.threshold for output in card.outputs)
    rows = split(1, 64)
    answers = Answers(
        rows.targets, {"it": loaded.answer(rows.inputs)}, LabelScoring(["glad", "sad"]), {"it": loaded.thresholds}
    )
    assert nearly(answers.metrics("it")) == nearly(card.metrics.model.test)


def test_targets_that_are_no_labels_are_refused() -> None:
    """A target of 0.5 is told with its label and row."""
    rows = split(0, 4)
    rows.targets[2, 1] = 0.5
    message = r"^recipe moods: train targets are 0\.5 for 'sad' in row 7: of labels they are 0 or 1$"
    with pytest.raises(RecipeError, match=message):
        check_split(MOODS, "train", rows, first_row=5)
    with pytest.raises(
        RecipeError, match=r"targets is float32 of shape \(4, 1\), declared as float32 of shape \(4, 2\)"
    ):
        check_split(MOODS, "train", replace(rows, targets=rows.targets[:, :1]))


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ((), "the output is neither an Output nor a tuple of Label"),
        ((Output(name="y", description=""),), "the output is neither an Output nor a tuple of Label"),
        ((Label(name="a", description=""),) * 2, "more than one output is called a"),
        (Label(name="a", description=""), r"labels are given as a tuple, of a single one: output=\(Label\(\.\.\.\),\)"),
        ((Label(name="a", description="", threshold=0),), "label 'a' has the threshold 0"),
        ((Label(name="a", description="", threshold=math.nan),), "label 'a' has the threshold nan"),
    ],
)
def test_outputs_that_cannot_be_served_are_refused(output: Any, words: str) -> None:
    """No labels at all, an Output among them and one name for two are told before anything is loaded."""
    with pytest.raises(RecipeError, match=f"^recipe moods: {words}$"):
        check_recipe(replace(MOODS, output=output))


def test_thresholds_of_the_other_kind_are_refused() -> None:
    """R² is asked of numbers, F1 of labels."""
    with pytest.raises(RecipeError, match=r"^recipe moods: min_r2 is for numbers; labels have min_f1$"):
        check_recipe(replace(MOODS, min_r2=0.5))
    with pytest.raises(RecipeError, match=r"^recipe moods: min_f1 is for labels; numbers have min_r2$"):
        check_recipe(replace(MOODS, output=Output(name="y", description="")))


def test_a_model_of_another_width_is_refused_before_it_trains(tmp_path: Path) -> None:
    """Three columns for two labels are told at once, with the labels."""
    import keras

    def build(_params: Params, _training: Training) -> Any:
        text = keras.Input((1,), name="text", dtype="string")
        hashed = keras.layers.Hashing(8, output_mode="multi_hot")(text)
        model = keras.Model(text, keras.layers.Dense(3, "sigmoid")(hashed))
        model.compile(loss="binary_crossentropy")
        return model

    message = r"^recipe moods: build_model gives a model of 3 columns for 2 \(glad, sad\)$"
    with pytest.raises(RecipeError, match=message):
        training.train(replace(MOODS, build_model=build), PARAMS, Operator(store=tmp_path / "store"))
