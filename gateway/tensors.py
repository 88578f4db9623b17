"""Tensors as the gateway holds them: numbers packed as they go over the wire, without NumPy."""

import itertools
import math
import struct
from collections.abc import Sequence
from typing import Any

import msgspec

from gateway import tf_serving_pb2 as pb
from gateway.dtypes import Dtype

STRING_BYTES = 33  # what Python takes for each beside its own


class Tensor(msgspec.Struct, frozen=True):
    """A tensor that has as many values as its shape says.

    Attributes:
        dtype: What its values are.
        shape: Its shape.
        content: Its values in row-major order: of numbers and booleans the bytes, little-endian; else the strings.
    """

    dtype: Dtype
    shape: tuple[int, ...]
    content: bytes | list[bytes]

    @property
    def size_bytes(self) -> int:
        """What it takes in memory, about."""
        if isinstance(self.content, bytes):
            return len(self.content)
        return sum(map(len, self.content)) + STRING_BYTES * len(self.content)


def pack(dtype: Dtype, shape: Sequence[int], values: Sequence[Any]) -> Tensor:
    """Pack values into a tensor.

    Args:
        dtype: What they are.
        shape: The tensor's shape.
        values: As many as it says, in row-major order: numbers within the dtype's bounds, integers for an integer dtype
            in either of Python's types, booleans; for strings, bytes.

    Returns:
        The tensor.

    Raises:
        OverflowError: A number is out of bounds.
    """
    if dtype.kind == "string":
        return Tensor(dtype, tuple(shape), [*values])
    try:
        return Tensor(dtype, tuple(shape), to_bytes(dtype, values))
    except struct.error as error:
        raise OverflowError(f"a value is no {dtype.name}: {error}") from error


def unpack(tensor: Tensor) -> tuple[list[Any], list[int]]:
    """A tensor's values, in row-major order, strings as bytes; and its shape."""
    content = tensor.content
    return from_bytes(tensor.dtype, content) if isinstance(content, bytes) else [*content], [*tensor.shape]


def to_bytes(dtype: Dtype, values: Sequence[Any]) -> bytes:
    """The values as tensor_content has them; not for strings.

    Raises:
        OverflowError: A float is out of bounds.
        struct.error: Something else is.
    """
    if dtype.kind == "int" and float in set(map(type, values)):
        values = list(map(int, values))
    elif dtype.number == pb.DT_BFLOAT16:
        values = [_round_to_bfloat16(bits) for bits in struct.unpack(f"<{len(values)}I", _as_float32(values))]
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


def joined(tensors: Sequence[Tensor]) -> Tensor:
    """The rows of several tensors in one.

    Args:
        tensors: Of one dtype, and of shapes that differ in the first dimension alone.

    Returns:
        The tensor.
    """
    first, contents = tensors[0], list[Any]([tensor.content for tensor in tensors])
    shape = (sum(tensor.shape[0] for tensor in tensors), *first.shape[1:])
    if first.dtype.kind == "string":
        return Tensor(first.dtype, shape, [*itertools.chain.from_iterable(contents)])
    return Tensor(first.dtype, shape, b"".join(contents))


def part(tensor: Tensor, start: int, stop: int) -> Tensor:
    """Some rows of a tensor.

    Args:
        tensor: The tensor, of at least one dimension.
        start: The first row.
        stop: The row behind the last one.

    Returns:
        A tensor of these rows.
    """
    inner = tensor.shape[1:]
    size = math.prod(inner) * (tensor.dtype.size or 1)
    return Tensor(tensor.dtype, (stop - start, *inner), tensor.content[start * size : stop * size])


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
