"""Golden examples as tensors, and answers as values: as TensorFlow writes and reads them."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from src import tf_serving_pb2 as pb
from src.errors import ReleaseError
from src.release import golden
from src.release.cards import Golden
from src.release.golden import pack, unpack
from src.release.servers import Server

SIGNATURE = pb.SignatureDef(inputs={"x": pb.TensorInfo(dtype=pb.DT_FLOAT)})
VALUES: dict[int, list[Any]] = {
    **{int(dtype): [[0, 1], [1, 0]] for dtype in golden.NUMPY},
    pb.DT_BOOL: [[True], [False]],
    pb.DT_STRING: [["é"], [""]],
    pb.DT_FLOAT: [1.5, -2.0, 1e30],
}


@pytest.mark.parametrize(("dtype", "values"), VALUES.items(), ids=lambda value: str(value)[:12])
def test_values_are_packed_as_tensorflow_reads_them(dtype: int, values: list[Any]) -> None:
    """Of every dtype that a card can have values of."""
    tensor = tf.io.parse_tensor(pack(values, dtype).SerializeToString(), tf.dtypes.as_dtype(dtype)).numpy()
    expected = [[text.encode() for text in row] for row in values] if dtype == pb.DT_STRING else values
    assert np.array_equal(tensor, np.array(expected, tensor.dtype))


@pytest.mark.parametrize(("dtype", "values"), VALUES.items(), ids=lambda value: str(value)[:12])
@pytest.mark.parametrize("content", [True, False], ids=["content", "fields"])
def test_answers_are_read_as_tensorflow_writes_them(dtype: int, values: list[Any], content: bool) -> None:  # noqa: FBT001
    """From the fields for each dtype, which TensorFlow Serving fills, and from tensor_content."""
    plain = np.array(values, tf.dtypes.as_dtype(dtype).as_numpy_dtype)
    written = tf.make_tensor_proto(plain)
    if not content:
        written.ClearField("tensor_content")
        for field in (*golden.FIELDS, "half_val", "string_val"):
            if _field_of(dtype) == field:
                flat = plain.ravel()
                bits = flat.view("uint16") if field == "half_val" else flat
                texts = [text.encode() for text in flat] if field == "string_val" else bits.tolist()
                written.ClearField(field)
                getattr(written, field).extend(texts)
    assert unpack(pb.TensorProto.FromString(written.SerializeToString())).tolist() == plain.tolist()


def _field_of(dtype: int) -> str:
    special: dict[int, str] = {
        pb.DT_FLOAT: "float_val",
        pb.DT_DOUBLE: "double_val",
        pb.DT_HALF: "half_val",
        pb.DT_INT64: "int64_val",
        pb.DT_BOOL: "bool_val",
        pb.DT_UINT32: "uint32_val",
        pb.DT_UINT64: "uint64_val",
        pb.DT_STRING: "string_val",
    }
    return special.get(dtype, "int_val")


class Answering(Server):
    """A server that gives one answer."""

    def __init__(self, **outputs: pb.TensorProto) -> None:
        self.address = "here:8500"
        self._outputs = outputs

    def predict(self, *_asked: object) -> dict[str, pb.TensorProto]:
        """Answer."""
        return self._outputs


def verdict(expected: list[Any], server: Server, inputs: dict[str, list[Any]] | None = None) -> str | None:
    """What the check says of a server."""
    examples = Golden(inputs=inputs or {"x": [[1.0]]}, outputs={"y": expected}, tolerance=1e-3)
    try:
        golden.check(server, "line", 1, examples, SIGNATURE)
    except ReleaseError as error:
        return str(error)
    return None


def test_answers_within_the_tolerance_are_golden() -> None:
    """Numbers may differ by the tolerance, relative and absolute; texts and booleans not at all."""
    assert verdict([[4.0]], Answering(y=pack([[4.004]], pb.DT_FLOAT))) is None
    assert verdict([["a"]], Answering(y=pack([["a"]], pb.DT_STRING))) is None
    assert verdict([[True]], Answering(y=pack([[True]], pb.DT_BOOL))) is None


def test_what_is_not_golden_is_told() -> None:
    """Another number, NaN, another shape, another text, no answer of that name, or one that cannot be read."""
    differs = "it does not reproduce its golden examples (y, on here:8500)"
    assert verdict([[4.0]], Answering(y=pack([[4.01]], pb.DT_FLOAT))) == differs
    assert verdict([[4.0]], Answering(y=pack([[float("nan")]], pb.DT_FLOAT))) == differs
    assert verdict([[4.0]], Answering(y=pack([4.0], pb.DT_FLOAT))) == differs
    assert verdict([["a"]], Answering(y=pack([["b"]], pb.DT_STRING))) == differs
    assert verdict([[4.0]], Answering()) == "it does not answer y, which its golden examples have"
    broken = pb.TensorProto(dtype=pb.DT_FLOAT, tensor_content=b"abc")
    assert (verdict([[4.0]], Answering(y=broken)) or "").startswith("its answer cannot be read: ")


def test_examples_that_do_not_fit_the_signature_are_told() -> None:
    """An input too many, or values of another kind than the model takes."""
    server = Answering(y=pack([[4.0]], pb.DT_FLOAT))
    assert verdict([[4.0]], server, {"z": [[1.0]]}) == "its golden examples do not fit what it takes (x, z)"
    told = verdict([[4.0]], server, {"x": [["one"]]})
    assert (told or "").startswith("its golden examples do not fit what it takes: ")
