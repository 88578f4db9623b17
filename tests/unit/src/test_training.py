"""A training run of a recipe with an input of every kind, from its data to the published, verified version."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import tensorflow as tf

from src import training
from src.errors import RecipeError
from src.recipe import Dataset, Params, Split
from src.release import state
from src.release.operations import Operator
from tests.unit.src.mixed import MIXED, PARAMS, publish_mixed


def test_inputs_of_every_kind_are_trained_and_published(empty_store: Path) -> None:
    """Six inputs of five dtypes go through gate, export and verification, and the card of what is served tells them."""
    run = publish_mixed(empty_store)
    assert (run.version, state.stable(empty_store, "mixed")) == (1, 1)
    assert run.evaluation is not None
    assert run.evaluation.model.test.r2 == pytest.approx(1, abs=0.01)
    signatures = tf.saved_model.load(str(empty_store / "mixed" / "1")).signatures
    card = json.loads(signatures["card"](rows=tf.constant([0]))["card"].numpy()[0])
    declared = [(feature["name"], feature["dtype"], tuple(feature["shape"])) for feature in card["features"]]
    assert declared == [(feature.name, feature.dtype, feature.shape) for feature in MIXED.features]
    assert {name: values[0] for name, values in card["golden"]["inputs"].items()}["district"] == ["old town"]


def test_a_recipe_is_checked_before_its_data_are_loaded(empty_store: Path) -> None:
    """A mistake in a declaration costs no time, and leaves no store behind."""

    def load(_params: Params) -> Dataset:
        pytest.fail("the data were loaded")

    recipe = replace(MIXED, load=load, example={})
    with pytest.raises(RecipeError, match=r"^recipe mixed: the example has no value for feature 'area'$"):
        training.train(recipe, PARAMS, Operator(store=empty_store))
    assert not empty_store.exists()


def test_a_card_without_room_costs_no_training(empty_store: Path) -> None:
    """Texts too long for the card are told before the model is even built."""

    def load(params: Params) -> Dataset:
        dataset = MIXED.load(params)
        assert isinstance(dataset.train, Split)
        dataset.train.inputs["remark"][:] = "t" * 8000
        return dataset

    recipe = replace(MIXED, load=load, build_model=lambda *_: pytest.fail("the model was built"))
    with pytest.raises(RecipeError, match=r"; at most 65536 are served$"):
        training.train(recipe, PARAMS, Operator(store=empty_store))
