"""What a trained model's card says of its features and golden rows, and that there is room for it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pytest

from src.answers import Predictor
from src.card import MAX_CARD_BYTES, Card, Origin, encode_card
from src.checks import check_recipe
from src.describe import GOLDEN_ROWS, build_card, check_room, feature_cards, golden_inputs
from src.errors import RecipeError
from src.profiles import Profile, profile
from src.recipe import Array, Feature, Recipe, Split
from tests.unit.src.conftest import Trained
from tests.unit.src.mixed import DISTRICTS, MIXED, PARAMS


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


def test_a_number_has_a_share_for_each_bucket_between_its_deciles(mixed: Trained) -> None:
    """Ten buckets of a tenth each where values are spread; fewer where many are equal, and none above the greatest."""
    features = {feature.name: feature for feature in mixed.card.features}
    area, rooms = features["area"], features["rooms"]
    assert isinstance(area.shares, list)
    assert isinstance(rooms.shares, list)
    assert area.shares == pytest.approx([0.1] * 10, abs=0.01)
    assert rooms.shares == pytest.approx([np.mean(mixed.train.inputs["rooms"] == n) for n in (1, 2, 3, 4)], abs=1e-6)
    assert features["district"].shares == pytest.approx(
        [np.mean(mixed.train.inputs["district"] == word) for word in DISTRICTS], abs=1e-6
    )


@pytest.mark.parametrize("greatest", [0.3, 0.35])
def test_deciles_do_not_pass_the_greatest_value_as_it_is_written(line: Trained, greatest: float) -> None:
    """0.3 as a float32 lies a little above 0.3, 0.35 a little below; the rows that have it are one bucket."""
    xs = np.array([[0.1]] * 25 + [[0.2]] * 56 + [[greatest]] * 20, "float32")
    (feature,) = feature_cards(line.recipe, profile(line.recipe, "train", Split({"x": xs}, xs)))
    assert isinstance(feature.deciles, list)
    assert feature.deciles == sorted(feature.deciles)
    assert feature.deciles[-2:] == [greatest, greatest]
    assert feature.shares == pytest.approx([25 / 101, 56 / 101, 20 / 101], abs=1e-6)


def _card(line: Trained, model: Predictor, *, recipe: Recipe[Any] | None = None, train: Profile | None = None) -> Card:
    came_from = Origin(**{name: getattr(line.card, name) for name in Origin.__struct_fields__})
    return build_card(recipe or line.recipe, came_from, train or line.profile, model, line.evaluation, line.card.gate)


@pytest.mark.parametrize(
    "answers",
    [np.ones((6, 2), "float32"), np.full((6, 1), np.nan, "float32"), np.ones((6, 1), "bool"), np.full((6, 1), "a")],
    ids=["two numbers a row", "no numbers", "booleans", "texts"],
)
def test_an_output_that_is_no_number_a_row_is_only_declared(line: Trained, answers: Array) -> None:
    """There is nothing to compare its values with."""
    (output,) = _card(line, lambda inputs: np.resize(answers, (len(inputs["x"]), *answers.shape[1:]))).outputs
    assert msgspec.to_builtins(output) == {"name": "y", "description": "The line's height at x.", "unit": None}


def test_at_most_20_000_training_rows_are_predicted(line: Trained) -> None:
    """Spread evenly from the first to the last, so that a large data set costs no more than a small one."""
    xs = np.arange(50_001, dtype="float32").reshape(-1, 1)
    asked: list[Array] = []

    def model(inputs: Mapping[str, Array]) -> Array:
        asked.append(inputs["x"])
        return 2 * inputs["x"]

    train = profile(line.recipe, "train", Split({"x": xs}, xs))
    (output,) = _card(line, model, train=train).outputs
    assert max(map(len, asked)) == 20_000
    assert (output.min, output.max) == (0, 100_000)
    assert output.shares == pytest.approx([0.1] * 10, abs=1e-4)


def _with_categories(line: Trained, *counts: int) -> tuple[Recipe[Any], Profile]:
    """A recipe of features with so many categories each, and rows of it."""
    names = [f"c{place}" for place in range(len(counts))]
    words = {name: tuple(f"{name}-{n:04}" for n in range(count)) for name, count in zip(names, counts, strict=True)}
    recipe = replace(
        line.recipe,
        features=tuple(Feature(name=n, dtype="string", description="A grade.", vocabulary=words[n]) for n in names),
        example={name: words[name][0] for name in names},
    )
    inputs = {name: np.array([words[name][:1]] * 4, object) for name in names}
    return recipe, profile(recipe, "train", Split(inputs, np.zeros((4, 1), "float32")))


def test_more_than_100_categories_are_not_watched(line: Trained) -> None:
    """Each would be two more series for every version in a Prometheus."""
    cards = feature_cards(*_with_categories(line, 100, 101))
    assert cards[0].shares == [1] + [0] * 99
    assert cards[1].shares is msgspec.UNSET


def test_shares_for_which_a_card_has_no_room_are_left_out(line: Trained) -> None:
    """The model can be published all the same; those of the most categories go first, and no more than need be."""
    recipe, train = _with_categories(line, 90, 100)

    def made(description: str) -> Card:
        described = replace(recipe, description=description)
        return _card(line, lambda inputs: np.zeros((len(inputs["c0"]), 1)), recipe=described, train=train)

    room = MAX_CARD_BYTES - len(encode_card(made("")))
    kept = {
        more: [isinstance(feature.shares, list) for feature in made("d" * (room + more)).features] for more in (0, 1)
    }
    assert kept == {0: [True, True], 1: [True, False]}
