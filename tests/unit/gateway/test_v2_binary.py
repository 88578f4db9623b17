"""The Open Inference Protocol's extension for tensors as bytes behind the JSON."""

import struct
from typing import Any

import pytest
from flask.testing import FlaskClient

from gateway import tf_serving_pb2 as pb
from gateway.dtypes import DTYPES
from tests.protos import pack
from tests.unit.gateway.answers import document
from tests.unit.gateway.fake_server import FakeServer, info
from tests.unit.gateway.inference import AS_BYTES, INFER, LENGTH, echoing, post, split, tensor

pytestmark = pytest.mark.both_ways

TEN = struct.pack("<f", 10)


VALUES = [
    (pb.DT_HALF, struct.pack("<2e", 0.5, -2.0)),
    (pb.DT_BFLOAT16, b"\x80\x3f\x00\xc0"),
    (pb.DT_FLOAT, struct.pack("<2f", 0.5, 3e38)),
    (pb.DT_DOUBLE, struct.pack("<2d", 0.1, 1e300)),
    (pb.DT_INT8, b"\x80\x7f"),
    (pb.DT_INT16, struct.pack("<2h", -(2**15), 1)),
    (pb.DT_INT32, struct.pack("<2i", -(2**31), 1)),
    (pb.DT_INT64, struct.pack("<2q", -(2**63), 1)),
    (pb.DT_UINT8, b"\x00\xff"),
    (pb.DT_UINT16, struct.pack("<2H", 2**16 - 1, 1)),
    (pb.DT_UINT32, struct.pack("<2I", 2**32 - 1, 1)),
    (pb.DT_UINT64, struct.pack("<2Q", 2**64 - 1, 1)),
    (pb.DT_BOOL, b"\x01\x00"),
    (pb.DT_STRING, b"\x00\x00\x00\x00\x03\x00\x00\x00a\xff\x00"),
]


@pytest.mark.parametrize(("number", "content"), VALUES, ids=[DTYPES[number].name for number, _ in VALUES])
def test_passes_every_datatype_on_as_it_is(client: FlaskClient, fake: FakeServer, number: int, content: bytes) -> None:
    """Bytes come back as they went."""
    echoing(fake, v=info(number, -1))
    given = tensor("v", DTYPES[number].datatype, [2], len(content))
    assert split(post(client, {"inputs": [given], "parameters": AS_BYTES}, content)) == ([given], content)


@pytest.mark.parametrize(("number", "content"), VALUES, ids=[DTYPES[number].name for number, _ in VALUES])
def test_writes_values_however_the_server_sent_them(
    client: FlaskClient, fake: FakeServer, number: int, content: bytes
) -> None:
    """What came in a repeated field, as the real server sends it, makes the same bytes."""
    dtype = DTYPES[number]
    echoing(fake, v=info(number, -1))
    given = tensor("v", dtype.datatype, [2], len(content))

    def answer(request: pb.PredictRequest) -> dict[str, pb.TensorProto]:
        proto = pb.TensorProto(dtype=dtype.number, tensor_shape=request.inputs["v"].tensor_shape)  # type: ignore[arg-type]
        code = "H" if dtype.field == "half_val" else dtype.code
        values = struct.unpack(f"<2{code}", content) if code else list(request.inputs["v"].string_val)
        getattr(proto, dtype.field).extend(values)
        return {"v": proto}

    fake.answer = answer
    assert split(post(client, {"inputs": [given], "parameters": AS_BYTES}, content))[1] == content


PAIR = {"a": info(pb.DT_FLOAT, -1), "b": info(pb.DT_STRING, -1)}
A, A_BYTES = tensor("a", "FP32", [1], data=[10.0]), tensor("a", "FP32", [1], 4)
B, B_BYTES = tensor("b", "BYTES", [1], data=["hi"]), tensor("b", "BYTES", [1], 6)
HI = b"\x02\x00\x00\x00hi"


def wants(name: str, *, as_bytes: bool) -> dict[str, Any]:
    """An output as a request names it."""
    return {"name": name, "parameters": {"binary_data": as_bytes}}


@pytest.mark.parametrize(
    ("inputs", "content"),
    [([A_BYTES, B_BYTES], TEN + HI), ([B_BYTES, A_BYTES], HI + TEN), ([A, B_BYTES], HI), ([B, A_BYTES], TEN)],
)
@pytest.mark.parametrize(
    ("asked", "outputs", "bytes_"),
    [
        ({"parameters": AS_BYTES}, [A_BYTES, B_BYTES], TEN + HI),
        ({"outputs": [wants("b", as_bytes=True), wants("a", as_bytes=False)]}, [B_BYTES, A], HI),
        ({"outputs": [{"name": "a"}, wants("b", as_bytes=False)], "parameters": AS_BYTES}, [A_BYTES, B], TEN),
    ],
)
def test_bytes_and_json_may_be_mixed(
    client: FlaskClient,
    fake: FakeServer,
    inputs: list[Any],
    content: bytes,
    asked: Any,
    outputs: list[Any],
    bytes_: bytes,
) -> None:
    """Each tensor is in the JSON or behind it, in the order of the JSON, whichever its client chose."""
    echoing(fake, **PAIR)
    assert split(post(client, {"inputs": inputs, **asked}, content)) == (outputs, bytes_)


def test_answers_json_unless_bytes_are_asked_for(client: FlaskClient) -> None:
    """Bytes in do not mean bytes out; an answer without bytes has no length of its JSON."""
    answer = post(client, {"inputs": [tensor("x", "FP32", [1, 1], 4)]}, TEN)
    assert (answer.content_type, LENGTH in answer.headers) == ("application/json", False)
    assert document(answer)["outputs"][0]["data"] == [31.0]


def test_answers_bytes_to_json(client: FlaskClient) -> None:
    """A request in JSON may want bytes, as some clients do by default; it has no length then."""
    body = {"inputs": [tensor("x", "FP32", [1, 1], data=[10])], "parameters": AS_BYTES}
    outputs, content = split(client.post(INFER, json=body))
    assert outputs == [tensor("y", "FP32", [1, 1], 4)]
    assert content == struct.pack("<f", 31)


def test_passes_on_what_json_has_no_word_for(client: FlaskClient, fake: FakeServer) -> None:
    """NaN and infinity are answered in bytes as they are."""
    values = [float("nan"), float("inf"), -float("inf")]
    fake.answer = lambda _: {"y": pack(DTYPES[pb.DT_FLOAT], [3, 1], values)}
    given = tensor("x", "FP32", [3, 1], data=[1, 2, 3])
    _, content = split(post(client, {"inputs": [given], "parameters": AS_BYTES}))
    assert content == struct.pack("<3f", *values)
