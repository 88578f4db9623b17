"""What a model server promises its clients. Every test holds for the embedded server and for the real one."""

import math
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import grpc
import numpy as np
import pytest
import tensorflow as tf
from grpc_health.v1 import health_pb2
from tensorflow.core.framework import tensor_pb2, tensor_shape_pb2, types_pb2
from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2, model_pb2, predict_pb2

from tests.contract.model_server import WAIT_SECONDS, ModelServer, State, predict_request
from tests.processes import wait_until
from tests.saved_models import write_corrupt, write_line

ONE_ROW = np.array([[10.0]], np.float32)
Refused = tuple[grpc.StatusCode, str]


def values(response: predict_pb2.PredictResponse, alias: str = "y") -> Any:
    """Unpack an output into nested lists."""
    return tf.make_ndarray(response.outputs[alias]).tolist()


def refusal(server: ModelServer, request: predict_pb2.PredictRequest) -> Refused:
    """Make a call that is to fail, and tell its status and message."""
    with pytest.raises(grpc.RpcError) as caught:
        server.predict(request)
    return caught.value.code(), caught.value.details() or ""


def metadata_request(**spec: Any) -> get_model_metadata_pb2.GetModelMetadataRequest:
    """Ask for the signatures of a version."""
    return get_model_metadata_pb2.GetModelMetadataRequest(
        model_spec=model_pb2.ModelSpec(**spec), metadata_field=["signature_def"]
    )


def with_label(name: str, label: str) -> predict_pb2.PredictRequest:
    """Ask for the prediction of a label's version."""
    request = predict_request(name, x=ONE_ROW)
    request.model_spec.version_label = label
    return request


def test_predict_answers_with_the_newest_version_and_names_it(line: ModelServer) -> None:
    """Without version or label the newest loaded version answers, and the answer names model, version and signature."""
    response = line.predict(predict_request(x=ONE_ROW))
    assert values(response) == [[31.0]]
    spec = response.model_spec
    assert (spec.name, spec.version.value, spec.signature_name) == ("line", 2, "serving_default")


def test_predict_by_version(line: ModelServer) -> None:
    """A request that names a loaded version is answered by that version."""
    request = predict_request(x=ONE_ROW)
    request.model_spec.version.value = 1
    assert line.predict(request).model_spec.version.value == 1


def test_predict_by_label_names_the_version(line: ModelServer) -> None:
    """A request that names a label is answered by the label's version, and the answer names the version."""
    assert line.predict(with_label("line", "stable")).model_spec.version.value == 1


def test_string_answers_come_once_per_row(line: ModelServer) -> None:
    """The signature `card` answers its string once for each row of its dummy input."""
    request = predict_request(rows=np.zeros(3, np.int32))
    request.model_spec.signature_name = "card"
    response = line.predict(request)
    assert values(response, "card") == [b"{}"] * 3
    assert response.model_spec.signature_name == "card"


def test_named_inputs_of_several_dtypes(line: ModelServer) -> None:
    """Inputs and outputs keep their names, dtypes and shapes."""
    response = line.predict(
        predict_request(
            "mixed",
            price=np.array([0.5, 2.0]),
            count=np.array([3, 0], np.int64),
            sold=np.array([True, True]),
            word=np.array([b"a", b"\xff"]),
        )
    )
    assert {alias: tensor.dtype for alias, tensor in response.outputs.items()} == {
        "total": types_pb2.DT_DOUBLE,
        "some": types_pb2.DT_BOOL,
        "upper": types_pb2.DT_STRING,
    }
    assert values(response, "total") == [1.5, 0.0]
    assert values(response, "some") == [True, False]
    assert values(response, "upper") == [b"A", b"\xff"]


def test_output_filter_selects_outputs(line: ModelServer) -> None:
    """Only the outputs that output_filter names are answered."""
    request = predict_request("mixed", price=[1.0], count=[1], sold=[True], word=["a"])
    request.inputs["price"].CopyFrom(tf.make_tensor_proto([1.0], tf.float64))
    request.inputs["count"].CopyFrom(tf.make_tensor_proto([1], tf.int64))
    request.output_filter.append("total")
    assert list(line.predict(request).outputs) == ["total"]


def test_zero_rows_give_zero_rows(line: ModelServer) -> None:
    """A batch of no rows is answered with no rows."""
    response = line.predict(predict_request(x=np.zeros((0, 1), np.float32)))
    assert [dim.size for dim in response.outputs["y"].tensor_shape.dim] == [0, 1]


