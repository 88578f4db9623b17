"""What a client is told beside an answer: values outside the range seen in training."""

import struct
from typing import Any

import pytest

from gateway import tf_serving_pb2 as pb
from gateway.card import Card, FeatureCard
from gateway.contract import Contract
from gateway.dtypes import DTYPES
from gateway.errors import Place
from gateway.tensors import pack
from tests.unit.gateway.contracts import contract, parse
from tests.unit.gateway.fake_server import FLOAT_COLUMN, info


def ranged(inputs: Any, outputs: Any = None, low: float | None = -1, high: float | None = 4) -> Contract:
    """A contract whose features have all been seen between these bounds."""
    return contract(inputs, outputs, Card(features=[FeatureCard(name, min=low, max=high) for name in inputs]))


def warnings(made: Contract, text: str) -> list[Place]:
    """The warnings for a request that is answered with finite numbers."""
    batch = parse(made, text)
    outputs = {"y": pack(DTYPES[pb.DT_FLOAT], [batch.rows, 1], [0.0] * batch.rows)}
    return made.warnings(batch, made.read(outputs))


def outside(pointer: str, value: str) -> Place:
    """The warning for a value."""
    return Place(pointer, f"{value} lies outside -1 to 4, seen in training")


LINE = ranged({"x": FLOAT_COLUMN})
PAIR = ranged({"a": FLOAT_COLUMN, "b/c": info(pb.DT_INT16, -1, 2)})


@pytest.mark.parametrize(
    ("made", "text", "places"),
    [
        (LINE, "4", []),
        (LINE, "[-1, 0.5, 4]", []),
        (LINE, "10", [outside("/data", "10")]),
        (LINE, "[[4.5], [0], [-1.25]]", [outside("/data/0/0", "4.5"), outside("/data/2/0", "-1.25")]),
        (LINE, '{"x": 5}', [outside("/data/x", "5")]),
        (LINE, '[{"x": 0}, {"x": 5}, {"x": [6]}]', [outside("/data/1/x", "5"), outside("/data/2/x/0", "6")]),
        (
            PAIR,
            '[{"b/c": [0, 7], "a": 5}, {"b/c": [8, 0], "a": [9]}]',
            [
                outside("/data/0/a", "5"),
                outside("/data/1/a/0", "9"),
                outside("/data/0/b~1c/1", "7"),
                outside("/data/1/b~1c/0", "8"),
            ],
        ),
        (PAIR, '{"b/c": [7, 0], "a": 0}', [outside("/data/b~1c/0", "7")]),
        (
            ranged({"x": info(pb.DT_FLOAT, -1, 2, -1)}),
            "[[1, 2, 9], [3, 8, 4]]",
            [outside("/data/0/2", "9"), outside("/data/1/1", "8")],
        ),
        (
            ranged({"x": info(pb.DT_FLOAT, -1, 2, -1)}),
            "[[[0], [0]], [[0], [5]]]",
            [outside("/data/1/1/0", "5")],
        ),
        (
            ranged({"x": info(pb.DT_FLOAT, 2, 2)}),
            "[[0, 5], [6, 0]]",
            [outside("/data/0/1", "5"), outside("/data/1/0", "6")],
        ),
        (ranged({"x": info(pb.DT_FLOAT)}), "5", [outside("/data", "5")]),
    ],
)
def test_points_at_values_outside_the_range_seen(made: Contract, text: str, places: list[Place]) -> None:
    """Each value beyond the card's bounds is pointed at where it stands, feature by feature; the bounds are within."""
    assert warnings(made, text) == places


@pytest.mark.parametrize(
    ("dtype", "text"),
    [(pb.DT_BOOL, "[true, false]"), (pb.DT_STRING, '["~", ""]'), (pb.DT_STRING, '{"b64": "aGk="}')],
)
def test_has_nothing_to_say_of_what_is_no_number(dtype: int, text: str) -> None:
    """Booleans and strings have no range, whatever a card says."""
    assert warnings(ranged({"x": info(dtype, -1)}, low=0.5, high=0.6), text) == []


@pytest.mark.parametrize(("low", "high"), [(None, None), (None, 1), (0, None)])
def test_has_nothing_to_say_without_both_bounds(low: float | None, high: float | None) -> None:
    """A card that does not tell the range says nothing of values."""
    assert warnings(ranged({"x": FLOAT_COLUMN}, low=low, high=high), "[-1e30, 1e30]") == []


def test_lists_at_most_twenty_places() -> None:
    """The first twenty places are enough for a client to see what is meant."""
    places = warnings(ranged({"x": info(pb.DT_FLOAT, -1, 6)}), f"[{', '.join(['[5, 5, 5, 5, 5, 5]'] * 4)}]")
    assert [place.pointer for place in places] == [f"/data/{i // 6}/{i % 6}" for i in range(20)]


def test_the_least_value_seen_is_not_outside() -> None:
    """A bound written in decimals is held against the range as the model sees it: 0.2 as float32 is 0.200000003."""
    low, high = (struct.unpack("<f", struct.pack("<f", bound))[0] for bound in (0.2, 0.7))
    assert low > 0.2
    assert high < 0.7
    contract = ranged({"x": FLOAT_COLUMN}, low=low, high=high)
    batch = contract.parse(contract.data, b"[0.2, 0.7, 0.1999, 0.7001]", "/data")
    assert [place.pointer for place in batch.warnings()] == ["/data/2", "/data/3"]
