"""What a trained model's card says of its features and golden rows, and that there is room for it."""

from dataclasses import replace

import numpy as np
import pytest

from src.checks import check_recipe
from src.describe import GOLDEN_ROWS, check_room, golden_inputs
from src.errors import RecipeError
from src.profiles import profile
from src.recipe import Split
from tests.unit.src.conftest import Trained
from tests.unit.src.mixed import MIXED, PARAMS


def test_golden_rows_are_the_example_and_training_rows_with_keras_own_answers(
    line: Trained,
) -> None:
    """The first golden row is the recipe's example; the outputs are what Keras gave for the inputs, to the bit."""
    golden = line.card.golden
    assert golden.inputs == {"x": [[10], [-1], [0], [1], [2], [3], [4]]}
    answers = line.model(np.array(golden.inputs["x"], "float32")).numpy()
    assert np.array_equal(np.array(golden.outputs["y"], "float32"), answers)
    assert golden.outputs["y"][0] == [pytest.approx(31, abs=1e-2)]
    assert 0 < golden.tolerance < 1e-3


@pytest.mark.parametrize(("rows", "golden"), [(1, 2), (9, 10), (1000, 10)])
def test_golden_rows_are_few_however_many_there_are_to_choose_from(line: Trained, rows: int, golden: int) -> None:
    """Ten rows at most, from the first to the last of the training split."""
    xs = np.arange(rows, dtype="float32").reshape(-1, 1)
    chosen = golden_inputs(line.recipe, Split({"x": xs}, xs))["x"]
    assert chosen.shape == (golden, 1)
    assert chosen.dtype == np.float32
    assert (chosen[1], chosen[-1]) == (xs[0], xs[-1])


def test_several_features_keep_their_order_and_dtypes(areas: Trained) -> None:
    """Each feature of a recipe has its own entry, and golden integers stay integers."""
    assert [(f.name, f.dtype, f.shape, f.unit) for f in areas.card.features] == [
        ("length", "float32", (1,), "m"),
        ("count", "int64", (), None),
    ]
    assert areas.card.golden.inputs["length"][0] == [2.5]
    assert areas.card.golden.inputs["count"][0] == 3
    assert {type(count) for count in areas.card.golden.inputs["count"]} == {int}
    assert len(areas.card.golden.outputs["total"]) == GOLDEN_ROWS


def test_golden_rows_of_every_kind_are_plain_values(mixed: Trained) -> None:
    """Booleans are booleans and strings are strings, in the shapes the inputs have."""
    inputs = mixed.card.golden.inputs
    assert {name: inputs[name][0] for name in inputs} == {
        "area": [pytest.approx(0.8)],
        "distance": 0.25,
        "rooms": 3,
        "furnished": True,
        "district": ["old town"],
        "remark": "light, with a balcony",
    }
    assert {type(value) for value in inputs["furnished"]} == {bool}
    assert {type(value) for value in inputs["remark"]} == {str}
    assert {len(values) for values in inputs.values()} == {GOLDEN_ROWS}


def test_there_is_room_for_ordinary_features() -> None:
    """The mixed recipe's features and golden rows fit into a card."""
    check_room(MIXED, profile(MIXED, "train", MIXED.load(PARAMS).train))


def test_a_vocabulary_too_large_for_a_card_is_refused_before_training() -> None:
    """The message tells how much of the card's room the features and the golden rows take."""
    features = [replace(f, vocabulary=(*f.vocabulary, "v" * 65536)) if f.vocabulary else f for f in MIXED.features]
    recipe = replace(MIXED, features=tuple(features))
    check_recipe(recipe)
    with pytest.raises(
        RecipeError, match=r"^recipe mixed: the features take 6\d{4} bytes of the model card and "
    ) as caught:
        check_room(recipe, profile(recipe, "train", recipe.load(PARAMS).train))
    assert str(caught.value).endswith("; at most 65536 are served")


def test_texts_too_long_for_a_card_are_refused_before_training() -> None:
    """Ten golden rows of 8,000 characters each do not fit."""
    rows = MIXED.load(PARAMS).train
    assert isinstance(rows, Split)
    rows.inputs["remark"][:] = "t" * 8000
    known = profile(MIXED, "train", rows)
    with pytest.raises(RecipeError, match=r" and the golden rows' inputs 7\d{4}; at most 65536 are served$"):
        check_room(MIXED, known)
