"""Tensors on the wire: numbers packed into a TensorProto and back, without NumPy."""

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from gateway import tf_serving_pb2 as pb


@dataclass(frozen=True)
class NumericType:
    """A dtype of numbers.

    Attributes:
        name: The dtype's usual name.
        code: Its `struct` format; with `<`, the byte order of tensor_content.
        field: TensorProto's repeated field that holds its values where tensor_content does not.
        number: `int` or `float`.
    """

    name: str
    code: str
    field: str
    number: type[int] | type[float]

    @property
    def bounds(self) -> str:
        """The range of values, in words for a client."""
        if self.number is int:
            bits = 8 * struct.calcsize(f"<{self.code}")
            low, high = (0, 2**bits - 1) if self.code.isupper() else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
            return f"{low} to {high}"
        largest = {"e": 65504.0, "f": 3.4028235e38, "d": 1.7976931348623157e308}[self.code]
        return f"-{largest:g} to {largest:g}"


NUMERIC_TYPES: dict[int, NumericType] = {
    pb.DT_HALF: NumericType("float16", "e", "half_val", float),
    pb.DT_FLOAT: NumericType("float32", "f", "float_val", float),
    pb.DT_DOUBLE: NumericType("float64", "d", "double_val", float),
    pb.DT_INT8: NumericType("int8", "b", "int_val", int),
    pb.DT_INT16: NumericType("int16", "h", "int_val", int),
    pb.DT_INT32: NumericType("int32", "i", "int_val", int),
    pb.DT_INT64: NumericType("int64", "q", "int64_val", int),
    pb.DT_UINT8: NumericType("uint8", "B", "int_val", int),
    pb.DT_UINT16: NumericType("uint16", "H", "int_val", int),
    pb.DT_UINT32: NumericType("uint32", "I", "uint32_val", int),
    pb.DT_UINT64: NumericType("uint64", "Q", "uint64_val", int),
}


class OutOfRangeError(ValueError):
    """A number that its dtype cannot hold.

    Attributes:
        index: Which of the packed values it is.
    """

    def __init__(self, index: int) -> None:
        super().__init__(f"value {index} is out of range")
        self.index = index


def pack(dtype: int, shape: Sequence[int], values: Sequence[float]) -> pb.TensorProto:
    """Pack numbers into a tensor.

    Args:
        dtype: A key of NUMERIC_TYPES.
        shape: The tensor's shape.
        values: Its elements in row-major order; int for integer dtypes.

    Returns:
        The tensor, with tensor_content.

    Raises:
        OutOfRangeError: A value is outside the dtype's range (struct refuses what would become infinite, too).
    """
    code = NUMERIC_TYPES[dtype].code
    try:
        content = struct.pack(f"<{len(values)}{code}", *values)
    except (struct.error, OverflowError) as error:
        raise OutOfRangeError(_first_unpackable(code, values)) from error
    dims = [pb.TensorShapeProto.Dim(size=size) for size in shape]
    return pb.TensorProto(dtype=dtype, tensor_shape=pb.TensorShapeProto(dim=dims), tensor_content=content)  # type: ignore[arg-type]  # an enum's number


def _first_unpackable(code: str, values: Sequence[float]) -> int:
    for index, value in enumerate(values):
        try:
            struct.pack(f"<{code}", value)
        except (struct.error, OverflowError):
            return index
    raise AssertionError("all values fit one by one")


def unpack(tensor: pb.TensorProto) -> tuple[list[float], list[int]]:
    """Unpack a tensor's numbers.

    Args:
        tensor: A tensor of a dtype in NUMERIC_TYPES, its elements in tensor_content or in the repeated field; as
            TensorFlow has it, a repeated field that is too short goes on with its last value.

    Returns:
        The elements in row-major order, and the shape.

    Raises:
        ValueError: The tensor is not of a numeric dtype, or has not as many elements as its shape says.
    """
    kind = NUMERIC_TYPES.get(tensor.dtype)
    if kind is None:
        raise ValueError(f"a tensor of {pb.DataType.Name(tensor.dtype)} holds no numbers")
    shape = [dim.size for dim in tensor.tensor_shape.dim]
    size = math.prod(shape)
    if tensor.tensor_content:
        content = tensor.tensor_content
        if len(content) != size * struct.calcsize(f"<{kind.code}"):
            raise ValueError(f"{len(content)} bytes of {kind.name} do not fill the shape {shape}")
        return list(struct.unpack(f"<{size}{kind.code}", content)), shape
    values: list[float] = list(getattr(tensor, kind.field))
    if tensor.dtype == pb.DT_HALF:  # half_val holds the bits of each number
        values = [struct.unpack("<e", struct.pack("<H", bits))[0] for bits in values]
    if len(values) > size or (size and not values):
        raise ValueError(f"{len(values)} values do not fill the shape {shape}")
    return values + values[-1:] * (size - len(values)), shape
