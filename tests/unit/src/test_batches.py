"""The order of a run's batches, of rows in memory and of streamed rows."""

from typing import Any

import numpy as np
import pytest

from src import batches as batching
from src.batches import batches, steps_of
from src.dataset import Rows, Split, Stream
from src.recipe import Params
from tests.unit.src.test_profiles import in_pieces


def rows_of(count: int) -> Split:
    """Rows whose numeric and string inputs both tell the row's number, which is the target."""
    numbers = np.arange(count)
    texts = np.array([[f"r{n}"] for n in numbers], object)
    return Split({"n": numbers.astype("float32")[:, None], "text": texts}, numbers.astype("float32")[:, None])


def run(rows: Rows, *, epochs: int = 2, batch_size: int = 8, seed: int = 1) -> list[Any]:
    """All batches of a run, as arrays."""
    params = Params(seed=seed, epochs=epochs, batch_size=batch_size)
    found = list(batches(rows, params, []).as_numpy_iterator())
    assert len(found) == steps_of(rows.rows, params)
    return found


def order(found: list[Any]) -> list[int]:
    """The rows' numbers in the order they came."""
    return [int(number) for _, targets in found for number in targets[:, 0]]


@pytest.mark.parametrize("streamed", [False, True])
def test_inputs_stay_with_their_targets(streamed: bool) -> None:  # noqa: FBT001
    """Whatever the order, a row is a row: numbers, strings and target."""
    rows = rows_of(50)
    for inputs, targets in run(in_pieces(rows, 13) if streamed else rows):
        assert np.array_equal(inputs["n"], targets)
        assert [text.decode() for text in inputs["text"][:, 0]] == [f"r{int(n)}" for n in targets[:, 0]]


def test_every_epoch_has_every_row_in_an_order_of_its_own() -> None:
    """No row twice, none left out, and the last batch may be short."""
    found = run(rows_of(50), epochs=3)
    assert [len(targets) for _, targets in found] == [8, 8, 8, 8, 8, 8, 2] * 3
    epochs = [order(found[start : start + 7]) for start in (0, 7, 14)]
    assert all(sorted(epoch) == list(range(50)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 3


def test_the_order_is_the_seeds() -> None:
    """The same seed gives the same order, and another seed another."""
    orders = [order(run(rows_of(50), seed=seed)) for seed in (1, 1, 2)]
    assert orders[0] == orders[1] != orders[2]


def test_a_stream_of_one_window_is_shuffled_as_rows_in_memory_are() -> None:
    """Whether the data fit in memory does not change the run, as long as a window holds them."""
    rows = rows_of(50)
    assert order(run(in_pieces(rows, 7))) == order(run(rows))


def test_a_stream_is_shuffled_within_windows_of_whole_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows of 20 rows and batches of 8: each window has 16 rows, so that only an epoch's last batch is short."""
    monkeypatch.setattr(batching, "WINDOW_ROWS", 20)
    found = run(in_pieces(rows_of(50), 7), epochs=2)
    assert [len(targets) for _, targets in found] == [8, 8, 8, 8, 8, 8, 2] * 2
    first = order(found[:7])
    assert [sorted(first[start : start + 16]) for start in (0, 16, 32)] == [
        list(range(start, start + 16)) for start in (0, 16, 32)
    ]
    assert sorted(first[48:]) == [48, 49]
    assert first != order(found[7:])


def test_windows_are_read_when_they_are_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream is not read to its end before the first batch is there."""
    monkeypatch.setattr(batching, "WINDOW_ROWS", 8)
    rows, read = rows_of(4000), []

    def pieces() -> Any:
        for start in range(0, 4000, 8):
            read.append(start)
            yield rows.take(slice(start, start + 8))

    iterator = iter(batches(Stream(pieces, 4000), Params(seed=1, epochs=1, batch_size=8), []))
    next(iterator)
    first = len(read)
    assert sum(1 for _ in iterator) == 499  # to the end: TensorFlow complains of one left open
    assert first < 400


def test_rows_of_one_batch_keep_their_order() -> None:
    """Without anything to shuffle, each step sees all rows as they are."""
    for rows in (rows_of(5), in_pieces(rows_of(5), 2)):
        assert [order([batch]) for batch in run(rows, epochs=3)] == [[0, 1, 2, 3, 4]] * 3


def test_a_last_batch_too_small_for_all_devices_is_left_out() -> None:
    """A device without a row would have no mean to give; one row for each is enough."""
    params = Params(seed=1, epochs=2, batch_size=8)
    for rows, replicas, sizes in ((17, 2, [8, 8]), (18, 2, [8, 8, 2]), (17, 1, [8, 8, 1]), (16, 4, [8, 8])):
        found = [len(targets) for _, targets in batches(rows_of(rows), params, [], replicas)]
        assert found == sizes * 2
        assert steps_of(rows, params, replicas) == len(found)