def test_nan_and_infinity_pass_through(line: ModelServer) -> None:
    """NaN and infinity are values like others; refusing them is the gateway's part."""
    nan, infinity = values(line.predict(predict_request(x=np.array([[math.nan], [math.inf]], np.float32))))
    assert math.isnan(nan[0])
    assert infinity == [math.inf]


def test_large_requests_pass(line: ModelServer) -> None:
    """A request beyond gRPC's usual limit of 4 MiB is answered."""
    rows = 1_500_000
    response = line.predict(predict_request(x=np.zeros((rows, 1), np.float32)))
    assert response.outputs["y"].tensor_shape.dim[0].size == rows


def test_tensor_content_and_value_fields_are_both_read(line: ModelServer) -> None:
    """A tensor may come as raw bytes or as repeated values."""
    shape = tf.TensorShape((2, 1)).as_proto()
    for tensor in (
        tensor_pb2.TensorProto(dtype=types_pb2.DT_FLOAT, tensor_shape=shape, float_val=[0.0, 1.0]),
        tensor_pb2.TensorProto(
            dtype=types_pb2.DT_FLOAT, tensor_shape=shape, tensor_content=np.array([0.0, 1.0], np.float32).tobytes()
        ),
    ):
        request = predict_request()
        request.inputs["x"].CopyFrom(tensor)
        assert values(line.predict(request)) == [[1.0], [4.0]]


def test_unknown_model(line: ModelServer) -> None:
    """An unknown model is NOT_FOUND."""
    expected = (grpc.StatusCode.NOT_FOUND, "Servable not found for request: Latest(zz)")
    assert refusal(line, predict_request("zz", x=ONE_ROW)) == expected


def test_unknown_version(line: ModelServer) -> None:
    """An unknown version is NOT_FOUND."""
    request = predict_request(x=ONE_ROW)
    request.model_spec.version.value = 9
    expected = (grpc.StatusCode.NOT_FOUND, "Servable not found for request: Specific(line, 9)")
    assert refusal(line, request) == expected


def test_unknown_label(line: ModelServer) -> None:
    """An unknown label is INVALID_ARGUMENT."""
    expected = (grpc.StatusCode.INVALID_ARGUMENT, "Unrecognized servable version label: nope")
    assert refusal(line, with_label("line", "nope")) == expected


def test_label_of_a_version_that_is_not_loaded(line: ModelServer) -> None:
    """A label whose version is not loaded is NOT_FOUND."""
    expected = (grpc.StatusCode.NOT_FOUND, "Servable not found for request: Specific(line, 7)")
    assert refusal(line, with_label("line", "canary")) == expected


def test_no_model_name(line: ModelServer) -> None:
    """A request without a model's name is INVALID_ARGUMENT."""
    assert refusal(line, predict_request("", x=ONE_ROW))[0] == grpc.StatusCode.INVALID_ARGUMENT


def test_unknown_signature(line: ModelServer) -> None:
    """An unknown signature is FAILED_PRECONDITION."""
    request = predict_request(x=ONE_ROW)
    request.model_spec.signature_name = "nope"
    expected = (grpc.StatusCode.FAILED_PRECONDITION, 'Serving signature key "nope" not found.')
    assert refusal(line, request) == expected


@pytest.mark.parametrize(
    ("inputs", "fragment"),
    [
        pytest.param({"wrong": ONE_ROW}, "x", id="wrong name"),
        pytest.param({}, "x", id="no inputs"),
        pytest.param({"x": ONE_ROW, "more": ONE_ROW}, "more", id="one too many"),
        pytest.param({"x": ONE_ROW.astype(np.float64)}, "to be float but double is provided", id="wrong dtype"),
        pytest.param({"x": np.array([["a"]])}, "to be float but string is provided", id="string for a number"),
        pytest.param({"x": np.zeros((2, 3), np.float32)}, "", id="too many columns"),
        pytest.param({"x": np.zeros(3, np.float32)}, "", id="too few dimensions"),
    ],
)
def test_inputs_that_do_not_fit_the_signature(line: ModelServer, inputs: dict[str, Any], fragment: str) -> None:
    """Wrong input names, dtypes and shapes are INVALID_ARGUMENT."""
    code, message = refusal(line, predict_request(**inputs))
    assert code == grpc.StatusCode.INVALID_ARGUMENT
    assert fragment in message


