"""One pass over a split finds the same of rows in memory and of rows that come in pieces."""

from collections.abc import Iterator

import numpy as np
import pytest

from src import profiles
from src.dataset import Rows, Split, Stream, join
from src.errors import RecipeError
from src.profiles import Moments, Profile, profile
from tests.unit.src.mixed import MIXED, PARAMS


@pytest.fixture
def rows() -> Split:
    """The mixed recipe's 256 training rows: features of every kind."""
    found = MIXED.load(PARAMS).train
    assert isinstance(found, Split)
    return found


def in_pieces(rows: Split, size: int) -> Stream:
    """The same rows as a stream."""

    def read() -> Iterator[Split]:
        return (rows.take(slice(start, start + size)) for start in range(0, rows.rows, size))

    return Stream(read, rows.rows)


def of(rows: Rows) -> Profile:
    """The profile as the mixed recipe's training split."""
    return profile(MIXED, "train", rows)


@pytest.mark.parametrize("size", [1, 7, 100, 256])
def test_pieces_do_not_matter(rows: Split, size: int) -> None:
    """Count, checksum, range, mean and deviation are the data's, however they are cut."""
    whole, cut = of(rows), of(in_pieces(rows, size))
    assert (cut.rows, cut.sha256) == (whole.rows, whole.sha256) == (256, whole.sha256)
    assert cut.moments.keys() == whole.moments.keys() == {"area", "distance", "rooms"}
    for name, moments in cut.moments.items():
        values = rows.inputs[name].astype("float64")
        assert (moments.min, moments.max) == (values.min(), values.max())
        assert moments.mean == pytest.approx(values.mean(), rel=1e-12)
        assert moments.std == pytest.approx(values.std(), rel=1e-9)


def test_the_moments_of_large_numbers_do_not_cancel() -> None:
    """A spread of 1 around a thousand million is found from portions too, where sums of squares would lose it."""
    values = 1e9 + np.tile([-1.0, 1.0], 500)
    moments = Moments()
    for portion in np.array_split(values, 7):
        moments.add(portion)
    assert moments.mean == pytest.approx(1e9, abs=1e-6)
    assert moments.std == pytest.approx(1, rel=1e-9)


def test_a_small_split_is_its_own_sample(rows: Split) -> None:
    """Nothing is left out, and the order stays."""
    for given in (rows, in_pieces(rows, 50)):
        sample = of(given).sample
        assert np.array_equal(sample.targets, rows.targets)
        assert sample.inputs["remark"].tolist() == rows.inputs["remark"].tolist()


@pytest.mark.parametrize("size", [1, 30, 256])
def test_the_sample_of_a_large_split_is_random_and_always_the_same(
    rows: Split, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So many distinct rows from all over the split, in their order, with their own targets, and the same next time."""
    monkeypatch.setattr(profiles, "SAMPLE_ROWS", 40)
    numbered = Split(rows.inputs, np.arange(256, dtype="float32").reshape(-1, 1))
    sample = of(in_pieces(numbered, size)).sample
    chosen = sample.targets.ravel().astype(int)
    assert len(chosen) == 40
    assert (np.diff(chosen) > 0).all()
    assert (np.bincount(chosen // 64, minlength=4) > 2).all()
    assert np.array_equal(sample.inputs["area"], rows.inputs["area"][chosen])
    assert np.array_equal(of(numbered).sample.targets, sample.targets)


def test_a_split_without_rows_is_refused() -> None:
    """There is nothing to train on or to judge by."""
    with pytest.raises(RecipeError, match=r"^recipe mixed: the train split has no rows$"):
        of(Stream(lambda: iter([]), 0))


def test_joining_keeps_the_order(rows: Split) -> None:
    """Several pieces make the whole again."""
    parts = list(in_pieces(rows, 100).chunks())
    assert [part.rows for part in parts] == [100, 100, 56]
    assert of(join(parts)).sha256 == of(rows).sha256
