"""Tensors on the wire, held against TensorFlow's own reading and writing of them."""

import math
import struct
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import example, given
from hypothesis import strategies as st
from tensorflow.core.framework.tensor_pb2 import TensorProto

from gateway import tf_serving_pb2 as pb
from gateway.dtypes import DTYPES, Dtype
from gateway.protos import from_proto, to_proto
from gateway.tensors import Tensor, from_bytes, joined, pack, part, to_bytes, unpack

FIXED = [dtype for dtype in DTYPES.values() if dtype.kind != "string"]
FLOATS = [dtype for dtype in FIXED if dtype.kind == "float"]
INTEGERS = [dtype for dtype in FIXED if dtype.kind == "int"]
BFLOAT16 = DTYPES[pb.DT_BFLOAT16]


def name(value: object) -> str | None:
    """A dtype's name, for the test's."""
    return value.name if isinstance(value, Dtype) else None


def read_by_tensorflow(proto: pb.TensorProto) -> Any:
    """The array that TensorFlow reads from a message of ours."""
    return tf.make_ndarray(TensorProto.FromString(proto.SerializeToString()))


def written_by_tensorflow(values: Any, dtype: Dtype, shape: list[int]) -> pb.TensorProto:
    """A tensor as TensorFlow writes it."""
    array = np.array(values, tf.as_dtype(dtype.name).as_numpy_dtype).reshape(shape)
    return pb.TensorProto.FromString(tf.make_tensor_proto(array).SerializeToString())


@pytest.mark.parametrize("dtype", DTYPES.values(), ids=name)
def test_has_tensorflows_names_numbers_and_bounds(dtype: Dtype) -> None:
    """Each dtype is TensorFlow's of the same name; a number's bounds are its greatest and least finite values."""
    reference = tf.as_dtype(dtype.number)
    assert reference.name == dtype.name
    if dtype.kind in ("float", "int"):
        assert (dtype.low, dtype.high) == (reference.min, reference.max)
        assert dtype.size == reference.size


@pytest.mark.parametrize(
    ("number", "datatype"),
    [
        (pb.DT_HALF, "FP16"),
        (pb.DT_BFLOAT16, "BF16"),
        (pb.DT_FLOAT, "FP32"),
        (pb.DT_DOUBLE, "FP64"),
        (pb.DT_INT8, "INT8"),
        (pb.DT_INT64, "INT64"),
        (pb.DT_UINT16, "UINT16"),
        (pb.DT_BOOL, "BOOL"),
        (pb.DT_STRING, "BYTES"),
    ],
)
def test_has_the_protocols_names(number: int, datatype: str) -> None:
    """The Open Inference Protocol names the dtypes by kind and bits."""
    assert DTYPES[number].datatype == datatype


@pytest.mark.parametrize("dtype", FIXED, ids=name)
def test_tensorflow_reads_what_is_packed(dtype: Dtype) -> None:
    """Values from the least to the greatest arrive in TensorFlow in their shape, and come back."""
    values = [dtype.low, 0, 1, dtype.high] if dtype.kind != "bool" else [True, False, False, True]
    tensor = pack(dtype, [2, 2], values)
    array = read_by_tensorflow(to_proto(tensor))
    assert (array.shape, array.dtype.name) == ((2, 2), dtype.name)
    assert array.ravel().tolist() == values
    assert unpack(tensor) == (values, [2, 2])
    assert from_proto(to_proto(tensor)) == tensor


def test_tensorflow_reads_strings() -> None:
    """Strings are bytes, whatever is in them."""
    tensor = pack(DTYPES[pb.DT_STRING], [2, 1], [b"\x00\xff", b""])
    assert read_by_tensorflow(to_proto(tensor)).tolist() == [[b"\x00\xff"], [b""]]
    assert unpack(tensor) == ([b"\x00\xff", b""], [2, 1])


@pytest.mark.parametrize("shape", [[], [1], [3], [2, 2], [0], [2, 0]], ids=str)
@pytest.mark.parametrize("dtype", DTYPES.values(), ids=name)
def test_reads_what_tensorflow_writes(dtype: Dtype, shape: list[int]) -> None:
    """Tensors of TensorFlow's own making are read, of whatever rank, in content or in fields."""
    some: dict[str, list[Any]] = {"bool": [True, False, True, True], "string": [b"a", b"", b"\xff", b"d"]}
    values = some.get(dtype.kind, [1, 0, 3, 2])[: math.prod(shape)]
    assert unpack(from_proto(written_by_tensorflow(values, dtype, shape))) == (values, shape)


