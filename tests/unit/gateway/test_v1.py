"""TensorFlow Serving's REST API, as its clients and KServe's know it: what is answered."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from gateway import create_app
from gateway import tf_serving_pb2 as pb
from gateway.config import Settings
from gateway.dtypes import DTYPES
from tests.protos import pack, unpack
from tests.unit.gateway.answers import document
from tests.unit.gateway.cards import NOT_GOLDEN
from tests.unit.gateway.fake_server import FLOAT_COLUMN, FakeServer, Served, info

pytestmark = pytest.mark.both_ways

MODEL = "/v1/models/line"
FLOATS, TEXTS = info(pb.DT_FLOAT, -1), info(pb.DT_STRING, -1)


def ask(client: FlaskClient, body: dict[str, Any], path: str = MODEL) -> Any:
    """The document that answers a prediction request."""
    answer = client.post(f"{path}:predict", json=body)
    assert (answer.status_code, answer.content_type) == (200, "application/json"), answer.text
    return document(answer)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"instances": [[10], [11]]}, {"predictions": [[31.0], [34.0]]}),
        ({"instances": [10]}, {"predictions": [[31.0]]}),
        ({"instances": [{"x": [10]}, {"x": 11}]}, {"predictions": [[31.0], [34.0]]}),
        ({"inputs": [[10], [11]]}, {"outputs": [[31.0], [34.0]]}),
        ({"inputs": {"x": [[10], [11]]}}, {"outputs": [[31.0], [34.0]]}),
    ],
)
def test_answers_by_row_or_by_column(client: FlaskClient, body: dict[str, Any], expected: dict[str, Any]) -> None:
    """`instances` are answered with `predictions`, one a row; `inputs` with `outputs`, the tensor; nothing is added."""
    assert ask(client, body) == expected


def echo(request: pb.PredictRequest) -> dict[str, pb.TensorProto]:
    """Answer the inputs."""
    return dict(request.inputs)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            {"instances": [{"a": 1, "t": "x"}, {"a": 2, "t": {"b64": "/w=="}}]},
            {"predictions": [{"a": 1.0, "t": "x"}, {"a": 2.0, "t": {"b64": "/w=="}}]},
        ),
        ({"inputs": {"a": [1, 2], "t": ["x", "y"]}}, {"outputs": {"a": [1.0, 2.0], "t": ["x", "y"]}}),
    ],
)
def test_answers_several_inputs_and_outputs(
    client: FlaskClient, fake: FakeServer, body: dict[str, Any], expected: dict[str, Any]
) -> None:
    """Several outputs are objects by name, a row each or a column each; strings that are no text are in base64."""
    fake.inputs = fake.outputs = {"a": FLOATS, "t": TEXTS}
    fake.answer = echo
    assert ask(client, body) == expected


def test_names_that_end_in_bytes_are_in_base64(client: FlaskClient, fake: FakeServer) -> None:
    """A string output whose name ends so is always in base64, as TensorFlow Serving writes it."""
    fake.inputs = fake.outputs = {"image_bytes": TEXTS}
    fake.answer = echo
    assert ask(client, {"instances": ["abc"]}) == {"predictions": [{"b64": "YWJj"}]}


def test_a_signature_without_a_batch_has_inputs(client: FlaskClient, fake: FakeServer) -> None:
    """Tensors without a free first dimension are sent and answered as they are."""
    fake.inputs, fake.outputs, fake.answer = {"x": info(pb.DT_FLOAT)}, {"x": info(pb.DT_FLOAT)}, echo
    assert ask(client, {"inputs": 4}) == {"outputs": 4.0}
    assert ask(client, {"inputs": {"x": 4}}) == {"outputs": 4.0}


def test_answers_null_where_a_number_is_not_finite(client: FlaskClient) -> None:
    """A number that JSON has no word for is null: bare NaN would break the client's parser."""
    assert ask(client, {"instances": [[1], [3e38]]}) == {"predictions": [[4.0], [None]]}


def test_passes_over_members_that_it_does_not_know(client: FlaskClient) -> None:
    """Clients send members of other protocols along."""
    assert ask(client, {"instances": [10], "parameters": {"a": 1}, "id": None}) == {"predictions": [[31.0]]}


@pytest.mark.parametrize(
    ("path", "version"), [("", 1), ("/versions/1", 1), ("/versions/3", 3), ("/labels/stable", 1), ("/labels/next", 3)]
)
def test_asks_the_version_that_is_named(client: FlaskClient, fake: FakeServer, path: str, version: int) -> None:
    """The path names a version by number or label; without either it is the stable one."""
    fake.others, fake.labels = [Served(version=3)], {"stable": 1, "next": 3}
    ask(client, {"instances": [10]}, MODEL + path)
    assert fake.predicted == [(version, "serving_default")]
    answer = document(client.get(f"{MODEL}{path}/metadata"))
    assert answer["model_spec"] == {"name": "line", "signature_name": "", "version": str(version)}


