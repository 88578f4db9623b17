from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from serving.embedded.errors import RequestError
from serving.embedded.tensors import dtype_name, from_proto, to_proto

TENSORS = [
    tf.constant([[1.5], [float("inf")]], tf.float32),
    tf.constant([1e300], tf.float64),
    tf.constant([-(2**63)], tf.int64),
    tf.constant([1, -2], tf.int32),
    tf.constant([255], tf.uint8),
    tf.constant([2**64 - 1], tf.uint64),
    tf.constant([0.5], tf.bfloat16),
    tf.constant([True, False]),
    tf.constant([b"a\x00\xff\x00", b""]),
    tf.constant("scalar"),
    tf.zeros((0, 3)),
]


def name(tensor: Any) -> str:
    """What a tensor's test is called."""
    return f"{tensor.dtype.name}{tensor.shape}"


def assert_same(back: np.ndarray, tensor: Any) -> None:
    """What was read has the tensor's dtype, shape and values."""
    assert (tf.as_dtype(back.dtype), back.shape) == (tensor.dtype, tensor.shape)
    assert np.array_equal(back, tensor.numpy())


@pytest.mark.parametrize("tensor", TENSORS, ids=name)
def test_tensors_survive_the_wire(tensor: Any) -> None:
    """Dtype, shape and values of a tensor are the same after writing and reading it."""
    assert_same(from_proto("x", to_proto(tensor.numpy())), tensor)


@pytest.mark.parametrize("tensor", TENSORS, ids=name)
def test_tensors_come_as_bytes_too(tensor: Any) -> None:
    """A tensor in tensor_content, as clients send it, is read as it is."""
    assert_same(from_proto("x", tf.make_tensor_proto(tensor.numpy())), tensor)


@pytest.mark.parametrize("content", [b"", b"1234", b"123456789012"])
def test_content_that_does_not_fill_the_shape_is_refused(content: bytes) -> None:
    """Content of another length than the shape's is a parsing error that names the input."""
    proto = tf.make_tensor_proto([1.0, 2.0])
    proto.tensor_content = content
    if not content:
        proto.tensor_shape.dim[0].size = -2
    with pytest.raises(RequestError, match="tensor parsing error: x"):
        from_proto("x", proto)


def test_answers_use_value_fields() -> None:
    """Answers carry repeated values, as TensorFlow Serving's do, and not raw bytes."""
    proto = to_proto(np.array([1.0, 2.0], np.float32))
    assert list(proto.float_val) == [1.0, 2.0]
    assert proto.tensor_content == b""


def test_unknown_dtype_is_refused() -> None:
    """A dtype that TensorFlow does not know is a parsing error that names the input."""
    proto = to_proto(np.array([1.0]))
    proto.dtype = 99
    with pytest.raises(RequestError, match="tensor parsing error: x"):
        from_proto("x", proto)


@pytest.mark.parametrize(("number", "name"), [(1, "float"), (2, "double"), (7, "string"), (99, "99")])
def test_dtype_names(number: int, name: str) -> None:
    """Dtypes have the names of TensorFlow Serving's messages."""
    assert dtype_name(number) == name