@pytest.mark.parametrize("dtype", FIXED, ids=name)
def test_reads_repeated_fields(dtype: Dtype) -> None:
    """Values in the dtype's own field are read too; the last one stands for all that are missing."""
    values = [1, 0, 1, 1] if dtype.kind == "bool" else [dtype.high, 0, 2, 2]
    content = np.array(values[:3], tf.as_dtype(dtype.name).as_numpy_dtype)
    stored = content.view(np.uint16) if dtype.field == "half_val" else content
    tensor = pb.TensorProto(dtype=dtype.number, **{dtype.field: stored.tolist()})  # type: ignore[arg-type]
    tensor.tensor_shape.dim.add(size=4)
    assert unpack(from_proto(tensor)) == (values, [4])
    assert read_by_tensorflow(tensor).tolist() == values


def test_reads_the_lower_half_of_what_holds_half_floats() -> None:
    """half_val is wider than a half float; what is above its 16 bits does not count, as with TensorFlow."""
    tensor = pb.TensorProto(dtype=pb.DT_HALF, half_val=[0x13C00, -0x4000])
    tensor.tensor_shape.dim.add(size=2)
    assert unpack(from_proto(tensor)) == ([1.0, -2.0], [2])


@pytest.mark.parametrize("dtype", [*FLOATS, *INTEGERS], ids=name)
def test_refuses_to_pack_what_is_beyond_the_bounds(dtype: Dtype) -> None:
    """Nothing wraps around and nothing becomes infinite."""
    beyond = [dtype.low - 1, dtype.high + 1] if dtype.kind == "int" else [dtype.low * 1.01, dtype.high * 1.01]
    for value in beyond:
        if not math.isinf(value):  # beyond float64, Python has no number
            with pytest.raises(OverflowError):
                pack(dtype, [2], [1, value])


@pytest.mark.parametrize("dtype", INTEGERS, ids=name)
def test_packs_integers_of_either_type(dtype: Dtype) -> None:
    """A whole float is the integer that it is, to the last digit beside integers that no float could hold."""
    values = [dtype.high, 3.0, dtype.low, -0.0]
    assert unpack(pack(dtype, [4], values)) == ([dtype.high, 3, dtype.low, 0], [4])


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False)))
def test_packs_little_endian_float32(values: list[float]) -> None:
    """tensor_content holds the numbers row by row, four bytes each, lowest first."""
    assert pack(DTYPES[pb.DT_FLOAT], [len(values)], values).content == np.array(values, "<f4").tobytes()


@given(st.floats(BFLOAT16.low, BFLOAT16.high))
@example(1 + 2**-8)  # halfway to the next: the even one is below
@example(1 + 3 * 2**-8)  # here it is above
@example(-(1 + 2**-8))
@example(1 + 2**-8 + 2**-23)
@example(2.0**-133)  # the least of all, and half of it
@example(2.0**-134)
@example(-0.0)
@example(BFLOAT16.high)
def test_rounds_to_bfloat16_as_tensorflow_does(value: float) -> None:
    """Ties go to the even neighbour."""
    reference = np.array([value], np.float64).astype(np.float32).astype(tf.bfloat16.as_numpy_dtype)
    assert to_bytes(BFLOAT16, [value]) == reference.tobytes()


@pytest.mark.parametrize("value", [3.4e38, -3.4e38])
def test_a_number_that_would_round_to_infinity_is_no_bfloat16(value: float) -> None:
    """The greatest float32 numbers are nearer to infinity than to a finite bfloat16."""
    with pytest.raises(OverflowError):
        pack(BFLOAT16, [1], [value])


@pytest.mark.parametrize("dtype", FLOATS, ids=name)
def test_infinities_are_written_as_they_are(dtype: Dtype) -> None:
    """A model may answer with them."""
    values = from_bytes(dtype, to_bytes(dtype, [math.inf, -math.inf, math.nan]))
    assert values[:2] == [math.inf, -math.inf]
    assert math.isnan(values[2])


