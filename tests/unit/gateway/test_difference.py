"""How far two answers lie apart."""

import math
from typing import Any

import pytest

from gateway import tf_serving_pb2 as pb
from gateway.difference import difference
from gateway.dtypes import DTYPES
from gateway.tensors import Tensor, pack

NAN, INF = math.nan, math.inf


def outputs(dtype: int, *values: Any, shape: list[int] | None = None) -> dict[str, Tensor]:
    """The output y."""
    return {"y": pack(DTYPES[dtype], shape or [len(values)], values)}


@pytest.mark.parametrize(
    ("dtype", "some", "others", "expected"),
    [
        (pb.DT_DOUBLE, [31.0], [31.0], 0.0),
        (pb.DT_DOUBLE, [31.0], [29.4], 0.05),
        (pb.DT_DOUBLE, [0.0, -3.0, 1.0], [0.25, -4.0, 1.0], 0.25),
        (pb.DT_FLOAT, [-1.0], [1.0], 1.0),
        (pb.DT_FLOAT, [NAN, INF, -INF], [NAN, INF, -INF], 0.0),
        (pb.DT_FLOAT, [INF], [-INF], INF),
        (pb.DT_FLOAT, [1.0], [NAN], INF),
        (pb.DT_FLOAT, [INF], [1.0], INF),
        (pb.DT_INT64, [2**62], [0], 1.0),
        (pb.DT_UINT64, [1], [2**64 - 1], 2.0**63),
        (pb.DT_BOOL, [True, False], [True, False], 0.0),
        (pb.DT_BOOL, [True, False], [True, True], 1.0),
        (pb.DT_STRING, [b"a", b"b"], [b"a", b"b"], 0.0),
        (pb.DT_STRING, [b"a", b"b"], [b"a", b"c"], 1.0),
        (pb.DT_FLOAT, [], [], 0.0),
        (pb.DT_FLOAT, [1.0], [1.0, 1.0], INF),
    ],
)
def test_is_the_greatest_of_all(dtype: int, some: list[Any], others: list[Any], expected: float) -> None:
    """The greatest difference in relation to the first answer counts; what is no number is equal or not."""
    assert difference(["y"], outputs(dtype, *some), outputs(dtype, *others)) == pytest.approx(expected)


def test_of_several_outputs_the_greatest_counts() -> None:
    """All outputs of the signature are compared, and none that it does not have."""
    some = {"a": outputs(pb.DT_FLOAT, 1.0)["y"], "b": outputs(pb.DT_STRING, b"x")["y"]}
    others = {"a": outputs(pb.DT_FLOAT, 3.0)["y"], "b": outputs(pb.DT_STRING, b"x")["y"]}
    assert difference(["a", "b"], some, others) == 1.0
    assert difference(["b"], some, others) == 0.0


def test_a_missing_output_is_no_answer() -> None:
    """Nothing can be said of an answer without the output."""
    with pytest.raises(ValueError, match="the output 'y' is missing"):
        difference(["y"], outputs(pb.DT_FLOAT, 1.0), {})