@pytest.mark.parametrize(
    ("dtype", "size", "fragment"),
    [
        pytest.param(types_pb2.DT_FLOAT, 2, "tensor parsing error: x", id="too short"),
        pytest.param(types_pb2.DT_FLOAT, -1, "", id="negative size"),
        pytest.param(types_pb2.DT_INVALID, 1, "", id="no dtype"),
    ],
)
def test_tensor_that_contradicts_itself(line: ModelServer, dtype: int, size: int, fragment: str) -> None:
    """A tensor whose dtype, shape and content do not fit each other is INVALID_ARGUMENT."""
    shape = tensor_shape_pb2.TensorShapeProto(dim=[tensor_shape_pb2.TensorShapeProto.Dim(size=n) for n in (size, 1)])
    request = predict_request()
    request.inputs["x"].CopyFrom(
        tensor_pb2.TensorProto(dtype=dtype, tensor_shape=shape, tensor_content=ONE_ROW.tobytes())
    )
    code, message = refusal(line, request)
    assert code == grpc.StatusCode.INVALID_ARGUMENT
    assert fragment in message


def test_unknown_output_in_output_filter(line: ModelServer) -> None:
    """An output that the signature does not have is INVALID_ARGUMENT."""
    request = predict_request(x=ONE_ROW)
    request.output_filter.append("nope")
    code, message = refusal(line, request)
    assert code == grpc.StatusCode.INVALID_ARGUMENT
    assert "output tensor alias not found in signature: nope" in message


def test_garbage_bytes_do_no_harm(line: ModelServer) -> None:
    """A request that is no protobuf message gets an error, and the server serves on."""
    with pytest.raises(grpc.RpcError):
        line.call_raw("Predict", b"\xff\xff\xff")
    assert values(line.predict(predict_request(x=ONE_ROW))) == [[31.0]]


def test_unknown_method(line: ModelServer) -> None:
    """A method that does not exist is UNIMPLEMENTED."""
    with pytest.raises(grpc.RpcError) as caught:
        line.call_raw("Nope", b"")
    assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_metadata_describes_the_signatures(line: ModelServer) -> None:
    """GetModelMetadata answers each signature's inputs and outputs, and the version they belong to."""
    response = line.metadata(metadata_request(name="line", version_label="stable"))
    assert (response.model_spec.name, response.model_spec.version.value) == ("line", 1)
    signatures = get_model_metadata_pb2.SignatureDefMap()
    assert response.metadata["signature_def"].Unpack(signatures)
    assert {"serving_default", "card"} <= set(signatures.signature_def)
    x = signatures.signature_def["serving_default"].inputs["x"]
    assert (x.dtype, [dim.size for dim in x.tensor_shape.dim]) == (types_pb2.DT_FLOAT, [-1, 1])
    assert list(signatures.signature_def["serving_default"].outputs) == ["y"]


@pytest.mark.parametrize(
    ("spec", "code"),
    [
        pytest.param({"name": "zz"}, grpc.StatusCode.NOT_FOUND, id="model"),
        pytest.param({"name": "line", "version": {"value": 9}}, grpc.StatusCode.NOT_FOUND, id="version"),
        pytest.param({"name": "line", "version_label": "nope"}, grpc.StatusCode.INVALID_ARGUMENT, id="label"),
    ],
)
def test_metadata_of_what_is_unknown(line: ModelServer, spec: dict[str, Any], code: grpc.StatusCode) -> None:
    """GetModelMetadata refuses an unknown model, version or label with the same codes as Predict."""
    with pytest.raises(grpc.RpcError) as caught:
        line.metadata(metadata_request(**spec))
    assert caught.value.code() == code


def test_status_lists_the_versions(line: ModelServer) -> None:
    """GetModelStatus tells the state of every version, without an error where there is none."""
    request = get_model_status_pb2.GetModelStatusRequest(model_spec=model_pb2.ModelSpec(name="line"))
    entries = line.status(request).model_version_status
    assert {entry.version: entry.state for entry in entries} == {1: State.AVAILABLE, 2: State.AVAILABLE}
    assert {entry.status.error_code for entry in entries} == {0}


def test_status_of_one_version(line: ModelServer) -> None:
    """GetModelStatus with a version tells about that version alone."""
    spec = model_pb2.ModelSpec(name="line", version={"value": 1})
    entries = line.status(get_model_status_pb2.GetModelStatusRequest(model_spec=spec)).model_version_status
    assert [entry.version for entry in entries] == [1]


