"""The Open Inference Protocol in JSON: what is answered."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from gateway import tf_serving_pb2 as pb
from gateway.dtypes import DTYPES
from tests.protos import pack
from tests.unit.gateway.fake_server import FLOAT_COLUMN, FakeServer, info
from tests.unit.gateway.inference import MODEL, X, echoing, infer

pytestmark = pytest.mark.both_ways

Y = {"name": "y", "datatype": "FP32", "shape": [2, 1], "data": [31.0, 34.0]}


@pytest.mark.parametrize("data", [[10, 11], [[10], [11]]], ids=["flat", "nested"])
def test_takes_values_flat_or_nested(client: FlaskClient, data: list[Any]) -> None:
    """The protocol has both; the answer is flat."""
    answer = infer(client, {"inputs": [X | {"data": data}]})
    assert answer == {"model_name": "line", "model_version": "1", "outputs": [Y]}


def test_gives_the_id_back(client: FlaskClient) -> None:
    """The client's id of the request is in the answer, and so is the version that the path names."""
    answer = infer(client, {"id": "a-1", "inputs": [X]}, f"{MODEL}/versions/1")
    assert answer == {"model_name": "line", "model_version": "1", "id": "a-1", "outputs": [Y]}


def test_passes_over_what_it_does_not_know(client: FlaskClient) -> None:
    """Clients send their model's name, sequences, priorities and parameters of their own."""
    tensor = X | {"parameters": {"mine": 1}, "more": True}
    named = {"name": "y", "parameters": {"mine": 1}, "more": 1}
    body = {"model_name": "m", "inputs": [tensor], "outputs": [named], "parameters": {"priority": 1}, "more": None}
    assert infer(client, body)["outputs"] == [Y]


PAIR = {"a": info(pb.DT_FLOAT, -1), "b": info(pb.DT_INT64, -1, 2)}
A = {"name": "a", "datatype": "FP32", "shape": [2], "data": [1.0, 2.0]}
B = {"name": "b", "datatype": "INT64", "shape": [2, 2], "data": [1, 2, 3, 2**62]}


@pytest.mark.parametrize(
    ("asked", "answered"),
    [(None, [A, B]), (["b"], [B]), (["b", "a"], [B, A])],
    ids=["all", "one", "in another order"],
)
def test_answers_the_outputs_that_are_asked_for(
    client: FlaskClient, fake: FakeServer, asked: list[str] | None, answered: list[Any]
) -> None:
    """Inputs come in any order; outputs go in the order asked for, or all in the order of the signature."""
    echoing(fake, **PAIR)
    outputs = {} if asked is None else {"outputs": [{"name": name} for name in asked]}
    assert infer(client, {"inputs": [B, A], **outputs})["outputs"] == answered


@pytest.mark.parametrize(
    ("number", "data"),
    [
        (pb.DT_HALF, [0.5, -65504.0]),
        (pb.DT_BFLOAT16, [0.5, -1.0]),
        (pb.DT_FLOAT, [0.5, 1.5]),
        (pb.DT_DOUBLE, [0.1, 1e300]),
        (pb.DT_INT8, [-128, 127]),
        (pb.DT_INT16, [-(2**15), 2**15 - 1]),
        (pb.DT_INT32, [-(2**31), 2**31 - 1]),
        (pb.DT_INT64, [-(2**63), 2**63 - 1]),
        (pb.DT_UINT8, [0, 255]),
        (pb.DT_UINT16, [0, 2**16 - 1]),
        (pb.DT_UINT32, [0, 2**32 - 1]),
        (pb.DT_UINT64, [0, 2**64 - 1]),
        (pb.DT_BOOL, [True, False]),
        (pb.DT_STRING, ["", "ä☃\n"]),
    ],
)
def test_takes_every_datatype(client: FlaskClient, fake: FakeServer, number: int, data: list[Any]) -> None:
    """Values come back as they went, to the last bit of the largest integer."""
    echoing(fake, v=info(number, -1))
    tensor = {"name": "v", "datatype": DTYPES[number].datatype, "shape": [2], "data": data}
    assert infer(client, {"inputs": [tensor]})["outputs"] == [tensor]


def test_takes_bytes_that_are_no_text_in_base64(client: FlaskClient, fake: FakeServer) -> None:
    """JSON has no word for them: base64 in and out."""
    echoing(fake, v=info(pb.DT_STRING, -1))
    tensor = {"name": "v", "datatype": "BYTES", "shape": [2], "data": [{"b64": "/w=="}, "a"]}
    assert infer(client, {"inputs": [tensor]})["outputs"] == [tensor]


@pytest.mark.parametrize(("shape", "data"), [([], [4.0]), ([2], [4.0, 5.0])])
def test_takes_tensors_without_a_batch(
    client: FlaskClient, fake: FakeServer, shape: list[int], data: list[float]
) -> None:
    """A scalar's shape is empty, and its value stands in an array all the same."""
    echoing(fake, v=info(pb.DT_FLOAT, *shape))
    tensor = {"name": "v", "datatype": "FP32", "shape": shape, "data": data}
    assert infer(client, {"inputs": [tensor]})["outputs"] == [tensor]


def test_answers_null_where_a_number_is_not_finite(client: FlaskClient, fake: FakeServer) -> None:
    """A number that JSON has no word for is null, which the clients read as NaN."""
    fake.outputs = {"y": FLOAT_COLUMN}
    fake.answer = lambda _: {"y": pack(DTYPES[pb.DT_FLOAT], [3, 1], [float("nan"), float("inf"), 1.0])}
    (output,) = infer(client, {"inputs": [X]})["outputs"]
    assert output["data"] == [None, None, 1.0]
