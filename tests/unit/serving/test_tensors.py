from typing import Any

import pytest
import tensorflow as tf

from serving.embedded.errors import RequestError
from serving.embedded.tensors import dtype_name, from_proto, to_proto


@pytest.mark.parametrize(
    "tensor",
    [
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
    ],
    ids=lambda tensor: f"{tensor.dtype.name}{tensor.shape}",
)
def test_tensors_survive_the_wire(tensor: Any) -> None:
    """Dtype, shape and values of a tensor are the same after writing and reading it."""
    back = from_proto("x", to_proto(tensor))
    assert (back.dtype, back.shape) == (tensor.dtype, tensor.shape)
    assert tf.reduce_all(back == tensor)


def test_answers_use_value_fields() -> None:
    """Answers carry repeated values, as TensorFlow Serving's do, and not raw bytes."""
    proto = to_proto(tf.constant([1.0, 2.0]))
    assert list(proto.float_val) == [1.0, 2.0]
    assert proto.tensor_content == b""


def test_unknown_dtype_is_refused() -> None:
    """A dtype that TensorFlow does not know is a parsing error that names the input."""
    proto = to_proto(tf.constant([1.0]))
    proto.dtype = 99
    with pytest.raises(RequestError, match="tensor parsing error: x"):
        from_proto("x", proto)


@pytest.mark.parametrize(("number", "name"), [(1, "float"), (2, "double"), (7, "string"), (99, "99")])
def test_dtype_names(number: int, name: str) -> None:
    """Dtypes have the names of TensorFlow Serving's messages."""
    assert dtype_name(number) == name
