"""Which of a tensor's values are looked at."""

import pytest

from gateway import sample as module
from gateway import tf_serving_pb2 as pb
from gateway.dtypes import DTYPES
from gateway.sample import sample
from gateway.tensors import pack

NUMBERS = [float(number) for number in range(12)]


FLOATS = pack(DTYPES[pb.DT_FLOAT], [6, 2], NUMBERS)


@pytest.mark.parametrize(
    ("rows", "values", "seen"),
    [
        (1000, 1000, NUMBERS),
        (6, 12, NUMBERS),
        (3, 12, [0, 1, 4, 5, 8, 9]),
        (4, 12, [0, 1, 2, 3, 6, 7, 8, 9]),
        (6, 5, [0, 1, 6, 7]),
    ],
)
def test_rows_are_whole_and_evenly_spread(
    monkeypatch: pytest.MonkeyPatch,
    rows: int,
    values: int,
    seen: list[float],
) -> None:
    """So many as both bounds have room for."""
    monkeypatch.setattr(module, "MAX_ROWS", rows)
    monkeypatch.setattr(module, "MAX_VALUES", values)
    assert sample(FLOATS, 6) == seen


def test_of_a_wide_row_some_values_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are others each time, so that no place in the row is left out for ever."""
    monkeypatch.setattr(module, "MAX_VALUES", 3)
    drawn = [sample(FLOATS, 1) for _ in range(100)]
    assert {len(set(values)) for values in drawn} == {3}
    assert {value for values in drawn for value in values} == set(NUMBERS)


def test_strings_are_spread_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are never packed."""
    monkeypatch.setattr(module, "MAX_ROWS", 2)
    assert sample(pack(DTYPES[pb.DT_STRING], [4], [b"a", b"b", b"c", b"d"]), 4) == [b"a", b"c"]


def test_nothing_is_no_reason_to_fail() -> None:
    """A tensor without values has none."""
    assert sample(pack(DTYPES[pb.DT_FLOAT], [0], []), 0) == []
