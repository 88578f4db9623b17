import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import tf_serving_pb2 as pb
from gateway.nesting import depth_of, flatten, nest, pointer
from gateway.tensors import NUMERIC_TYPES, OutOfRangeError, pack, unpack

BOUNDS: dict[int, tuple[float, float]] = {
    pb.DT_HALF: (-65504, 65504),
    pb.DT_FLOAT: (-3.4028234663852886e38, 3.4028234663852886e38),
    pb.DT_DOUBLE: (-1.7976931348623157e308, 1.7976931348623157e308),
    pb.DT_INT8: (-128, 127),
    pb.DT_INT16: (-(2**15), 2**15 - 1),
    pb.DT_INT32: (-(2**31), 2**31 - 1),
    pb.DT_INT64: (-(2**63), 2**63 - 1),
    pb.DT_UINT8: (0, 255),
    pb.DT_UINT16: (0, 2**16 - 1),
    pb.DT_UINT32: (0, 2**32 - 1),
    pb.DT_UINT64: (0, 2**64 - 1),
}


@pytest.mark.parametrize("dtype", NUMERIC_TYPES)
def test_holds_the_whole_range_of_a_dtype(dtype: int) -> None:
    """The least and the greatest value of each dtype survive the way through a tensor; the next ones are refused."""
    bounds = BOUNDS[dtype]
    assert unpack(pack(dtype, [2], bounds)) == (list(bounds), [2])
    if NUMERIC_TYPES[dtype].number is int:
        assert NUMERIC_TYPES[dtype].bounds == f"{bounds[0]} to {bounds[1]}"
        beyond = (bounds[0] - 1, bounds[1] + 1)
    else:
        beyond = (bounds[0] * 1.1, bounds[1] * 1.1)
    for value in beyond:
        if not math.isinf(value):  # nothing lies beyond float64 that Python could hold
            with pytest.raises(OutOfRangeError) as caught:
                pack(dtype, [2], [1, value])
            assert caught.value.index == 1


@given(st.lists(st.floats(width=32, allow_nan=False), min_size=1))
def test_packs_little_endian_float32(values: list[float]) -> None:
    """tensor_content holds the numbers as TensorFlow reads them: row by row, four bytes each, lowest first."""
    finite = [value for value in values if math.isfinite(value)]
    tensor = pack(pb.DT_FLOAT, [len(finite)], finite)
    assert tensor.tensor_content == b"".join(struct.pack("<f", value) for value in finite)


@pytest.mark.parametrize(
    ("tensor", "values"),
    [
        (pb.TensorProto(dtype=pb.DT_FLOAT, float_val=[1.5, 2.5]), [1.5, 2.5]),
        (pb.TensorProto(dtype=pb.DT_FLOAT, float_val=[1.5]), [1.5, 1.5]),
        (pb.TensorProto(dtype=pb.DT_DOUBLE, double_val=[1.5, 2.5]), [1.5, 2.5]),
        (pb.TensorProto(dtype=pb.DT_HALF, half_val=[0x3C00, 0x4000]), [1.0, 2.0]),
        (pb.TensorProto(dtype=pb.DT_INT8, int_val=[-1, 2]), [-1, 2]),
        (pb.TensorProto(dtype=pb.DT_INT64, int64_val=[-1, 2**62]), [-1, 2**62]),
        (pb.TensorProto(dtype=pb.DT_UINT32, uint32_val=[1, 2**32 - 1]), [1, 2**32 - 1]),
        (pb.TensorProto(dtype=pb.DT_UINT64, uint64_val=[1, 2**64 - 1]), [1, 2**64 - 1]),
    ],
)
def test_reads_repeated_fields(tensor: pb.TensorProto, values: list[float]) -> None:
    """Numbers in the dtype's repeated field are read too; the last one stands for all that are missing."""
    tensor.tensor_shape.dim.add(size=2)
    assert unpack(tensor) == (values, [2])


@pytest.mark.parametrize(
    "tensor",
    [
        pb.TensorProto(dtype=pb.DT_STRING, string_val=[b"a", b"b"]),
        pb.TensorProto(dtype=pb.DT_FLOAT, float_val=[1, 2, 3]),
        pb.TensorProto(dtype=pb.DT_FLOAT),
        pb.TensorProto(dtype=pb.DT_FLOAT, tensor_content=b"1234567"),
    ],
)
def test_refuses_tensors_that_are_not_whole(tensor: pb.TensorProto) -> None:
    """A tensor of other than numbers, or with too many or too few of them, is an error."""
    tensor.tensor_shape.dim.add(size=2)
    with pytest.raises(ValueError, match=r"holds no numbers|fill the shape"):
        unpack(tensor)


@given(st.lists(st.integers(1, 4), min_size=1, max_size=4))
def test_flattening_undoes_nesting(shape: list[int]) -> None:
    """Flat values that are nested and flattened again are the same, and each pointer leads to its value."""
    values = list(range(math.prod(shape)))
    nested = nest(values, shape)
    assert depth_of(nested) == len(shape)
    assert flatten(nested, [None] * len(shape)) == (values, shape)
    for value in values:
        found = nested
        for place in pointer(value, shape).split("/")[2:]:
            found = found[int(place)]
        assert found == value  # type: ignore[comparison-overlap]  # the last level holds numbers
