import pytest
from flask.testing import FlaskClient

from gateway import tf_serving_pb2 as pb
from tests.unit.gateway.answers import document
from tests.unit.gateway.fake_server import FakeServer


def test_is_live_without_asking_anyone(client: FlaskClient, fake: FakeServer) -> None:
    """Liveness asks no other server: a model server's failure must not get the gateway restarted."""
    assert document(client.get("/livez")) == {"status": "live"}
    assert fake.calls == []


def test_is_ready_when_a_version_is_available(client: FlaskClient, fake: FakeServer) -> None:
    """Readiness names the versions that can answer."""
    fake.version = 7
    answer = client.get("/readyz")
    assert (answer.status_code, document(answer)) == (200, {"status": "ready", "models": {"line": [7]}})


@pytest.mark.parametrize("state", ["START", "LOADING", "UNLOADING", "END"])
def test_is_not_ready_in_any_other_state(client: FlaskClient, fake: FakeServer, state: str) -> None:
    """A version that is not AVAILABLE makes no gateway ready."""
    fake.state = pb.ModelVersionStatus.State.Value(state)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.mimetype) == (503, "application/problem+json")
    assert document(answer)["detail"] == "Model 'line' has no version that is available."


def test_is_not_ready_for_an_unknown_model(client: FlaskClient, fake: FakeServer) -> None:
    """A model server without the model is a reason not to be ready, and 503 to whoever probes."""
    fake.model = "other"
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert document(answer)["detail"] == "Model 'line': The model server serves no model 'line'."
