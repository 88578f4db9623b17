"""Whole training runs whose model is bad in one way: what the gate refuses is kept, and not served."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import msgspec
import numpy as np
import pytest

from src import store, training
from src.card import read_card
from src.errors import GateError
from src.models_config import versions
from src.recipe import Dataset, Params, Recipe, Split, Training
from src.release import state
from src.release.operations import Operator
from src.run import Run
from tests.unit.src.mixed import MIXED, PARAMS, publish_mixed


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a good version, number 1, that is the stable one; the tests add worse ones."""
    folder = tmp_path_factory.mktemp("store")
    publish_mixed(folder)
    return folder


def refused(folder: Path, recipe: Recipe[Any], params: Params = PARAMS) -> Run:
    """Train what should be refused; the version is there, says so itself, and the first one is served on."""
    run = training.train(recipe, params, Operator(store=folder))
    assert run.verdict is not None
    assert not run.verdict.passed
    assert run.version == versions(folder / "mixed")[-1]
    card = read_card(folder / "mixed" / str(run.version))
    assert card is not None
    assert card.gate == run.verdict
    assert state.stable(folder, "mixed") == 1
    assert f"versions: {run.version}" not in (folder / "models.config").read_text(encoding="utf-8")
    return run


def reasons(run: Run) -> str:
    """All that speaks against a run's model."""
    assert run.verdict is not None
    return "; ".join(run.verdict.reasons)


@pytest.mark.parametrize("seed", [0, 1])
def test_a_model_trained_on_shuffled_labels_is_refused(empty_store: Path, seed: int) -> None:
    """Nothing but luck makes it any better than the mean, and the recipe asks for more than that."""

    def load(params: Params) -> Dataset:
        dataset = MIXED.load(params)
        assert isinstance(dataset.train, Split)
        shuffled = np.random.default_rng(seed).permutation(dataset.train.targets)
        return replace(dataset, train=Split(dataset.train.inputs, shuffled))

    run = training.train(replace(MIXED, load=load), PARAMS, Operator(store=empty_store))
    assert "the recipe asks for an R² of 0.9" in reasons(run)
    assert state.stable(empty_store, "mixed") is None


def test_a_constant_predictor_is_refused(served: Path) -> None:
    """A model that cannot tell rows apart says the same to all of them."""

    def build_model(params: Params, training: Training) -> Any:
        model = MIXED.build_model(params, training)
        answer = model.layers[-1]
        answer.set_weights([np.zeros_like(answer.get_weights()[0]), np.array([3.5], "float32")])
        model.compile(optimizer=keras.optimizers.SGD(0.0), loss="mean_squared_error")
        return model

    assert "it answers 3.5 to every row" in reasons(refused(served, replace(MIXED, build_model=build_model)))


def test_a_model_worse_than_the_stable_one_is_refused(served: Path) -> None:
    """Good enough for the baseline and the recipe, it is still worse than what is served, on the same rows."""
    run = refused(served, replace(MIXED, min_r2=0), msgspec.structs.replace(PARAMS, epochs=20))
    told = reasons(run)
    assert told.startswith("test MAE ")
    assert "is worse than the stable version 1 on the same rows (MAE " in told
    assert "baseline" not in told


def test_a_worse_model_within_the_recipes_tolerance_takes_over(empty_store: Path) -> None:
    """The tolerance is the recipe's to say."""
    publish_mixed(empty_store)
    lenient = replace(MIXED, min_r2=0, max_regression=100.0)
    run = training.train(lenient, msgspec.structs.replace(PARAMS, epochs=20), Operator(store=empty_store))
    assert run.verdict is not None
    assert (run.verdict.passed, state.stable(empty_store, "mixed")) == (True, 2)


def test_a_loss_that_is_no_number_leaves_a_report_and_no_version(served: Path) -> None:
    """The run ends there with the gate's error; what went on until then can be looked at."""

    def build_model(params: Params, training: Training) -> Any:
        model = MIXED.build_model(params, training)
        model.compile(optimizer=keras.optimizers.SGD(1e9), loss="mean_squared_error")
        return model

    before = versions(served / "mixed")
    with pytest.raises(GateError, match=r"^the loss became (nan|inf) within"):
        training.train(replace(MIXED, build_model=build_model), PARAMS, Operator(store=served))
    assert versions(served / "mixed") == before
    (report,) = (served / "mixed" / "reports").glob("refused-*.html")
    assert "the loss became" in report.read_text(encoding="utf-8")


def test_predictions_that_are_no_numbers_leave_no_version(empty_store: Path) -> None:
    """A card cannot hold them, and nobody could use them."""

    def build_model(params: Params, training: Training) -> Any:
        model = MIXED.build_model(params, training)
        answers = NanWhenAsked()(model.output)
        odd = keras.Model({each.name: each for each in model.inputs}, answers)
        odd.compile(optimizer="sgd", loss="mean_squared_error")
        return odd

    with pytest.raises(GateError, match=r"^refused: the model's predictions are not finite numbers"):
        training.train(
            replace(MIXED, build_model=build_model),
            msgspec.structs.replace(PARAMS, epochs=1),
            Operator(store=empty_store),
        )
    assert versions(empty_store / "mixed") == []