def test_status_of_an_unknown_model(line: ModelServer) -> None:
    """GetModelStatus of an unknown model is NOT_FOUND."""
    with pytest.raises(grpc.RpcError) as caught:
        line.status(get_model_status_pb2.GetModelStatusRequest(model_spec=model_pb2.ModelSpec(name="zz")))
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND


def test_health_is_serving(line: ModelServer) -> None:
    """The health service says that the server as a whole is serving."""
    assert line.health() == health_pb2.HealthCheckResponse.SERVING


def test_empty_configuration_starts_and_loads_what_comes_later(own_server: ModelServer) -> None:
    """A server started on `model_config_list { }` knows no model, and serves the one that a later write adds."""
    assert own_server.states("late") == {}
    write_line(own_server.store / "late" / "1", slope=2.0)
    own_server.configure("late")
    own_server.wait_for("late", 1, State.AVAILABLE)
    assert values(own_server.predict(predict_request("late", x=ONE_ROW))) == [[20.0]]


def test_latest_policy_picks_up_a_new_version(server: ModelServer) -> None:
    """With the policy `latest` a newly published version takes over, and the old one is unloaded."""
    write_line(server.store / "fresh" / "1", slope=1.0)
    server.configure("fresh", latest=1)
    server.wait_for("fresh", 1, State.AVAILABLE)
    write_line(server.store / "fresh" / "2", slope=2.0)
    server.wait_for("fresh", 2, State.AVAILABLE)
    server.wait_for("fresh", 1, State.END)
    assert server.predict(predict_request("fresh", x=ONE_ROW)).model_spec.version.value == 2
    old = predict_request("fresh", x=ONE_ROW)
    old.model_spec.version.value = 1
    assert refusal(server, old)[0] == grpc.StatusCode.NOT_FOUND


def test_specific_policy_serves_what_it_lists(server: ModelServer) -> None:
    """With the policy `specific` the versions listed are served, and one that does not exist does no harm."""
    for version in (1, 2, 3):
        write_line(server.store / "chosen" / str(version), slope=float(version))
    server.configure("chosen", specific=[1, 2, 8])
    server.wait_for("chosen", 1, State.AVAILABLE)
    server.wait_for("chosen", 2, State.AVAILABLE)
    assert values(server.predict(predict_request("chosen", x=ONE_ROW))) == [[20.0]]


def test_model_left_out_of_the_configuration_is_unloaded(server: ModelServer) -> None:
    """A model that models.config no longer lists is NOT_FOUND."""
    write_line(server.store / "brief" / "1", slope=1.0)
    server.configure("brief")
    server.wait_for("brief", 1, State.AVAILABLE)
    server.leave_out("brief")
    server.wait_for("brief", 1, State.END)
    assert refusal(server, predict_request("brief", x=ONE_ROW))[0] == grpc.StatusCode.NOT_FOUND


def test_label_moves_to_a_loaded_version_and_can_be_dropped(server: ModelServer) -> None:
    """A label moves to a version that is loaded, and is unknown once models.config leaves it out."""
    for version in (1, 2):
        write_line(server.store / "labelled" / str(version), slope=float(version))
    server.configure("labelled", specific=[1, 2], labels={"stable": 1})
    server.wait_for("labelled", 1, State.AVAILABLE)
    server.wait_for("labelled", 2, State.AVAILABLE)
    server.wait_for_label("labelled", "stable", 1)
    server.configure("labelled", specific=[1, 2], labels={"stable": 2})
    server.wait_for_label("labelled", "stable", 2)
    server.configure("labelled", specific=[1, 2])
    server.wait_for_label("labelled", "stable", None)


