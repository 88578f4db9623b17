"""Tensors as bytes: little-endian values in row-major order; strings each behind their length in four bytes."""

import itertools
import math
import struct
from collections.abc import Sequence

from gateway.dtypes import Dtype
from gateway.tensors import Tensor, from_bytes, pack


def read(dtype: Dtype, shape: Sequence[int], content: bytes) -> Tensor:
    """A tensor from bytes.

    Args:
        dtype: What its values are.
        shape: Its shape.
        content: The bytes.

    Returns:
        The tensor.

    Raises:
        ValueError: The bytes do not fill the shape, or hold what is no value: a number that is not finite, a boolean
            that is neither 0 nor 1.
    """
    size = math.prod(shape)
    if dtype.kind == "string":
        return pack(dtype, shape, _strings(content, size))
    if len(content) != size * dtype.size:
        raise ValueError(f"expected {size * dtype.size} bytes, got {len(content)}")
    if dtype.kind == "float":
        values = from_bytes(dtype, content)
        if not all(map(math.isfinite, values)):
            index = next(index for index, value in enumerate(values) if not math.isfinite(value))
            raise ValueError(f"expected finite numbers, got {values[index]} at index {index}")
    if dtype.kind == "bool" and content.strip(b"\x00\x01"):
        raise ValueError("expected booleans, 0 or 1, got another byte")
    return Tensor(dtype, tuple(shape), content)


def _strings(content: bytes, size: int) -> list[bytes]:
    strings: list[bytes] = []
    place = 0
    while place < len(content):
        start = place + 4
        place = start + int.from_bytes(content[place:start], "little")
        if place > len(content):
            raise ValueError("a string goes on beyond the end of the bytes")
        strings.append(content[start:place])
    if len(strings) != size:
        raise ValueError(f"expected {size} strings, got {len(strings)}")
    return strings


def write(tensor: Tensor) -> bytes:
    """A tensor as bytes."""
    if isinstance(tensor.content, bytes):
        return tensor.content
    return b"".join(itertools.chain.from_iterable((struct.pack("<I", len(v)), v) for v in tensor.content))
