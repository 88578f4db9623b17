"""The Open Inference Protocol in JSON: which inputs and outputs are refused, and how."""

from typing import Any

import msgspec
import pytest
from flask.testing import FlaskClient

from gateway import tf_serving_pb2 as pb
from tests.unit.gateway.fake_server import FakeServer, info
from tests.unit.gateway.inference import INFER, X, error

pytestmark = pytest.mark.both_ways


def refused(client: FlaskClient, body: Any) -> str:
    """The message that refuses a request with 400."""
    return error(client.post(INFER, data=msgspec.json.encode(body)))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"name": "z"}, '/inputs/0/name: expected "x"; got "z"'),
        ({"name": 1}, "/inputs/0/name: expected a string, got 1"),
        ({"datatype": "FP64"}, '/inputs/0/datatype: expected FP32, got "FP64"'),
        ({"shape": [2]}, "/inputs/0/shape: expected [one or more, 1], got [2]"),
        ({"shape": [1, 2]}, "/inputs/0/shape: expected [one or more, 1], got [1, 2]"),
        ({"shape": [0, 1], "data": []}, "/inputs/0/shape: expected [one or more, 1], got [0, 1]"),
        ({"shape": [1] * 200}, "/inputs/0/shape: expected [one or more, 1], got 200 sizes"),
        ({"shape": [-1, 1]}, "/inputs/0/shape: expected [one or more, 1], got [-1, 1]"),
        ({"shape": [2**63, 1]}, "/inputs/0/shape/0: expected an int64"),
        ({"shape": [2.5, 1]}, "/inputs/0/shape/0: expected an integer, got 2.5"),
        ({"shape": [6, 1]}, "/inputs/0/shape/0: expected at most 5 instances, got 6"),
        ({"shape": [3, 1]}, "/inputs/0/data: expected 3 values for the shape [3, 1], got 2"),
        ({"data": []}, "/inputs/0/data: expected at least one value, got an empty array"),
        ({"data": None}, "/inputs/0/data: expected an array of values, got null"),
        ({"data": "10"}, "/inputs/0/data: expected an array of values, got a string"),
        ({"data": [10, "11"]}, "/inputs/0/data/1: expected a number, got a string"),
        ({"data": [10, 1e39]}, "/inputs/0/data/1: expected a float32"),
        ({"data": [[10, 11]]}, "/inputs/0/data: expected arrays nested to the shape [2, 1], or one flat array"),
        ({"data": [[10], [11, 12]]}, "/inputs/0/data: expected arrays nested"),
        ({"data": [[[10]], [[11]]]}, "/inputs/0/data/0/0: expected a number, got an array"),
        ({"data": [10, None]}, "/inputs/0/data/1: expected a number, got null"),
        ({"parameters": []}, "/inputs/0/parameters: expected an object, got an array"),
        ({"parameters": {"shared_memory_region": "r", "shared_memory_byte_size": 8}}, "shared memory is not offered"),
        ({"parameters": {"binary_data_size": 8}}, "expected at most the 0 bytes that follow"),
    ],
)
def test_says_what_is_wrong_with_an_input(client: FlaskClient, changed: dict[str, Any], message: str) -> None:
    """An input that is not what the model takes is refused with 400 and the place."""
    assert message in refused(client, {"inputs": [X | changed]})


@pytest.mark.parametrize("missing", ["name", "shape", "datatype", "data"])
def test_says_what_an_input_lacks(client: FlaskClient, missing: str) -> None:
    """Each member that every input has to have is asked for by name."""
    tensor = {name: value for name, value in X.items() if name != missing}
    assert f'/inputs/0: the member "{missing}" is missing' in refused(client, {"inputs": [tensor]})


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, 'the body: the member "inputs" is missing'),
        ({"inputs": []}, "/inputs: expected at least one input"),
        ({"inputs": [X, X]}, '/inputs/1/name: expected no more inputs; got "x"'),
        ({"inputs": [X], "id": 1}, "/id: expected a string, got 1"),
        ({"inputs": [X], "parameters": []}, "/parameters: expected an object, got an array"),
        ({"inputs": [X], "outputs": [{"name": "z"}]}, '/outputs/0/name: expected "y"; got "z"'),
        ({"inputs": [X], "outputs": [{"name": "y"}] * 2}, '/outputs/1/name: expected no more outputs; got "y"'),
        (
            {"inputs": [X], "outputs": [{"name": "y", "parameters": {"classification": 3}}]},
            "/outputs/0/parameters/classification: classification is not",
        ),
        ([], "the body: expected an object"),
    ],
)
def test_says_what_is_wrong_with_a_request(client: FlaskClient, body: Any, message: str) -> None:
    """A request that is not what the protocol has is refused with 400 and the place."""
    assert message in refused(client, body)


def test_nothing_is_predicted_for_outputs_that_are_not_there(client: FlaskClient, fake: FakeServer) -> None:
    """The outputs are looked at before the model is asked."""
    refused(client, {"inputs": [X], "outputs": [{"name": "z"}]})
    assert fake.predicted == []


PAIR = {"a": info(pb.DT_FLOAT, -1), "b": info(pb.DT_INT64, -1, 2)}
A = {"name": "a", "datatype": "FP32", "shape": [2], "data": [1.0, 2.0]}
B = {"name": "b", "datatype": "INT64", "shape": [1, 2], "data": [1, 2]}


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ([A], '/inputs: the input "b" is missing'),
        ([A, A], '/inputs/1/name: expected "b"; got "a"'),
        ([A, B], "/inputs/1/shape: expected 2 instances as in the first input, got 1"),
    ],
)
def test_inputs_have_to_go_together(client: FlaskClient, fake: FakeServer, inputs: list[Any], message: str) -> None:
    """Every input has to be there once, and all with as many instances."""
    fake.inputs = PAIR
    assert message in refused(client, {"inputs": inputs})


@pytest.mark.parametrize("data", [[2**64, 1], [[2**64], [1]]], ids=["flat", "nested"])
def test_points_at_an_integer_beyond_uint64(client: FlaskClient, fake: FakeServer, data: list[Any]) -> None:
    """The one bound that is found only when the values are packed has its place too."""
    fake.inputs = {"x": info(pb.DT_UINT64, -1, 1)}
    place = "/inputs/0/data/0" + ("/0" if isinstance(data[0], list) else "")
    text = refused(client, {"inputs": [X | {"datatype": "UINT64", "data": data}]})
    assert f"{place}: expected a uint64, 0 to 18446744073709551615, got 18446744073709551616" in text


@pytest.mark.parametrize(
    "stated", [{"id": None}, {"parameters": None}, {"outputs": None}, {"outputs": []}], ids=lambda stated: str(stated)
)
def test_null_stands_for_what_is_not_stated(client: FlaskClient, stated: dict[str, Any]) -> None:
    """Clients that write all members of a request write null, or nothing in an array, for those they do not mean."""
    answer = client.post("/v2/models/line/infer", json={"inputs": [X | {"parameters": None}], **stated})
    assert answer.status_code == 200, answer.text


def test_a_size_is_an_integer_however_it_is_written(client: FlaskClient) -> None:
    """2.0 is the integer 2 in a shape, as it is among a model's values."""
    assert client.post("/v2/models/line/infer", json={"inputs": [X | {"shape": [2.0, 1]}]}).status_code == 200
