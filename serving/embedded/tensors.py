"""TensorProto to TensorFlow and back."""

import tensorflow as tf
from tensorflow.core.framework import tensor_pb2, types_pb2

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


def from_proto(alias: str, proto: tensor_pb2.TensorProto) -> tf.Tensor:
    """Read a tensor from a request, by the same C++ code as TensorFlow Serving.

    Args:
        alias: the input's name in the signature, for the message.
        proto: the tensor, in value fields or tensor_content.

    Returns:
        The tensor, with the dtype and shape that the message states.

    Raises:
        RequestError: INVALID_ARGUMENT if dtype, shape and content do not fit each other.
    """
    try:
        return tf.io.parse_tensor(proto.SerializeToString(), proto.dtype)
    except (tf.errors.OpError, TypeError) as error:  # TypeError: the dtype is none that TensorFlow knows
        raise invalid_argument(f"tensor parsing error: {alias}") from error


def to_proto(tensor: tf.Tensor) -> tensor_pb2.TensorProto:
    """Write a tensor for an answer.

    Args:
        tensor: any dense tensor.

    Returns:
        The same dtype, shape and values.
    """
    field = _FIELDS.get(tensor.dtype)
    if field is None:
        return tf.make_tensor_proto(tensor.numpy())
    proto = tensor_pb2.TensorProto(dtype=tensor.dtype.as_datatype_enum, tensor_shape=tensor.shape.as_proto())
    getattr(proto, field).extend(tf.reshape(tensor, [-1]).numpy().tolist())
    return proto


def dtype_name(number: int) -> str:
    """Name a dtype as TensorFlow Serving's messages do.

    Args:
        number: a value of the enum `tensorflow.DataType`.

    Returns:
        For example `float`, `double`, `string`; the number itself if the enum has no such value.
    """
    value = types_pb2.DataType.DESCRIPTOR.values_by_number.get(number)
    return value.name.removeprefix("DT_").lower() if value else str(number)