@pytest.mark.parametrize("dtype", [dtype for dtype in FIXED if dtype.size > 1], ids=name)
def test_refuses_bytes_that_are_no_whole_number_of_values(dtype: Dtype) -> None:
    """A byte too few is an error, not a value."""
    with pytest.raises(ValueError, match=f"{dtype.size * 2 - 1} bytes are no whole number of {dtype.name} values"):
        from_bytes(dtype, bytes(dtype.size * 2 - 1))


@pytest.mark.parametrize(
    ("tensor", "message"),
    [
        (pb.TensorProto(dtype=pb.DT_COMPLEX64), "a tensor of dtype 8 is not spoken here"),
        (pb.TensorProto(dtype=pb.DT_STRING, string_val=[b"a", b"b", b"c"]), "3 values do not fill the shape [2]"),
        (pb.TensorProto(dtype=pb.DT_FLOAT, float_val=[1, 2, 3]), "3 values do not fill the shape [2]"),
        (pb.TensorProto(dtype=pb.DT_FLOAT), "0 values do not fill the shape [2]"),
        (
            pb.TensorProto(dtype=pb.DT_FLOAT, tensor_content=struct.pack("<3f", 1, 2, 3)),
            "3 values do not fill the shape [2]",
        ),
        (pb.TensorProto(dtype=pb.DT_FLOAT, tensor_content=struct.pack("<f", 1)), "1 values do not fill the shape [2]"),
        (pb.TensorProto(dtype=pb.DT_FLOAT, tensor_content=b"1234567"), "7 bytes are no whole number of float32 values"),
    ],
)
def test_refuses_tensors_that_are_not_whole(tensor: pb.TensorProto, message: str) -> None:
    """A tensor of another dtype, or with too many or too few values, is an error."""
    tensor.tensor_shape.dim.add(size=2)
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the message is compared below
        from_proto(tensor)
    assert str(caught.value) == message


def some(dtype: Dtype, count: int) -> list[Any]:
    """Different values of a dtype."""
    if dtype.kind == "string":
        return [f"{index}".encode() for index in range(count)]
    return [bool(index % 2) if dtype.kind == "bool" else dtype_of(dtype)(index) for index in range(count)]


def dtype_of(dtype: Dtype) -> type[int] | type[float]:
    """The type of its numbers in Python."""
    return float if dtype.kind == "float" else int


@pytest.mark.parametrize("dtype", DTYPES.values(), ids=name)
@pytest.mark.parametrize("inner", [[], [2], [2, 1]], ids=str)
def test_joined_and_taken_apart(dtype: Dtype, inner: list[int]) -> None:
    """Joined tensors have one's rows behind the other's, and come apart again."""
    size = math.prod(inner)
    values = some(dtype, 3 * size)
    whole = pack(dtype, [3, *inner], values)
    parts = [pack(dtype, [1, *inner], values[:size]), pack(dtype, [2, *inner], values[size:])]

    assert joined(parts) == whole
    assert [part(whole, 0, 1), part(whole, 1, 3)] == parts


@pytest.mark.parametrize("shape", [[-1], [-1, -2], [2, -1]], ids=str)
def test_refuses_shapes_that_are_none(shape: list[int]) -> None:
    """A dimension that is not known is none of a tensor that has values."""
    proto = pb.TensorProto(dtype=pb.DT_FLOAT, float_val=[1.0, 2.0])
    proto.tensor_shape.dim.extend(pb.TensorShapeProto.Dim(size=size) for size in shape)
    with pytest.raises(ValueError, match="2 values do not fill the shape"):
        from_proto(proto)


def test_refuses_what_its_dtype_cannot_hold() -> None:
    """A repeated field is wider than some of the dtypes that use it."""
    proto = pb.TensorProto(dtype=pb.DT_INT8, int_val=[300])
    proto.tensor_shape.dim.add(size=1)
    with pytest.raises(ValueError, match="a value is no int8"):
        from_proto(proto)


@pytest.mark.parametrize(
    ("tensor", "size"),
    [(pack(DTYPES[pb.DT_FLOAT], [2], [1, 2]), 8), (pack(DTYPES[pb.DT_STRING], [2], [b"abc", b""]), 69)],
)
def test_tells_what_it_takes_in_memory(tensor: Tensor, size: int) -> None:
    """Numbers take their bytes; strings what Python takes for each, too."""
    assert tensor.size_bytes == size
