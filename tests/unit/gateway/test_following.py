"""How the gateway follows the model when another version takes over."""

import grpc
import pytest
from flask.testing import FlaskClient

from gateway import catalog, create_app
from gateway import tf_serving_pb2 as pb
from gateway.config import Settings
from gateway.dtypes import DTYPES
from tests.processes import wait_until
from tests.protos import pack, unpack
from tests.unit.gateway.answers import document
from tests.unit.gateway.fake_server import FLOAT_COLUMN, FailedError, FakeServer, info, line, serving

PAIRS = {"x": info(pb.DT_FLOAT, -1, 2)}


@pytest.fixture(params=[0.0, 3600.0], ids=["checked each time", "not checked again"])
def _recheck(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways to notice a takeover: the periodic look at the signature, and the old version's absence."""
    monkeypatch.setattr(catalog, "RECHECK_SECONDS", request.param)


def sum_of_row(request: pb.PredictRequest) -> dict[str, pb.TensorProto]:
    """Answer the sum of each row, of whatever length: like many models, it would take a shape it was not made for."""
    values, (rows, length) = unpack(request.inputs["x"])
    sums = [sum(values[row * length : (row + 1) * length]) for row in range(rows)]
    return {"y": pack(DTYPES[pb.DT_FLOAT], [rows, 1], sums)}


def take_over(fake: FakeServer) -> None:
    """Let version 2, which takes pairs, replace version 1, which takes single numbers."""
    fake.version, fake.inputs, fake.answer = 2, PAIRS, sum_of_row


@pytest.mark.usefixtures("_recheck")
def test_a_takeover_is_no_failure(client: FlaskClient, fake: FakeServer) -> None:
    """A version with the same signature takes over between two requests, and both are answered."""
    for version in (1, 2, 3):
        fake.version = version
        answer = client.post("/predict", json={"data": 10})
        assert document(answer) == {"prediction": 31.0, "model": "line", "version": version}


@pytest.mark.usefixtures("_recheck")
def test_a_new_versions_contract_decides(client: FlaskClient, fake: FakeServer) -> None:
    """A body that only the replaced version took is refused by its successor's contract, not answered by its graph."""
    client.post("/predict", json={"data": 10})
    take_over(fake)
    answer = client.post("/predict", json={"data": [10]})
    assert answer.status_code == 422
    assert document(answer)["errors"] == [{"pointer": "/data", "detail": "expected an array of 2 values, got 1 value"}]
    answer = client.post("/predict", json={"data": [[1, 2], [3, 4]]})
    assert document(answer) == {"prediction": [[3.0], [7.0]], "model": "line", "version": 2}


@pytest.mark.usefixtures("_recheck")
def test_a_new_versions_output_is_found(client: FlaskClient, fake: FakeServer) -> None:
    """A version that names its output otherwise is answered for at once."""
    client.post("/predict", json={"data": 10})
    fake.version, fake.outputs = 2, {"z": FLOAT_COLUMN}
    fake.answer = lambda request: {"z": line(request)["y"]}
    assert document(client.post("/predict", json={"data": 10}))["prediction"] == 31.0


@pytest.mark.usefixtures("_recheck")
def test_a_new_version_of_another_kind_is_not_served(client: FlaskClient, fake: FakeServer) -> None:
    """A successor that the gateway cannot speak for is answered with 501, each time."""
    client.post("/predict", json={"data": 10})
    fake.version, fake.outputs = 2, {"y": info(pb.DT_COMPLEX64, -1)}
    assert [client.post("/predict", json={"data": 10}).status_code for _ in range(4)] == [501] * 4


def test_servers_behind_one_name_may_be_at_different_versions(fake: FakeServer) -> None:
    """While one of several servers has the new version and the others still the old one, all requests are answered."""
    with serving(FakeServer(version=2)) as other:
        app = create_app(Settings(model_server=f"ipv4:{fake.target},{other.target}", timeout_seconds=2))
        answers = [app.test_client().post("/predict", json={"data": 10}) for _ in range(20)]
        app.extensions["model_server"].close()
    assert {answer.status_code for answer in answers} == {200}
    assert {document(answer)["version"] for answer in answers} == {1, 2}


def test_a_model_server_that_goes_is_no_unsupported_model(
    client: FlaskClient, fake: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once the server is gone, a model that was answered with 501 is answered with 503."""
    monkeypatch.setattr(catalog, "RECHECK_SECONDS", 0.0)
    fake.outputs = {}
    assert client.post("/predict", json={"data": 10}).status_code == 501
    fake.failure = FailedError(grpc.StatusCode.UNAVAILABLE)
    assert client.post("/predict", json={"data": 10}).status_code == 503


def test_a_body_for_the_successor_is_taken_within_a_second(client: FlaskClient, fake: FakeServer) -> None:
    """A body that only a version loaded beside the old one takes is answered once the contract is looked at again."""
    client.post("/predict", json={"data": 10})
    take_over(fake)
    wait_until(
        lambda: client.post("/predict", json={"data": [[1, 2]]}).status_code == 200,
        catalog.RECHECK_SECONDS + 2,
        "the successor's contract",
    )


def test_asks_for_the_signature_once_a_second(
    client: FlaskClient, fake: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within the second, requests cost one call each, be they answered, refused or not supported.

    Without the label `stable`, which is asked for first, and `canary`, which it must not be, that costs three.
    """
    monkeypatch.setattr(catalog, "RECHECK_SECONDS", 3600.0)
    for data in (10, 11, "nonsense"):
        client.post("/predict", json={"data": data})
    assert fake.calls == [*["get_model_metadata"] * 3, "predict", "predict"]
    fake.version, fake.outputs = 2, {}
    fake.calls.clear()
    for _ in range(3):
        client.post("/predict", json={"data": 10})
    assert fake.calls == ["predict", *["get_model_metadata"] * 3]


def test_a_failing_look_at_the_signature_costs_no_answer(
    client: FlaskClient, fake: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the model server predicts, but fails to tell the signature, the known contract goes on."""
    monkeypatch.setattr(catalog, "RECHECK_SECONDS", 0.0)
    client.post("/predict", json={"data": 10})
    fake.failing_methods = {"get_model_metadata"}
    fake.failure = FailedError(grpc.StatusCode.INTERNAL)
    assert client.post("/predict", json={"data": 10}).status_code == 200


def test_gives_up_on_a_model_that_is_gone(client: FlaskClient, fake: FakeServer) -> None:
    """A model that is unloaded is answered with 404."""
    client.post("/predict", json={"data": 10})
    fake.model = "other"
    assert client.post("/predict", json={"data": 10}).status_code == 404


def test_passes_on_a_refusal_by_the_server(client: FlaskClient, fake: FakeServer) -> None:
    """What the server refuses although it fits the signature is refused with 400."""

    def refuse(_request: pb.PredictRequest) -> dict[str, pb.TensorProto]:
        raise FailedError(grpc.StatusCode.INVALID_ARGUMENT)

    fake.answer = refuse
    assert client.post("/predict", json={"data": 10}).status_code == 400


def test_says_that_a_model_has_no_usable_signature(client: FlaskClient, fake: FakeServer) -> None:
    """A model without `serving_default` is answered with 501 and the reason, and its gateway is not ready."""
    fake.signature_name = "other"
    answer = client.post("/predict", json={"data": 10})
    assert answer.status_code == 501
    assert document(answer)["detail"] == "Model 'line' has no signature named serving_default."
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert document(answer)["detail"] == "Model 'line': Model 'line' has no signature named serving_default."
