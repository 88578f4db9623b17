"""KServe's REST client works unchanged, in both of its protocols."""

import math
from typing import Any

import pytest

from tests.e2e.clients.program import Client, ClientError, tensor

BINARY = pytest.mark.parametrize("binary", [True, False], ids=["binary", "JSON"])
INSTANCES = {"instances": [{"price": 2.5, "count": 4, "sold": True, "word": "äpfel"}]}


def request(model: str, *inputs: dict[str, Any], **others: Any) -> dict[str, Any]:
    """An inference request's arguments."""
    return {"model_name": model, "request": {"model_name": model, "inputs": inputs, **others}}


def test_v1_server_is_live(kserve_v1: Client) -> None:
    """The server is live, which protocol v1 asks at its root."""
    assert kserve_v1.is_server_live() is True


def test_v1_model_is_ready(kserve_v1: Client) -> None:
    """A model is ready; one that is unknown is an error."""
    assert kserve_v1.is_model_ready(model_name="line") is True
    with pytest.raises(ClientError) as caught:
        kserve_v1.is_model_ready(model_name="nobody")
    assert caught.value.status == 404


def test_v1_infers(kserve_v1: Client) -> None:
    """Instances give predictions."""
    assert kserve_v1.infer(model_name="line", data={"instances": [[10.0], [0.5]]}) == {"predictions": [[31.0], [2.5]]}
    (prediction,) = kserve_v1.infer(model_name="mixed", data=INSTANCES)["predictions"]
    assert prediction == {"total": 10.0, "some": True, "upper": "äPFEL"}


@pytest.mark.parametrize(
    ("model", "instances", "status"),
    [("nobody", [[1.0]], 404), ("line", [["ten"]], 400), ("line", [[math.nan]], 400), ("line", [], 400)],
    ids=["model", "text", "NaN", "no rows"],
)
def test_v1_mistakes_are_told(kserve_v1: Client, model: str, instances: list[Any], status: int) -> None:
    """A mistake is an exception with the HTTP status and what the server says of it."""
    with pytest.raises(ClientError) as caught:
        kserve_v1.infer(model_name=model, data={"instances": instances})
    assert (caught.value.kind, caught.value.status) == ("HTTPStatusError", status)
    assert not caught.value.message.startswith(","), "the answer has no error where the client looks for it"


def test_v2_server_is_live_and_ready(kserve_v2: Client) -> None:
    """The server is live and ready."""
    assert (kserve_v2.is_server_live(), kserve_v2.is_server_ready()) == (True, True)


@pytest.mark.parametrize(("name", "ready"), [("line", True), ("line/versions/1", True), ("nobody", False)])
def test_v2_model_is_ready(kserve_v2: Client, name: str, ready: bool) -> None:  # noqa: FBT001  # parametrized
    """A model is ready, one that is unknown is not."""
    assert kserve_v2.is_model_ready(model_name=name) is ready


@BINARY
def test_v2_infers(kserve_v2: Client, *, binary: bool) -> None:
    """One float32 tensor in gives one out, and the request's id comes back."""
    answer = kserve_v2.infer(**request("line", tensor("x", "FP32", [[10.0]], binary=binary), request_id="it's me"))
    assert answer["outputs"] == {"y": {"dtype": "float32", "shape": [1, 1], "values": [[31.0]]}}
    assert answer["document"] == {"model_name": "line", "id": "it's me"}


@BINARY
def test_v2_infers_several_inputs_and_outputs(kserve_v2: Client, *, binary: bool) -> None:
    """Several inputs of several dtypes give several outputs, as binary data where that is asked for."""
    inputs = [
        tensor("price", "FP64", [2.5], binary=binary),
        tensor("count", "INT64", [4], binary=binary),
        tensor("sold", "BOOL", [True], binary=binary),
        tensor("word", "BYTES", ["äpfel"], binary=binary),
    ]
    outputs = kserve_v2.infer(**request("mixed", *inputs, parameters={"binary_data_output": binary}))["outputs"]
    values = {name: output["values"] for name, output in outputs.items()}
    assert values == {"total": [10.0], "some": [True], "upper": ["äPFEL"]}


def test_v2_outputs_are_those_requested(kserve_v2: Client) -> None:
    """Only the outputs asked for are answered."""
    inputs = [tensor("tag", "BYTES", ["foo"], binary=True)]
    inputs += [tensor("signal", "INT64", [[1, 2, 3, 4, 5]], binary=False)]
    inputs += [tensor("sensor", "FP32", [[[1.0, 2.0], [3.0, 4.0]]], binary=True)]
    outputs = [{"name": "peak", "parameters": {"binary_data": True}}, {"name": "label"}]
    answered = kserve_v2.infer(**request("sensors", *inputs, outputs=outputs))["outputs"]
    assert {name: output["values"] for name, output in answered.items()} == {"peak": [5], "label": ["FOO"]}


def test_v2_takes_a_plain_document(kserve_v2: Client) -> None:
    """A document written by hand, with nested data, is as good as the client's own objects."""
    described = {"name": "x", "shape": [2, 1], "datatype": "FP32", "data": [[10], [0.5]]}
    answer = kserve_v2.infer(model_name="line", data={"inputs": [described]})
    assert answer["outputs"]["y"]["values"] == [[31.0], [2.5]]


@pytest.mark.parametrize(
    ("model", "datatype", "values", "status"),
    [("nobody", "FP32", [[1.0]], 404), ("line", "FP64", [[1.0]], 400), ("line", "FP32", [[math.nan]], 400)],
    ids=["model", "dtype", "NaN"],
)
def test_v2_mistakes_are_told(kserve_v2: Client, model: str, datatype: str, values: list[Any], status: int) -> None:
    """A mistake is an exception with the HTTP status and what the server says of it."""
    with pytest.raises(ClientError) as caught:
        kserve_v2.infer(**request(model, tensor("x", datatype, values, binary=False)))
    assert (caught.value.kind, caught.value.status) == ("HTTPStatusError", status)
    assert not caught.value.message.startswith(","), "the answer has no error where the client looks for it"


def test_is_live_but_not_ready_without_a_model_server(lonely_kserve: Client) -> None:
    """While the model server is away the server is live and the model is not ready."""
    assert lonely_kserve.is_server_live() is True
    assert lonely_kserve.is_model_ready(model_name="line") is False


@pytest.mark.parametrize("lonely_kserve", ["v2"], indirect=True)
def test_v2_server_is_not_ready_without_a_model_server(lonely_kserve: Client) -> None:
    """While the model server is away the server is not ready, which this client raises as the 503 that it is."""
    with pytest.raises(ClientError) as caught:
        lonely_kserve.is_server_ready()
    assert caught.value.status == 503
