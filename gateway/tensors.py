"""Tensors on the wire: values packed into a TensorProto and back, without NumPy."""

import functools
import itertools
import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from gateway import tf_serving_pb2 as pb

Kind = Literal["float", "int", "bool", "string"]


@dataclass(frozen=True)
class Dtype:
    """A dtype that the gateway speaks.

    Attributes:
        name: Its usual name.
        kind: What its values are in JSON.
        number: Its number in TensorFlow's DataType.
        field: TensorProto's repeated field that holds its values where tensor_content does not.
        code: Its `struct` format; with `<`, the byte order of tensor_content. Strings have none; bfloat16, which struct
            does not know, has that of its bits.
        low: The least value, for numbers.
        high: The greatest finite value, for numbers.
    """

    name: str
    kind: Kind
    number: int
    field: str
    code: str = ""
    low: float = 0
    high: float = 0

    @property
    def datatype(self) -> str:
        """Its name in the Open Inference Protocol, such as FP32."""
        names = {"bool": "BOOL", "string": "BYTES", "bfloat16": "BF16"}
        return names.get(self.name, self.name.upper().replace("FLOAT", "FP"))

    @property
    def size(self) -> int:
        """Bytes of one value in tensor_content."""
        return struct.calcsize(f"<{self.code}")


def _float(name: str, number: int, field: str, code: str, high: float) -> Dtype:
    return Dtype(name, "float", number, field, code, -high, high)


def _int(name: str, number: int, field: str, code: str) -> Dtype:
    bits = 8 * struct.calcsize(f"<{code}")
    low, high = (0, 2**bits - 1) if code.isupper() else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    return Dtype(name, "int", number, field, code, low, high)


# The greatest finite numbers are (2 - 2**-p) * 2**e, with p bits of fraction and the largest exponent e (IEEE 754).
DTYPES: dict[int, Dtype] = {
    dtype.number: dtype
    for dtype in (
        _float("float16", pb.DT_HALF, "half_val", "e", 65504.0),
        _float("bfloat16", pb.DT_BFLOAT16, "half_val", "H", (2 - 2**-7) * 2.0**127),
        _float("float32", pb.DT_FLOAT, "float_val", "f", (2 - 2**-23) * 2.0**127),
        _float("float64", pb.DT_DOUBLE, "double_val", "d", (2 - 2**-52) * 2.0**1023),
        _int("int8", pb.DT_INT8, "int_val", "b"),
        _int("int16", pb.DT_INT16, "int_val", "h"),
        _int("int32", pb.DT_INT32, "int_val", "i"),
        _int("int64", pb.DT_INT64, "int64_val", "q"),
        _int("uint8", pb.DT_UINT8, "int_val", "B"),
        _int("uint16", pb.DT_UINT16, "int_val", "H"),
        _int("uint32", pb.DT_UINT32, "uint32_val", "I"),
        _int("uint64", pb.DT_UINT64, "uint64_val", "Q"),
        Dtype("bool", "bool", pb.DT_BOOL, "bool_val", "?"),
        Dtype("string", "string", pb.DT_STRING, "string_val"),
    )
}


def tensor(dtype: Dtype, shape: Sequence[int], content: bytes) -> pb.TensorProto:
    """A tensor of bytes that are packed already; not for strings."""
    return pb.TensorProto(dtype=dtype.number, tensor_shape=_shape(shape), tensor_content=content)  # type: ignore[arg-type]  # an enum's number


def pack(dtype: Dtype, shape: Sequence[int], values: Sequence[Any]) -> pb.TensorProto:
    """Pack values into a tensor.

    Args:
        dtype: What they are.
        shape: The tensor's shape.
        values: Its elements in row-major order: numbers within the dtype's bounds, integers for an integer dtype in
            either of Python's types, booleans; for strings, bytes.

    Returns:
        The tensor, with tensor_content, or string_val for strings.

    Raises:
        OverflowError: A number is out of bounds.
    """
    if dtype.kind == "string":
        return pb.TensorProto(dtype=pb.DT_STRING, tensor_shape=_shape(shape), string_val=values)
    try:
        return tensor(dtype, shape, to_bytes(dtype, values))
    except struct.error as error:
        raise OverflowError(f"a value is no {dtype.name}: {error}") from error


def to_bytes(dtype: Dtype, values: Sequence[Any]) -> bytes:
    """The values as tensor_content has them; not for strings.

    Raises:
        OverflowError: A float is out of bounds.
        struct.error: Something else is.
    """
    if dtype.number == pb.DT_BFLOAT16:
        values = [_round_to_bfloat16(bits) for bits in struct.unpack(f"<{len(values)}I", _as_float32(values))]
    elif dtype.kind == "int" and float in set(map(type, values)):
        values = list(map(int, values))
    return struct.pack(f"<{len(values)}{dtype.code}", *values)