class NanWhenAsked(keras.layers.Layer):  # type: ignore[misc]  # Keras has no annotations: its classes are Any
    """Answers numbers while it is trained only."""

    def call(self, values: Any, training: bool = False) -> Any:  # noqa: D102, FBT001, FBT002  # Keras' own name
        return values if training else values * np.nan


def test_a_stable_version_that_is_damaged_does_not_stop_a_good_one(empty_store: Path) -> None:
    """It cannot be compared with; the verdict says why, and the new version takes its place."""
    publish_mixed(empty_store)
    (empty_store / "mixed" / "1" / "saved_model.pb").write_bytes(b"damaged")
    run = publish_mixed(empty_store)
    assert run.verdict is not None
    assert run.verdict.stable is not None
    assert run.verdict.stable.test is None
    assert "cannot load" in (run.verdict.stable.note or "")
    assert state.stable(empty_store, "mixed") == 2


def test_the_first_version_may_be_refused_too(empty_store: Path) -> None:
    """Nothing is served then, and servers are given the valid empty list."""
    run = training.train(replace(MIXED, min_r2=1.0), PARAMS, Operator(store=empty_store))
    assert run.version == 1
    assert state.stable(empty_store, "mixed") is None
    assert (empty_store / "models.config").read_text(encoding="utf-8") == "model_config_list {\n}\n"
    again = publish_mixed(empty_store)
    assert (again.version, state.stable(empty_store, "mixed")) == (2, 2)


def test_a_stable_version_without_an_answer_to_some_rows_does_not_stop_a_good_one(empty_store: Path) -> None:
    """A category that it has never heard of comes late in the rows; it is compared with no further, and replaced."""

    def load(params: Params) -> Dataset:
        dataset = MIXED.load(params)
        assert isinstance(dataset.test, Split)
        dataset.test.inputs["district"][-1] = "moon"
        return dataset

    training.train(replace(MIXED, build_model=_with_strict_lookup), PARAMS, Operator(store=empty_store))
    wider = tuple(replace(f, vocabulary=(*f.vocabulary, "moon")) if f.vocabulary else f for f in MIXED.features)
    run = training.train(replace(MIXED, features=wider, load=load, min_r2=0), PARAMS, Operator(store=empty_store))
    assert run.verdict is not None
    assert run.verdict.stable is not None
    assert "does not take these inputs" in (run.verdict.stable.note or "")
    assert run.answers is not None
    assert "stable" not in run.answers.given
    assert state.stable(empty_store, "mixed") == 2


def _with_strict_lookup(params: Params, training: Training) -> Any:
    """The mixed model with a graph that refuses unknown categories."""
    model = MIXED.build_model(params, training)
    words = next(f.vocabulary for f in MIXED.features if f.vocabulary)
    by_name = {each.name: each for each in model.inputs}
    lookup = keras.layers.StringLookup(vocabulary=list(words), num_oov_indices=0, output_mode="one_hot")
    none = keras.ops.sum(lookup(by_name["district"]), axis=1, keepdims=True) * 0.0
    strict = keras.Model(by_name, model.output + none)
    strict.compile(optimizer=keras.optimizers.Adam(0.05), loss="mean_squared_error")
    return strict


def test_a_stable_version_that_was_trained_on_other_data_is_noted(empty_store: Path) -> None:
    """It may have seen the rows that it is measured on now."""
    publish_mixed(empty_store)
    run = training.train(MIXED, msgspec.structs.replace(PARAMS, seed=8), Operator(store=empty_store))
    assert run.verdict is not None
    assert run.verdict.stable is not None
    assert run.verdict.stable.test is not None
    assert run.verdict.stable.note == "it was trained on other data, and may have seen these rows"


def test_a_version_promoted_meanwhile_is_the_one_to_be_held_against(
    empty_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that began first and ends last does not replace a better version that it was not compared with."""
    publish = store.publish

    def publish_after_another(*arguments: Any, **options: Any) -> int:
        monkeypatch.setattr(store, "publish", publish)
        publish_mixed(empty_store)
        return publish(*arguments, **options)

    monkeypatch.setattr(store, "publish", publish_after_another)
    run = training.train(
        replace(MIXED, min_r2=0), msgspec.structs.replace(PARAMS, epochs=20), Operator(store=empty_store)
    )
    assert run.verdict is not None
    assert run.verdict.stable is not None
    assert (run.version, run.verdict.passed, run.verdict.stable.version) == (2, False, 1)
    assert state.stable(empty_store, "mixed") == 1


def test_a_refused_version_does_not_take_a_withdrawn_ones_place(empty_store: Path) -> None:
    """`models.config` still names the number, and would serve whatever has it."""
    publish_mixed(empty_store)
    (empty_store / "mixed" / "1").rename(empty_store / "mixed" / "withdrawn-1")
    run = training.train(replace(MIXED, min_r2=1.0), PARAMS, Operator(store=empty_store))
    assert run.version == 2
    assert state.stable(empty_store, "mixed") is None