def test_asks_the_signature_that_is_named(client: FlaskClient, fake: FakeServer) -> None:
    """`signature_name` chooses a signature with its own inputs; an empty one is the default."""

    def summed(request: pb.PredictRequest) -> dict[str, pb.TensorProto]:
        values = [sum(pair) for pair in zip(*(unpack(tensor)[0] for tensor in request.inputs.values()), strict=True)]
        return {"z": pack(DTYPES[pb.DT_FLOAT], [len(values)], values)}

    fake.signatures = {"sum": pb.SignatureDef(inputs={"a": FLOATS, "b": FLOATS}, outputs={"z": FLOATS})}
    assert ask(client, {"signature_name": "", "instances": [10]}) == {"predictions": [[31.0]]}
    fake.answer = summed
    body = {"signature_name": "sum", "instances": [{"a": 1, "b": 2}, {"a": 3, "b": 4}]}
    assert ask(client, body) == {"predictions": [3.0, 7.0]}
    assert [name for _, name in fake.predicted] == ["serving_default", "sum"]


@pytest.mark.parametrize("name", ["a b", "ä", "m.1_x-2", "%", "versions", "..."])
def test_models_may_have_odd_names(client: FlaskClient, fake: FakeServer, name: str) -> None:
    """Any model that the server has can be asked, configured or not."""
    fake.others = [Served(model=name)]
    path = f"/v1/models/{name.replace('%', '%25')}"
    assert ask(client, {"instances": [10]}, path) == {"predictions": [[31.0]]}
    assert document(client.get(path))["name"] == name


def test_lists_the_configured_models(fake: FakeServer) -> None:
    """The list has what the gateway was told of, the default first."""
    app = create_app(Settings(model_server=fake.target, model_names="other,line"))
    assert document(app.test_client().get("/v1/models")) == {"models": ["line", "other"]}


def test_tells_the_states_of_the_versions(client: FlaskClient, fake: FakeServer) -> None:
    """The status is TensorFlow Serving's, with `name` and `ready` for KServe's clients."""
    fake.others = [Served(version=3, state=pb.ModelVersionStatus.LOADING)]
    states = [
        {"version": "3", "state": "LOADING", "status": {"error_code": "OK", "error_message": ""}},
        {"version": "1", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}},
    ]
    assert document(client.get(MODEL)) == {"model_version_status": states, "name": "line", "ready": True}
    one = document(client.get(f"{MODEL}/versions/3"))
    assert one == {"model_version_status": states[:1], "name": "line", "ready": False}


def test_a_version_that_has_gone_is_not_ready(client: FlaskClient, fake: FakeServer) -> None:
    """That it was asked a moment ago makes no version ready."""
    fake.others = [Served(version=2)]
    ask(client, {"instances": [10]}, f"{MODEL}/versions/1")
    fake.state = pb.ModelVersionStatus.END
    assert document(client.get(f"{MODEL}/versions/1"))["ready"] is False
    assert document(client.get(MODEL))["ready"] is True


def test_prints_metadata_as_tensorflow_serving_does(client: FlaskClient, fake: FakeServer) -> None:
    """Sizes are strings, and members that have their default are written out."""
    name = pb.TensorInfo(name="serve_x:0", dtype=pb.DT_FLOAT, tensor_shape=FLOAT_COLUMN.tensor_shape)
    fake.inputs = {"x": name}
    fake.outputs = {"y": pb.TensorInfo(dtype=pb.DT_STRING, tensor_shape=pb.TensorShapeProto(unknown_rank=True))}
    dims = [{"size": "-1", "name": ""}, {"size": "1", "name": ""}]
    inputs = {"dtype": "DT_FLOAT", "tensor_shape": {"dim": dims, "unknown_rank": False}, "name": "serve_x:0"}
    outputs = {"dtype": "DT_STRING", "tensor_shape": {"dim": [], "unknown_rank": True}}
    signature = {"inputs": {"x": inputs}, "outputs": {"y": outputs}, "method_name": ""}
    assert document(client.get(f"{MODEL}/metadata")) == {
        "model_spec": {"name": "line", "signature_name": "", "version": "1"},
        "metadata": {"signature_def": {"signature_def": {"serving_default": signature}}},
    }


def test_metadata_are_those_of_the_version_that_answers(client: FlaskClient, fake: FakeServer) -> None:
    """While the newest version is refused, the metadata are its stand-in's."""
    fake.others = [Served(version=2, card=NOT_GOLDEN)]
    assert document(client.get(f"{MODEL}/metadata"))["model_spec"]["version"] == "1"
