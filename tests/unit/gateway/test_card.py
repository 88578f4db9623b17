"""What becomes of a version whose card is missing, or is none."""

import grpc
import pytest
from flask.testing import FlaskClient

from gateway import tf_serving_pb2 as pb
from gateway.errors import HTTP_STATUS
from tests.unit.gateway.answers import document
from tests.unit.gateway.cards import NOT_GOLDEN
from tests.unit.gateway.fake_server import FLOAT_COLUMN, FailedError, FakeServer, line

DEEP = b'{"golden": {"inputs": {"x": ' + b"[" * 10_000 + b"]" * 10_000 + b'}, "outputs": {}, "tolerance": 0}}'


@pytest.mark.parametrize("text", [b"", b"{", b"[1]", b'{"golden": 1}', b'{"name": "\xff"}', DEEP], ids=lambda t: t[:20])
def test_an_unreadable_card_is_passed_over(
    client: FlaskClient, fake: FakeServer, text: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """A version whose card cannot be read is served without it, and the log says so, once."""
    fake.card = text
    answers = [client.post("/predict", json={"data": 10}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    (record,) = [record for record in caplog.records if record.message == "unreadable model card"]
    assert (record.levelname, record.__dict__["model"], record.__dict__["version"]) == ("WARNING", "line", 1)


@pytest.mark.parametrize("text", [b"{}", b'{"name": "line", "schema_version": 1, "git": null}'])
def test_a_card_need_not_have_golden_examples(client: FlaskClient, fake: FakeServer, text: bytes) -> None:
    """A version without golden examples is served without a check."""
    fake.card = text
    assert client.post("/predict", json={"data": 10}).status_code == 200
    assert fake.predicted == [(1, "card"), (1, "serving_default")]


def test_a_signature_named_card_may_be_something_else(client: FlaskClient, fake: FakeServer) -> None:
    """A model whose own signature happens to have the card's name is served without a card."""
    fake.signatures = {"card": pb.SignatureDef(inputs={"number": FLOAT_COLUMN}, outputs={"y": FLOAT_COLUMN})}

    def answer(request: pb.PredictRequest) -> dict[str, pb.TensorProto]:
        if request.model_spec.signature_name == "card":
            raise FailedError(grpc.StatusCode.INVALID_ARGUMENT)
        return dict(line(request))

    fake.answer = answer
    assert client.post("/predict", json={"data": 10}).status_code == 200


@pytest.mark.parametrize("code", [grpc.StatusCode.INTERNAL, grpc.StatusCode.UNAVAILABLE], ids=str)
def test_a_card_that_cannot_be_read_now_is_asked_for_again(
    client: FlaskClient, fake: FakeServer, code: grpc.StatusCode
) -> None:
    """A failure while the card is read is passed on, and does not let the version by the golden check."""
    fake.card, fake.failing_methods, fake.failure = NOT_GOLDEN, {"predict"}, FailedError(code)
    assert client.post("/predict", json={"data": 10}).status_code == HTTP_STATUS[code]
    fake.failure = None
    assert document(client.post("/predict", json={"data": 10}))["title"] == "Version refused"


def test_the_card_is_given_once(client: FlaskClient, fake: FakeServer) -> None:
    """Whoever asks for the card over /v1 gets it, but not thousands of times for a request of thousands of rows."""
    fake.card = b"{}"
    path = "/v1/models/line:predict"
    answer = client.post(path, json={"signature_name": "card", "instances": [0]})
    assert document(answer) == {"predictions": ["{}"]}
    assert client.post(path, json={"signature_name": "card", "instances": [0, 0]}).status_code == 400
