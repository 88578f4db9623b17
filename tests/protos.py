"""TensorFlow's messages of values, for servers that tests make up."""

from collections.abc import Sequence
from typing import Any

from gateway import tensors
from gateway import tf_serving_pb2 as pb
from gateway.dtypes import Dtype
from gateway.protos import from_proto, to_proto


def pack(dtype: Dtype, shape: Sequence[int], values: Sequence[Any]) -> pb.TensorProto:
    """A message that holds values, as `gateway.tensors.pack` takes them."""
    return to_proto(tensors.pack(dtype, shape, values))


def unpack(proto: pb.TensorProto) -> tuple[list[Any], list[int]]:
    """The values of a message, and its shape."""
    return tensors.unpack(from_proto(proto))
