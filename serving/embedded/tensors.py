"""TensorProto to NumPy and back."""

import math

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2, tensor_shape_pb2, types_pb2

from serving.embedded.errors import invalid_argument

# TensorFlow Serving answers with repeated value fields; any other dtype comes as tensor_content.
_FIELDS = {
    tf.float32: "float_val",
    tf.float64: "double_val",
    tf.int8: "int_val",
    tf.int16: "int_val",
    tf.int32: "int_val",
    tf.uint8: "int_val",
    tf.uint16: "int_val",
    tf.int64: "int64_val",
    tf.bool: "bool_val",
    tf.string: "string_val",
}

_NUMBERS = {
    dtype.as_datatype_enum: np.dtype(dtype.as_numpy_dtype) for dtype in _FIELDS if dtype.is_floating or dtype.is_integer
}


def from_proto(alias: str, proto: tensor_pb2.TensorProto) -> np.ndarray:
    """Read a tensor from a request; all but the usual by the same C++ code as TensorFlow Serving.

    Args:
        alias: the input's name in the signature, for the message.
        proto: the tensor, in value fields or tensor_content.

    Returns:
        Its values, with the dtype and shape that the message states; strings as bytes.

    Raises:
        RequestError: INVALID_ARGUMENT if dtype, shape and content do not fit each other.
    """
    if (usual := _numbers(proto)) is not None:
        return usual
    try:
        values: np.ndarray = tf.io.parse_tensor(proto.SerializeToString(), proto.dtype).numpy()
    except (tf.errors.OpError, TypeError) as error:  # TypeError: the dtype is none that TensorFlow knows
        raise invalid_argument(f"tensor parsing error: {alias}") from error
    return values if isinstance(values, np.ndarray) else np.array(values, dtype=object)  # a single string is bytes


def _numbers(proto: tensor_pb2.TensorProto) -> np.ndarray | None:
    """Numbers that fill their shape as bytes, which clients send: to have TensorFlow read them would double a call."""
    dtype, shape = _NUMBERS.get(proto.dtype), [dim.size for dim in proto.tensor_shape.dim]
    if dtype is None or min(shape, default=0) < 0 or len(proto.tensor_content) != math.prod(shape) * dtype.itemsize:
        return None
    return np.frombuffer(proto.tensor_content, dtype).reshape(shape)


def to_proto(values: np.ndarray) -> tensor_pb2.TensorProto:
    """Write a tensor for an answer.

    Args:
        values: any dense tensor, strings as bytes.

    Returns:
        The same dtype, shape and values.
    """
    values = np.asarray(values, dtype=object if isinstance(values, bytes) else None)  # a single string is no array
    dtype = tf.as_dtype(values.dtype)
    field = _FIELDS.get(dtype)
    if field is None:
        return tf.make_tensor_proto(values)
    dims = [tensor_shape_pb2.TensorShapeProto.Dim(size=size) for size in values.shape]
    shape = tensor_shape_pb2.TensorShapeProto(dim=dims)
    return tensor_pb2.TensorProto(dtype=dtype.as_datatype_enum, tensor_shape=shape, **{field: values.ravel().tolist()})


def dtype_name(number: int) -> str:
    """Name a dtype as TensorFlow Serving's messages do.

    Args:
        number: a value of the enum `tensorflow.DataType`.

    Returns:
        For example `float`, `double`, `string`; the number itself if the enum has no such value.
    """
    value = types_pb2.DataType.DESCRIPTOR.values_by_number.get(number)
    return value.name.removeprefix("DT_").lower() if value else str(number)
