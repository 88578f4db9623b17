"""The Open Inference Protocol's extension for tensors as bytes behind the JSON: what is refused."""

import struct
from typing import Any

import msgspec
import pytest
from flask.testing import FlaskClient

from gateway import tf_serving_pb2 as pb
from gateway.dtypes import DTYPES
from tests.protos import pack
from tests.unit.gateway.fake_server import FLOAT_COLUMN, FakeServer, info
from tests.unit.gateway.inference import AS_BYTES, INFER, echoing, error, post, tensor

pytestmark = pytest.mark.both_ways

TEN = struct.pack("<f", 10)


HI = b"\x02\x00\x00\x00hi"


@pytest.mark.parametrize(
    ("number", "shape", "content", "message"),
    [
        (pb.DT_FLOAT, [2], b"\x00" * 7, "expected 8 bytes, got 7"),
        (pb.DT_FLOAT, [2], b"\x00" * 12, "expected 8 bytes, got 12"),
        (pb.DT_FLOAT, [2], b"", "expected 8 bytes, got 0"),
        (pb.DT_FLOAT, [0], b"", "expected [one or more], got [0]"),
        (pb.DT_FLOAT, [2], struct.pack("<2f", 1, float("nan")), "expected finite numbers, got nan at index 1"),
        (pb.DT_HALF, [1], b"\x00\x7c", "expected finite numbers, got inf at index 0"),
        (pb.DT_BFLOAT16, [1], b"\x80\xff", "expected finite numbers, got -inf at index 0"),
        (pb.DT_BOOL, [2], b"\x01\x02", "expected booleans, 0 or 1"),
        (pb.DT_STRING, [2], HI, "expected 2 strings, got 1"),
        (pb.DT_STRING, [1], HI + HI, "expected 1 strings, got 2"),
        (pb.DT_STRING, [1], HI[:-1], "a string goes on beyond the end of the bytes"),
        (pb.DT_STRING, [1], HI + b"\x00", "a string goes on beyond the end of the bytes"),
        (pb.DT_STRING, [1], b"\xff\xff\xff\xff", "a string goes on beyond the end of the bytes"),
        (pb.DT_STRING, [1], b"", "expected 1 strings, got 0"),
    ],
)
def test_says_what_is_wrong_with_the_bytes(
    client: FlaskClient, fake: FakeServer, number: int, shape: list[int], content: bytes, message: str
) -> None:
    """Bytes that do not fill the shape, or hold what is no value, are refused before the model sees them."""
    echoing(fake, v=info(number, -1))
    given = tensor("v", DTYPES[number].datatype, shape, len(content))
    assert message in error(post(client, {"inputs": [given]}, content))
    assert fake.predicted == []


def test_sizes_that_overflow_are_only_wrong(client: FlaskClient, fake: FakeServer) -> None:
    """A shape of more values than there could be is a wrong shape, not a reason to make room for it."""
    fake.inputs = {"x": info(pb.DT_FLOAT, -1, -1, -1)}
    given = tensor("x", "FP32", [1, 2**63 - 1, 2**63 - 1], 4)
    assert "got 4" in error(post(client, {"inputs": [given]}, TEN))


@pytest.mark.parametrize("size", [5, -1, 2**80, 1.5, "4", True, [4]])
def test_a_size_has_to_lie_within_the_body(client: FlaskClient, size: Any) -> None:
    """A size that is none, or is larger than what is left, is refused."""
    given = tensor("x", "FP32", [1, 1], size)
    assert "/inputs/0/parameters/binary_data_size: expected" in error(post(client, {"inputs": [given]}, TEN))


def test_bytes_that_belong_to_no_input_are_error(client: FlaskClient) -> None:
    """What is left behind the last input shows that client and gateway do not mean the same."""
    given = tensor("x", "FP32", [1, 1], 4)
    assert "1 bytes behind the JSON belong to no input" in error(post(client, {"inputs": [given]}, TEN + b"\x00"))


@pytest.mark.parametrize("header", ["", "x", "-1", "1e2", "99999", "٣", " ", "0" * 30 + "9" * 5000, "9" * 5000])
def test_a_length_has_to_lie_within_the_body(client: FlaskClient, header: str) -> None:
    """A length of the JSON that is none, or longer than the body, is refused."""
    text = error(post(client, {"inputs": [tensor("x", "FP32", [1, 1], 4)]}, TEN, header.encode().decode("latin-1")))
    assert text.startswith("Not a JSON document.")


def test_a_length_that_cuts_the_json_is_error(client: FlaskClient) -> None:
    """What the header says is taken at its word."""
    assert error(post(client, {"inputs": [tensor("x", "FP32", [1, 1], 4)]}, TEN, "10")).startswith("Not a JSON")


def test_an_empty_tensor_of_kserves_client_is_refused_as_one(client: FlaskClient) -> None:
    """It sends no rows as null beside a size of nothing, and no length: what is wrong is the shape."""
    body = {"inputs": [tensor("x", "FP32", [0, 1], 0, data=None)]}
    assert "/inputs/0/shape: expected [one or more, 1]" in error(client.post(INFER, json=body))


def test_a_broken_answer_is_not_passed_on(client: FlaskClient, fake: FakeServer) -> None:
    """An output that does not fill its shape is the model server's failure, in bytes as in JSON."""
    proto = pack(DTYPES[pb.DT_FLOAT], [1, 1], [1.0])
    proto.tensor_shape.CopyFrom(FLOAT_COLUMN.tensor_shape)
    proto.tensor_shape.dim[0].size = 2
    fake.answer = lambda _: {"y": proto}
    body = {"inputs": [tensor("x", "FP32", [1, 1], 4)], "parameters": AS_BYTES}
    assert post(client, body, TEN).status_code == 502


@pytest.mark.parametrize("text", [b"no", b"\xff"])
def test_the_vocabulary_holds_for_bytes_too(client: FlaskClient, fake: FakeServer, text: bytes) -> None:
    """A string that JSON could not have sent is refused in bytes as well."""
    fake.inputs = {"v": info(pb.DT_STRING, -1)}
    fake.card = msgspec.json.encode({"features": [{"name": "v", "vocabulary": ["hi"]}]})
    content = HI + struct.pack("<I", len(text)) + text
    assert "got " in error(post(client, {"inputs": [tensor("v", "BYTES", [2], len(content))]}, content))
    assert fake.predicted == [(1, "card")]