def test_label_does_not_move_to_a_version_added_by_the_same_write(own_server: ModelServer) -> None:
    """A write that adds a version and moves an existing label to it is refused as a whole; two writes do it."""
    write_line(own_server.store / "watch" / "1", slope=1.0)
    own_server.configure("watch", latest=1)
    for version in (1, 2):
        write_line(own_server.store / "two" / str(version), slope=float(version))
    own_server.configure("two", specific=[1], labels={"stable": 1})
    own_server.wait_for("two", 1, State.AVAILABLE)
    own_server.wait_for("watch", 1, State.AVAILABLE)
    own_server.wait_for_label("two", "stable", 1)

    own_server.configure("two", specific=[1, 2], labels={"stable": 2})
    write_line(own_server.store / "watch" / "2", slope=2.0)
    own_server.wait_for("watch", 2, State.AVAILABLE)
    refusal = "Request to assign label to version 2 of model two"
    wait_until(lambda: refusal in own_server.process.output(), WAIT_SECONDS, "the server to log the refusal")
    assert own_server.states("two") == {1: State.AVAILABLE}
    assert own_server.labelled("two", "stable") == 1

    own_server.configure("two", specific=[1, 2], labels={"stable": 1})
    own_server.wait_for("two", 2, State.AVAILABLE)
    own_server.configure("two", specific=[1, 2], labels={"stable": 2})
    own_server.wait_for_label("two", "stable", 2)


def test_torn_configuration_is_ignored(own_server: ModelServer) -> None:
    """While models.config is torn the old state serves on, and new versions are still picked up."""
    write_line(own_server.store / "steady" / "1", slope=1.0)
    own_server.configure("steady", latest=1)
    own_server.wait_for("steady", 1, State.AVAILABLE)
    with own_server.torn_config():
        write_line(own_server.store / "steady" / "2", slope=2.0)
        own_server.wait_for("steady", 2, State.AVAILABLE)
        assert own_server.predict(predict_request("steady", x=ONE_ROW)).model_spec.version.value == 2
    own_server.configure("steady", specific=[1, 2])
    own_server.wait_for("steady", 1, State.AVAILABLE)


def test_corrupt_version_leaves_the_old_one_serving(own_server: ModelServer) -> None:
    """A new version that cannot be loaded stays LOADING, and the old one serves on."""
    write_line(own_server.store / "solid" / "1", slope=1.0)
    own_server.configure("solid", latest=1)
    own_server.wait_for("solid", 1, State.AVAILABLE)
    write_corrupt(own_server.store / "solid" / "2")
    own_server.wait_for("solid", 2, State.LOADING)
    assert own_server.predict(predict_request("solid", x=ONE_ROW)).model_spec.version.value == 1
    assert own_server.states("solid")[1] == State.AVAILABLE


def test_versions_that_vanish_leave_the_last_one_serving(server: ModelServer) -> None:
    """When all version folders are gone, the version that was loaded last serves on."""
    write_line(server.store / "kept" / "1", slope=1.0)
    write_line(server.store / "marker" / "1", slope=1.0)
    server.configure("kept", latest=1)
    server.configure("marker", latest=1)
    server.wait_for("kept", 1, State.AVAILABLE)
    server.wait_for("marker", 1, State.AVAILABLE)
    (server.store / "kept" / "1").rename(server.store / "kept" / "gone")
    write_line(server.store / "marker" / "2", slope=1.0)
    server.wait_for("marker", 2, State.AVAILABLE)  # so a poll has passed since
    assert values(server.predict(predict_request("kept", x=ONE_ROW))) == [[10.0]]


def test_publishing_under_load_fails_no_request(server: ModelServer) -> None:
    """While version 2 takes over under load, no request fails and every value is of the version the answer names."""
    clients = 8
    stop = Event()
    answers: list[list[tuple[int, float]]] = [[] for _ in range(clients)]

    def client(mine: list[tuple[int, float]]) -> None:
        request = predict_request("busy", x=np.array([[1.0]], np.float32))
        for _ in range(1_000_000):
            is_last = stop.is_set()  # asked before the call, so that the last call begins after the change
            response = server.predict(request)
            mine.append((response.model_spec.version.value, values(response)[0][0]))
            if is_last:
                return

    write_line(server.store / "busy" / "1", slope=10.0)
    server.configure("busy", latest=1)
    server.wait_for("busy", 1, State.AVAILABLE)
    with ThreadPoolExecutor(clients) as pool:
        futures = [pool.submit(client, mine) for mine in answers]
        try:
            wait_until(lambda: all(answers), WAIT_SECONDS, "every client to have an answer")
            write_line(server.store / "busy" / "2", slope=20.0)
            server.wait_for("busy", 2, State.AVAILABLE)
            server.wait_for("busy", 1, State.END)
        finally:
            stop.set()
    for future in futures:
        future.result()
    assert all(value == version * 10.0 for mine in answers for version, value in mine)
    assert all({version for version, _ in mine} == {1, 2} for mine in answers)
