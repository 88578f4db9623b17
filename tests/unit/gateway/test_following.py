"""How the gateway follows the model when another version takes over."""

import grpc
import pytest
from flask.testing import FlaskClient

from gateway import catalog
from gateway import tf_serving_pb2 as pb
from gateway.tensors import pack, unpack
from tests.unit.gateway.answers import document
from tests.unit.gateway.fake_server import FailedError, FakeServer, info

PAIRS = {"x": info(pb.DT_FLOAT, -1, 2)}


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog, "RECHECK_SECONDS", 0.0)


def sum_of_pair(request: pb.PredictRequest) -> dict[str, pb.TensorProto]:
    """Answer the sum of each row of two; refuse other shapes as the real server does."""
    values, shape = unpack(request.inputs["x"])
    if shape[1:] != [2]:
        raise FailedError(grpc.StatusCode.INVALID_ARGUMENT)
    return {"y": pack(pb.DT_FLOAT, [shape[0], 1], [a + b for a, b in zip(values[::2], values[1::2], strict=True)])}


def take_over(fake: FakeServer) -> None:
    """Let version 2, which takes pairs, take over."""
    fake.version, fake.inputs, fake.answer = 2, PAIRS, sum_of_pair


def test_learns_the_signature_once(client: FlaskClient, fake: FakeServer) -> None:
    """The signature is asked for at the first request and not again while the version stays."""
    for _ in range(3):
        client.post("/predict", json={"data": 10})
    assert fake.calls == ["get_model_metadata", "predict", "predict", "predict"]


def test_answers_for_the_new_signature_at_once(client: FlaskClient, fake: FakeServer) -> None:
    """A body that the old contract refuses and the new one takes is answered by the new version."""
    client.post("/predict", json={"data": 10})
    take_over(fake)
    answer = client.post("/predict", json={"data": [[1, 2], [3, 4]]})
    assert document(answer) == {"prediction": [[3.0], [7.0]], "model": "line", "version": 2}


def test_refuses_by_the_new_signature(client: FlaskClient, fake: FakeServer) -> None:
    """A body that only the old contract takes is refused by the new one, with 422 and not with the server's 400."""
    client.post("/predict", json={"data": 10})
    take_over(fake)
    answer = client.post("/predict", json={"data": [10]})
    assert answer.status_code == 422
    assert document(answer)["errors"] == [{"pointer": "/data", "detail": "expected an array of 2 values, got 1 value"}]


def test_follows_an_answer_by_another_version(client: FlaskClient, fake: FakeServer) -> None:
    """A version with the same signature takes over without a refusal, and is learnt from its first answer."""
    client.post("/predict", json={"data": 10})
    fake.version = 2
    client.post("/predict", json={"data": 10})
    client.post("/predict", json={"data": 10})
    assert fake.calls == ["get_model_metadata", "predict", "predict", "get_model_metadata", "predict"]


def test_does_not_ask_for_every_refusal(client: FlaskClient, fake: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that sends nothing but nonsense does not make the gateway ask for the signature each time."""
    monkeypatch.setattr(catalog, "RECHECK_SECONDS", 3600.0)
    for _ in range(5):
        assert client.post("/predict", json={"data": "nonsense"}).status_code == 422
    assert fake.calls == ["get_model_metadata"]


def test_passes_on_a_refusal_by_the_server(client: FlaskClient, fake: FakeServer) -> None:
    """What the server refuses although the contract is still the same is refused with 400."""

    def refuse(_request: pb.PredictRequest) -> dict[str, pb.TensorProto]:
        raise FailedError(grpc.StatusCode.INVALID_ARGUMENT)

    fake.answer = refuse
    assert client.post("/predict", json={"data": 10}).status_code == 400


def test_says_that_a_model_has_no_usable_signature(client: FlaskClient, fake: FakeServer) -> None:
    """A model without `serving_default` is answered with 501 and the reason."""
    fake.signature_name = "other"
    answer = client.post("/predict", json={"data": 10})
    assert answer.status_code == 501
    assert document(answer)["detail"] == "Model 'line' has no signature named serving_default."