def from_bytes(dtype: Dtype, content: bytes) -> list[Any]:
    """The values of tensor_content; not for strings.

    Raises:
        ValueError: The length is no multiple of a value's.
    """
    count, rest = divmod(len(content), dtype.size)
    if rest:
        raise ValueError(f"{len(content)} bytes are no whole number of {dtype.name} values")
    return _from_bits(dtype, struct.unpack(f"<{count}{dtype.code}", content))


def unpack(proto: pb.TensorProto) -> tuple[list[Any], list[int]]:
    """Unpack a tensor's values.

    Args:
        proto: A tensor of a dtype in DTYPES, its elements in tensor_content or in the repeated field; as TensorFlow has
            it, a repeated field that is too short goes on with its last value.

    Returns:
        The elements in row-major order, strings as bytes; and the shape.

    Raises:
        ValueError: The dtype is none of ours, or the tensor has not as many elements as its shape says.
    """
    dtype = DTYPES.get(proto.dtype)
    if dtype is None:
        raise ValueError(f"a tensor of dtype {proto.dtype} is not spoken here")
    shape = [dim.size for dim in proto.tensor_shape.dim]
    size = math.prod(shape)
    if proto.tensor_content and dtype.code:
        values = from_bytes(dtype, proto.tensor_content)
        if len(values) != size:
            raise ValueError(f"{len(values)} values do not fill the shape {shape}")
        return values, shape
    values = list(getattr(proto, dtype.field))
    if dtype.field == "half_val":  # it holds the bits of each number
        values = _from_bits(dtype, struct.unpack(f"<{len(values)}{dtype.code}", _as_uint16(values)))
    if len(values) > size or (size and not values):
        raise ValueError(f"{len(values)} values do not fill the shape {shape}")
    return values + values[-1:] * (size - len(values)), shape


def joined(tensors: Sequence[pb.TensorProto]) -> pb.TensorProto:
    """The rows of several tensors in one.

    Args:
        tensors: As `pack` and `tensor` make them; of one dtype, and of shapes that differ in the first dimension alone.

    Returns:
        The tensor.
    """
    first = tensors[0]
    shape = [sum(each.tensor_shape.dim[0].size for each in tensors), *(dim.size for dim in first.tensor_shape.dim[1:])]
    if first.dtype == pb.DT_STRING:
        texts = itertools.chain.from_iterable(each.string_val for each in tensors)
        return pb.TensorProto(dtype=pb.DT_STRING, tensor_shape=_shape(shape), string_val=texts)
    return tensor(DTYPES[first.dtype], shape, b"".join(each.tensor_content for each in tensors))


def part(proto: pb.TensorProto, start: int, stop: int) -> pb.TensorProto:
    """Some rows of a tensor.

    Args:
        proto: The tensor, of at least one dimension, as the model server sends it.
        start: The first row.
        stop: The row behind the last one.

    Returns:
        A tensor of these rows; one without values, if the whole has not as many as its shape says.
    """
    rows, *inner = [dim.size for dim in proto.tensor_shape.dim]
    found = pb.TensorProto(dtype=proto.dtype, tensor_shape=_shape([stop - start, *inner]))
    size, dtype = math.prod(inner), DTYPES.get(proto.dtype)
    if dtype is None:
        return found
    if proto.tensor_content and dtype.code:
        if len(proto.tensor_content) == rows * size * dtype.size:
            found.tensor_content = proto.tensor_content[start * size * dtype.size : stop * size * dtype.size]
        return found
    values = getattr(proto, dtype.field)
    if len(values) <= rows * size:  # one that is too short goes on with its last value
        getattr(found, dtype.field).extend(values[start * size : stop * size] or values[-1:])
    return found


def _shape(sizes: Sequence[int]) -> pb.TensorShapeProto:
    return _shape_of(tuple(sizes))


@functools.lru_cache(maxsize=256)
def _shape_of(sizes: tuple[int, ...]) -> pb.TensorShapeProto:
    """A shape, to be copied: to copy one costs less than to make one."""
    return pb.TensorShapeProto(dim=[pb.TensorShapeProto.Dim(size=size) for size in sizes])


def _from_bits(dtype: Dtype, values: Sequence[Any]) -> list[Any]:
    """bfloat16 is the upper half of a float32."""
    if dtype.number != pb.DT_BFLOAT16:
        return list(values)
    return list(struct.unpack(f"<{len(values)}f", struct.pack(f"<{len(values)}I", *(bits << 16 for bits in values))))


def _round_to_bfloat16(bits: int) -> int:
    """The nearest bfloat16's bits, ties to even, as TensorFlow rounds.

    Raises:
        OverflowError: The number is finite, and the nearest is not.
    """
    rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16
    if rounded & 0x7FFF == 0x7F80 and bits & 0x7FFFFFFF < 0x7F800000:
        raise OverflowError("float too large to pack as bfloat16")
    return rounded


def _as_float32(values: Sequence[float]) -> bytes:
    return struct.pack(f"<{len(values)}f", *values)


def _as_uint16(values: Sequence[int]) -> bytes:
    """The lower halves, as TensorFlow reads them: the field's numbers are wider than what they hold."""
    return struct.pack(f"<{len(values)}H", *(value & 0xFFFF for value in values))
