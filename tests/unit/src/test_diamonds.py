"""The recipe diamonds: its data, its graph and its baseline, on a few steps of training."""

from typing import Any

import msgspec
import numpy as np
import pytest
import tensorflow as tf

from src import recipes
from src.answers import of_keras
from src.batches import steps_of
from src.checks import check_recipe
from src.fitting import History, fit
from src.metrics import regression_metrics
from src.params import load_params
from src.profiles import profile
from src.recipe import Dataset, Split, Training
from src.recipes.diamonds import CATEGORIES, NUMBERS, fit_boosting, load, pieces

RECIPE = recipes.find("diamonds")
PARAMS = msgspec.structs.replace(load_params(RECIPE), epochs=1, members=2, layers=1, units=32, bins=8, carat_bins=8)


@pytest.fixture(scope="module")
def data() -> tuple[Split, Split]:
    """The rows to train on, and those held out."""
    dataset: Dataset = load(PARAMS)
    assert isinstance(dataset.train, Split)
    assert isinstance(dataset.test, Split)
    return dataset.train, dataset.test


@pytest.fixture(scope="module")
def model(data: tuple[Split, Split]) -> Any:
    """A small network after one epoch."""
    import keras

    keras.utils.set_random_seed(1)
    built = RECIPE.build_model(PARAMS, Training(data[0], steps_of(data[0].rows, PARAMS)))
    fit(built, *data, PARAMS, History())
    return built


def rows_of(split: Split) -> list[tuple[object, ...]]:
    """Each row's inputs as one value that can be compared."""
    columns = [split.inputs[name][:, 0].tolist() for name in (*NUMBERS, *CATEGORIES)]
    return list(zip(*columns, strict=True))


def test_the_recipe_is_sound(data: tuple[Split, Split]) -> None:
    """Declaration and data fit each other, as every run checks."""
    check_recipe(RECIPE)
    for name, split in zip(("train", "test"), data, strict=True):
        profile(RECIPE, name, split)


def test_repetitions_and_impossible_sizes_are_left_out(data: tuple[Split, Split]) -> None:
    """Of 53,940 offers 146 repeat another, 19 of the others have a zero among their sizes, 3 a slip of the pen."""
    from plotnine.data import diamonds as offers

    assert (len(offers), int(offers.duplicated().sum())) == (53_940, 146)
    assert data[0].rows + data[1].rows == 53_940 - 146 - 19 - 3
    for split in data:
        assert all(split.inputs[name].min() > 0 for name in ("x", "y", "z"))
        assert max(split.inputs["y"].max(), split.inputs["z"].max()) < 11


def test_a_fifth_is_held_out_and_no_stone_is_on_both_sides(data: tuple[Split, Split]) -> None:
    """Two offers of one and the same stone at two prices stand on one side."""
    train, test = data
    assert test.rows / (train.rows + test.rows) == pytest.approx(0.2, abs=0.005)
    assert set(rows_of(train)).isdisjoint(rows_of(test))


def test_the_runs_seed_does_not_move_the_split(data: tuple[Split, Split]) -> None:
    """Every version is judged by the same rows."""
    again = load(msgspec.structs.replace(PARAMS, seed=99)).test
    assert isinstance(again, Split)
    assert np.array_equal(again.targets, data[1].targets)


def test_raw_features_go_in_and_dollars_come_out(model: Any, data: tuple[Split, Split]) -> None:
    """One epoch of a small network is better than any constant, by far."""
    found = regression_metrics(of_keras(model)(data[1].inputs), data[1].targets)
    assert found.r2 is not None
    assert found.r2 > 0.85


def test_the_answer_is_the_members_mean(model: Any, data: tuple[Split, Split]) -> None:
    """While it trains, each member answers for itself."""
    few = {name: tf.constant(array[:5]) for name, array in data[1].inputs.items()}
    each, mean = model(few, training=True).numpy(), model(few, training=False).numpy()
    assert (each.shape, mean.shape) == ((5, 2), (5, 1))
    assert mean[:, 0] == pytest.approx(each.mean(axis=1), rel=1e-5)


def test_the_graph_refuses_an_unknown_grade(model: Any, data: tuple[Split, Split]) -> None:
    """Even where no gateway stands before it, there is no silent default."""
    few = {name: tf.constant(array[:2]) for name, array in data[1].inputs.items()}
    with pytest.raises((tf.errors.InvalidArgumentError, ValueError)):
        model(few | {"cut": tf.constant([["Ideal"], ["Round"]])}, training=False)


@pytest.mark.parametrize("value", [0.0, -1.0, 1e-30, 1e30, np.finfo("float32").max])
def test_sizes_that_no_stone_has_give_numbers_all_the_same(model: Any, data: tuple[Split, Split], value: float) -> None:
    """The gateway warns of them; logarithm and exponential do not go over the edge."""
    one = {name: array[:1] for name, array in data[1].inputs.items()}
    for name in NUMBERS:
        answer = of_keras(model)(one | {name: np.array([[value]], "float32")})
        assert np.isfinite(answer).all(), name


def test_numbers_are_encoded_piece_by_piece() -> None:
    """A number fills the pieces below it, part of its own, and none above; beyond the range all or none."""
    sample = np.array([[0.0], [1.0], [2.0], [4.0], [8.0]], "float32")
    columns = np.array([[-5.0], [0.5], [3.0], [9.0]], "float32")
    (encoded,) = pieces(columns, sample, [4])
    assert np.asarray(encoded).tolist() == [[0, 0, 0, 0], [0.5, 0, 0, 0], [1, 1, 0.5, 0], [1, 1, 1, 1]]


def test_equal_numbers_make_fewer_pieces() -> None:
    """Where half of the rows have one value, there is no piece without width."""
    sample = np.array([[1.0]] * 6 + [[2.0], [3.0]], "float32")
    (encoded,) = pieces(np.array([[1.0]], "float32"), sample, [8])
    assert np.isfinite(np.asarray(encoded)).all()


def test_the_baseline_is_boosting_on_the_same_rows(data: tuple[Split, Split]) -> None:
    """It answers dollars, much better than any constant, and the same each time."""
    few = data[0].take(slice(None, None, 5))  # the offers come in the order of their prices
    first, again = (fit_boosting(few)(data[1].inputs) for _ in range(2))
    assert np.array_equal(first, again)
    assert first.shape == data[1].targets.shape
    assert first.dtype == np.float32
    found = regression_metrics(first, data[1].targets)
    assert found.r2 is not None
    assert found.r2 > 0.95
