"""What the gateway relies on when it speaks to a model server over its own subset of the protocol."""

from collections.abc import Iterator
from contextlib import contextmanager

import grpc
import pytest
import tensorflow as tf
from flask.testing import FlaskClient

from gateway import create_app
from gateway import tf_serving_pb2 as pb
from gateway.config import Settings
from gateway.dtypes import DTYPES
from gateway.errors import ModelServerError
from gateway.model_server import ModelServer as GatewayClient
from gateway.signature import NEWEST, STABLE, Selector
from gateway.tensors import Tensor, pack, unpack
from tests.contract.model_server import ModelServer, State
from tests.saved_models import write_echo, write_line

FLOAT, DOUBLE = DTYPES[pb.DT_FLOAT], DTYPES[pb.DT_DOUBLE]
ONE_ROW = pack(FLOAT, [1, 1], [10.0])
GOLDEN = '{"golden": {"inputs": {"x": [[10.0]]}, "outputs": {"y": [[31.0]]}, "tolerance": 1e-4}}'
SERVING = "serving_default"
# What JSON has for each dtype, the extremes among them; float16 and bfloat16 have the halves exactly.
VALUES: dict[str, list[object]] = {
    "bool": [True, False],
    "string": ["äpfel", {"b64": "AP8="}],
    "float16": [0.5, -65504.0],
    "bfloat16": [0.5, -65536.0],
    "float32": [0.5, -3.4028234663852886e38],
    "float64": [0.1, -1.7976931348623157e308],
    **{f"int{bits}": [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] for bits in (8, 16, 32, 64)},
    **{f"uint{bits}": [0, 2**bits - 1] for bits in (8, 16, 32, 64)},
}


@pytest.fixture
def client(line: ModelServer) -> Iterator[GatewayClient]:
    """The gateway's client of the shared server."""
    client = GatewayClient(line.target, timeout_seconds=10)
    yield client
    client.close()


@pytest.mark.parametrize(
    ("selector", "version"), [(NEWEST, 2), (STABLE, 1), (Selector(version=1), 1)], ids=["newest", "label", "version"]
)
def test_reads_the_signatures(client: GatewayClient, selector: Selector, version: int) -> None:
    """Signatures arrive with names, dtypes, shapes and the version they belong to, whichever way it is asked for."""
    metadata = client.metadata("line", selector)
    assert metadata.version == version
    signature = metadata.signatures[SERVING]
    assert {name: info.dtype for name, info in signature.inputs.items()} == {"x": pb.DT_FLOAT}
    assert [dim.size for dim in signature.inputs["x"].tensor_shape.dim] == [-1, 1]
    assert list(signature.outputs) == ["y"]
    assert "card" in metadata.signatures


def test_an_unknown_label_is_not_found(client: GatewayClient) -> None:
    """A label that nothing has is not found, though the server calls it an invalid argument."""
    for ask in (client.metadata, client.status):
        with pytest.raises(ModelServerError) as caught:
            ask("line", Selector(label="nobody"))
        assert caught.value.status == 404


def test_reads_predictions_and_their_version(client: GatewayClient) -> None:
    """An answer's numbers are read in whichever field the server puts them, with the version that made them."""
    answer = client.predict("line", Selector(version=1), SERVING, {"x": pack(FLOAT, [2, 1], [10.0, -1.0])})
    assert (answer.version, unpack(answer.outputs["y"])) == (1, ([31.0, -2.0], [2, 1]))


def test_reads_the_versions_that_are_available(client: GatewayClient) -> None:
    """The available versions are told, newest first."""
    assert client.available_versions("line") == [2, 1]


