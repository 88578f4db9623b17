"""Tensors as TensorFlow's messages, and back."""

import functools
import math
import struct
from collections.abc import Sequence
from typing import Any

from gateway import tf_serving_pb2 as pb
from gateway.dtypes import DTYPES, Dtype
from gateway.tensors import Tensor


def to_proto(tensor: Tensor) -> pb.TensorProto:
    """A tensor as a message: numbers in tensor_content, strings in string_val."""
    dtype, shape, content = tensor.dtype.number, _shape(tensor.shape), tensor.content
    if isinstance(content, bytes):
        return pb.TensorProto(dtype=dtype, tensor_shape=shape, tensor_content=content)  # type: ignore[arg-type]  # an enum's number
    return pb.TensorProto(dtype=dtype, tensor_shape=shape, string_val=content)  # type: ignore[arg-type]


def from_proto(proto: pb.TensorProto) -> Tensor:
    """A message as a tensor.

    Args:
        proto: A tensor of a dtype in DTYPES, its elements in tensor_content or in the repeated field; as TensorFlow has
            it, a repeated field that is too short goes on with its last value.

    Returns:
        The tensor.

    Raises:
        ValueError: The dtype is none of ours, or the tensor has not as many elements as its shape says.
    """
    dtype = DTYPES.get(proto.dtype)
    if dtype is None:
        raise ValueError(f"a tensor of dtype {proto.dtype} is not spoken here")
    shape = tuple([dim.size for dim in proto.tensor_shape.dim])
    size = math.prod(shape) if min(shape, default=0) >= 0 else -1
    if dtype.code and (content := proto.tensor_content):
        count, rest = divmod(len(content), dtype.size)
        if rest:
            raise ValueError(f"{len(content)} bytes are no whole number of {dtype.name} values")
        if count != size:
            raise _misfit(count, shape)
        return Tensor(dtype, shape, content)
    values = getattr(proto, dtype.field)
    if len(values) > size or (size and not values):
        raise _misfit(len(values), shape)
    if len(values) < size:
        values = [*values] + values[-1:] * (size - len(values))
    return Tensor(dtype, shape, _packed(dtype, values) if dtype.code else [*values])


def _misfit(count: int, shape: Sequence[int]) -> ValueError:
    return ValueError(f"{count} values do not fill the shape {[*shape]}")


def _packed(dtype: Dtype, values: Sequence[Any]) -> bytes:
    """Values as tensor_content has them."""
    if dtype.field == "half_val":  # it holds the bits of each number, and is wider than they are
        return struct.pack(f"<{len(values)}H", *(value & 0xFFFF for value in values))
    try:
        return struct.pack(f"<{len(values)}{dtype.code}", *values)
    except struct.error as error:
        raise ValueError(f"a value is no {dtype.name}: {error}") from error


@functools.lru_cache(maxsize=256)
def _shape(sizes: tuple[int, ...]) -> pb.TensorShapeProto:
    """A shape, to be copied: to copy one costs less than to make one."""
    return pb.TensorShapeProto(dim=[pb.TensorShapeProto.Dim(size=size) for size in sizes])
