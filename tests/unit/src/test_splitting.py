"""Which rows are held out: as many as asked for, each by its own inputs, and the same ones for ever."""

import math
from collections.abc import Mapping

import numpy as np
import pytest

from src.dtypes import DTYPES, Array, numpy_dtype
from src.errors import RecipeError
from src.splitting import held_out

ROWS = 100_000
# Five standard deviations of a share of 20 % of so many rows: what a fair choice exceeds once in two million seeds.
TOLERANCE = 5 * math.sqrt(0.2 * 0.8 / ROWS)
NUMBERS = np.arange(ROWS)


def flats(rows: int = 1_000) -> dict[str, Array]:
    """Inputs of every kind and of some row shapes."""
    random = np.random.default_rng(7)
    return {
        "area": random.uniform(20, 200, (rows, 1)).astype("float32"),
        "rooms": random.integers(1, 9, rows),
        "furnished": random.integers(0, 2, rows).astype(bool),
        "district": np.array(["harbour", "Südhang", ""], object)[random.integers(0, 3, (rows, 1))],
        "sides": random.uniform(0, 1, (rows, 2, 3)),
    }


def take(inputs: Mapping[str, Array], which: Array | slice) -> dict[str, Array]:
    """Some of the rows."""
    return {name: array[which] for name, array in inputs.items()}


def test_the_choice_never_changes() -> None:
    """These rows are held out with every version of every library, or a model would be judged on what it has learnt."""
    inputs = {"x": np.arange(8, dtype="float32").reshape(-1, 1), "word": np.array([*"abcdefg", "近い"], object)}
    assert np.flatnonzero(held_out(inputs, 0.5, seed=0)).tolist() == [2, 5]
    assert np.flatnonzero(held_out(inputs, 0.5, seed=2**32 - 1)).tolist() == [0, 1, 3, 5]


@pytest.mark.parametrize("share", [0.2, 0.001, 0.999])
@pytest.mark.parametrize(
    "values",
    [NUMBERS, NUMBERS.astype("float32"), NUMBERS / 7, np.array([f"flat {n}" for n in NUMBERS], object)],
    ids=["integers", "float32", "float64", "strings"],
)
def test_as_many_rows_are_held_out_as_asked_for(values: Array, share: float) -> None:
    """Even of values that follow one another, the share is met as chance would meet it."""
    assert held_out({"x": values}, share, seed=0).mean() == pytest.approx(share, abs=TOLERANCE)


def test_seeds_choose_independently() -> None:
    """What one seed holds out tells nothing of what the next one does: 20 % of it, as of all rows."""
    first, second = (held_out({"x": NUMBERS}, 0.2, seed) for seed in (0, 1))
    assert (first & second).mean() == pytest.approx(0.2 * 0.2, abs=TOLERANCE)


def test_every_value_of_a_row_counts() -> None:
    """To change one value, at any place of any input, is to choose that row anew: half of them change sides."""
    inputs = flats()
    before = held_out(inputs, 0.5, seed=0)
    for name, array in inputs.items():
        for place in np.ndindex(array.shape[1:]):
            changed = array.copy()
            at = changed[(slice(None), *place)]
            at[:] = ~at if array.dtype == bool else at + ("!" if array.dtype == object else 100)
            moved = before != held_out(inputs | {name: changed}, 0.5, seed=0)
            assert moved.mean() == pytest.approx(0.5, abs=5 * 0.5 / math.sqrt(len(before)))


def test_a_row_stays_on_its_side_whatever_is_around_it() -> None:
    """Order, other rows, the inputs' order in the mapping and the cutting into pieces decide nothing."""
    inputs = flats()
    sides = held_out(inputs, 0.2, seed=3)
    order = np.random.default_rng(1).permutation(len(sides))
    assert np.array_equal(held_out(take(inputs, order), 0.2, seed=3), sides[order])
    assert np.array_equal(held_out(dict(reversed(inputs.items())), 0.2, seed=3), sides)
    pieces = [held_out(take(inputs, slice(start, start + 7)), 0.2, seed=3) for start in range(0, len(sides), 7)]
    assert np.array_equal(np.concatenate(pieces), sides)


@pytest.mark.parametrize("dtype", DTYPES)
def test_equal_rows_stand_on_one_side(dtype: str) -> None:
    """Twins are not parted, whatever their dtype; with two kinds of rows only, a side has all of a kind or none."""
    kinds = np.array(["a\0b", "a\0c"] if dtype == "string" else [0, 1]).astype(numpy_dtype(dtype))
    sides = {tuple(held_out({"x": np.tile(kinds, 50)}, 0.5, seed).reshape(50, 2).sum(axis=0)) for seed in range(20)}
    assert sides == {(0, 0), (0, 50), (50, 0), (50, 50)}


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_a_zero_of_either_sign_is_the_same(dtype: str) -> None:
    """-0.0 equals 0.0, so that rows which differ in it alone are equal rows."""
    for seed in range(20):
        sides = held_out({"x": np.array([0.0, -0.0], dtype)}, 0.5, seed)
        assert sides[0] == sides[1]


def test_where_a_value_stands_counts() -> None:
    """The same values in other columns, or text cut elsewhere, are other rows."""
    a, b = NUMBERS, NUMBERS[::-1].copy()
    assert (held_out({"a": a, "b": b}, 0.5, seed=0) != held_out({"a": b, "b": a}, 0.5, seed=0)).mean() > 0.4
    cuts = {"a": np.array(["ab", "a", ""], object), "b": np.array(["c", "bc", "abc"], object)}
    assert len({tuple(side) for side in np.array([held_out(cuts, 0.5, seed) for seed in range(20)]).T}) == 3


def test_no_rows_have_no_sides() -> None:
    """Nothing is held out of nothing, whatever its shape."""
    sides = held_out(take(flats(), slice(0)), 0.2, seed=0)
    assert sides.shape == (0,)
    assert sides.dtype == bool


@pytest.mark.parametrize("share", [0, 1, -0.2, 20, math.nan])
def test_a_share_that_is_none_is_refused(share: float) -> None:
    """Something must be left on either side."""
    with pytest.raises(RecipeError) as caught:
        held_out(flats(), share, seed=0)
    assert str(caught.value) == f"the share of rows to hold out is {share}, not between 0 and 1"


def test_a_string_that_is_no_text_is_refused() -> None:
    """Half of a surrogate pair, which JSON can carry, is no text; the feature is named."""
    with pytest.raises(RecipeError) as caught:
        held_out({"word": np.array(["fine", "\ud800"], object)}, 0.2, seed=0)
    assert str(caught.value) == r"feature 'word' holds '\ud800': no Unicode text"