@pytest.mark.parametrize(
    ("model", "version", "inputs", "code"),
    [
        ("nope", 1, {"x": ONE_ROW}, grpc.StatusCode.NOT_FOUND),
        ("line", 9, {"x": ONE_ROW}, grpc.StatusCode.NOT_FOUND),
        ("line", 1, {"z": ONE_ROW}, grpc.StatusCode.INVALID_ARGUMENT),
        ("line", 1, {}, grpc.StatusCode.INVALID_ARGUMENT),
        ("line", 1, {"x": pack(DOUBLE, [1, 1], [10.0])}, grpc.StatusCode.INVALID_ARGUMENT),
        ("line", 1, {"x": pack(FLOAT, [1, 2], [10.0, 11.0])}, grpc.StatusCode.INVALID_ARGUMENT),
    ],
    ids=["unknown model", "unknown version", "wrong name", "no input", "wrong dtype", "wrong shape"],
)
def test_reads_refusals(
    client: GatewayClient, model: str, version: int, inputs: dict[str, Tensor], code: grpc.StatusCode
) -> None:
    """What the server refuses arrives with its status, which the gateway's table turns into an HTTP status."""
    with pytest.raises(ModelServerError) as caught:
        client.predict(model, Selector(version=version), SERVING, inputs)
    assert caught.value.code == code


@contextmanager
def http_client(server: ModelServer, model: str) -> Iterator[FlaskClient]:
    """A client of a gateway for one model of a server."""
    app = create_app(Settings(model_server=server.target, model_name=model))
    yield app.test_client()
    app.extensions["model_server"].close()


def test_answers_over_http(line: ModelServer) -> None:
    """The whole gateway answers from this server, in the form of the request."""
    with http_client(line, "line") as client:
        answer = client.post("/predict", json={"data": [[10], [-1]]})
    assert answer.get_json() == {"prediction": [[31.0], [-2.0]], "model": "line", "version": 1}
    assert answer.headers["X-Model-Label"] == "stable"


def test_serves_several_inputs_and_outputs(line: ModelServer) -> None:
    """A model of a number, an integer, a boolean and a text is asked by name, and answers by name."""
    data = {"price": 2.5, "count": 4, "sold": True, "word": "äpfel"}
    with http_client(line, "mixed") as client:
        answer = client.post("/predict", json={"data": data})
    assert answer.get_json()["prediction"] == {"total": 10.0, "some": True, "upper": "äPFEL"}


@pytest.fixture(scope="module")
def echo(server: ModelServer) -> ModelServer:
    """A model for each dtype, which answers what it is given."""
    for dtype in VALUES:
        write_echo(server.store / f"echo_{dtype}" / "1", {"x": tf.as_dtype(dtype)})
        server.configure(f"echo_{dtype}")
    for dtype in VALUES:
        server.wait_for(f"echo_{dtype}", 1, State.AVAILABLE)
    return server


@pytest.mark.parametrize("dtype", VALUES)
def test_every_dtype_goes_there_and_back(echo: ModelServer, dtype: str) -> None:
    """Values of every dtype reach the model as they were written, and come back so."""
    with http_client(echo, f"echo_{dtype}") as client:
        answer = client.post("/predict", json={"data": VALUES[dtype]})
    assert answer.get_json()["prediction"] == VALUES[dtype]


def test_a_version_that_is_not_golden_is_not_served(server: ModelServer) -> None:
    """The card is read through its signature and replayed: of two versions the one that gives its answers is served."""
    write_line(server.store / "golden" / "1", slope=3.0, intercept=1.0, card=GOLDEN)
    write_line(server.store / "golden" / "2", slope=2.0, card=GOLDEN)
    server.configure("golden", latest=2)
    for version in (1, 2):
        server.wait_for("golden", version, State.AVAILABLE)
    with http_client(server, "golden") as client:
        assert client.post("/predict", json={"data": 1}).get_json()["version"] == 1
        assert client.post("/v1/models/golden/versions/2:predict", json={"instances": [1]}).status_code == 503
        ready = client.get("/readyz").get_json()
    assert ready["models"] == {"golden": [1]}


def test_a_model_that_is_not_there_is_not_found(line: ModelServer) -> None:
    """It is answered with 404, and its gateway is not ready."""
    with http_client(line, "nope") as client:
        assert client.post("/predict", json={"data": 1}).status_code == 404
        assert client.get("/readyz").status_code == 503
