"""The golden examples of a card, put to a model server before a version is labelled."""

from typing import Any

import numpy as np

from src import tf_serving_pb2 as pb
from src.dtypes import Array
from src.errors import ReleaseError
from src.release.cards import Golden
from src.release.servers import Server

# The dtypes of tensors as NumPy has them in tensor_content.
NUMPY: dict[int, str] = {
    pb.DT_FLOAT: "float32",
    pb.DT_DOUBLE: "float64",
    pb.DT_HALF: "float16",
    pb.DT_INT8: "int8",
    pb.DT_INT16: "int16",
    pb.DT_INT32: "int32",
    pb.DT_INT64: "int64",
    pb.DT_UINT8: "uint8",
    pb.DT_UINT16: "uint16",
    pb.DT_UINT32: "uint32",
    pb.DT_UINT64: "uint64",
    pb.DT_BOOL: "bool",
}
FIELDS = ("float_val", "double_val", "int_val", "int64_val", "bool_val", "uint32_val", "uint64_val")


def check(server: Server, model: str, version: int, golden: Golden, signature: pb.SignatureDef) -> None:
    """Hold a server's answers against the golden ones.

    Args:
        server: The server; has the version loaded.
        model: The model's name.
        version: Its number.
        golden: The examples, of the version's card.
        signature: What the version takes.

    Raises:
        ReleaseError: It does not answer as it should; without the version's name.
    """
    if fitting := set(golden.inputs) ^ set(signature.inputs):
        raise ReleaseError(f"its golden examples do not fit what it takes ({', '.join(sorted(fitting))})")
    try:
        inputs = {name: pack(values, signature.inputs[name].dtype) for name, values in golden.inputs.items()}
        outputs = {name: np.asarray(values) for name, values in golden.outputs.items()}
    except (ValueError, TypeError, OverflowError, KeyError) as error:
        raise ReleaseError(f"its golden examples do not fit what it takes: {error}") from error
    answers = server.predict(model, version, inputs)
    for name, expected in outputs.items():
        if name not in answers:
            raise ReleaseError(f"it does not answer {name}, which its golden examples have")
        if not _agree(expected, unpack(answers[name]), golden.tolerance):
            raise ReleaseError(f"it does not reproduce its golden examples ({name}, on {server.address})")


def pack(values: list[Any], dtype: int) -> pb.TensorProto:
    """A tensor of plain values.

    Args:
        values: Nested lists.
        dtype: A value of DataType.

    Raises:
        ValueError: The values are of another kind.
        KeyError: Of that dtype there are no plain values.
    """
    array = np.asarray(values, "object" if dtype == pb.DT_STRING else NUMPY[dtype])
    shape = pb.TensorShapeProto(dim=[pb.TensorShapeProto.Dim(size=size) for size in array.shape])
    tensor = pb.TensorProto(dtype=dtype, tensor_shape=shape)  # type: ignore[arg-type]  # the enumeration's number
    if dtype == pb.DT_STRING:
        tensor.string_val.extend(str(text).encode() for text in array.flat)
    else:
        tensor.tensor_content = array.astype(array.dtype.newbyteorder("<")).tobytes()
    return tensor


def unpack(tensor: pb.TensorProto) -> Array:
    """The values of a tensor, in its shape.

    Raises:
        ReleaseError: It has a dtype without plain values, or not as many values as its shape says.
    """
    shape = [dim.size for dim in tensor.tensor_shape.dim]
    try:
        if tensor.dtype == pb.DT_STRING:
            return np.array([text.decode() for text in tensor.string_val], object).reshape(shape)
        dtype = np.dtype(NUMPY[tensor.dtype])
        if tensor.tensor_content:
            return np.frombuffer(tensor.tensor_content, dtype.newbyteorder("<")).reshape(shape)
        if tensor.half_val:
            return np.array(tensor.half_val, "uint16").view("float16").reshape(shape)
        values = next((list(getattr(tensor, field)) for field in FIELDS if getattr(tensor, field)), [])
        return np.array(values, dtype).reshape(shape)
    except (ValueError, KeyError, UnicodeDecodeError) as error:
        raise ReleaseError(f"its answer cannot be read: {error}") from error


def _agree(expected: Array, got: Array, tolerance: float) -> bool:
    if expected.shape != got.shape:
        return False
    if got.dtype == object or got.dtype == bool or expected.dtype.kind not in "iufb":
        return bool((expected == got).all())
    distance = np.abs(expected.astype("float64") - got.astype("float64"))
    return bool((distance <= tolerance * (1 + np.abs(expected.astype("float64")))).all())
