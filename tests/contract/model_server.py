"""A model server under test, embedded or real, on a store of its own, spoken to over the official stubs."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import tensorflow as tf
from google.protobuf import text_format
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)
from tensorflow_serving.config import model_server_config_pb2

from tests.processes import Process, free_port, running, wait_until
from tests.servers import Command

CALL_SECONDS = 10.0
WAIT_SECONDS = 60.0
EMPTY_CONFIG = "model_config_list { }\n"
State = get_model_status_pb2.ModelVersionStatus.State
CHANNEL_OPTIONS = (
    ("grpc.initial_reconnect_backoff_ms", 100),  # a server that comes up is noticed at once
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 200),
    ("grpc.max_receive_message_length", -1),
)


def predict_request(name: str = "line", **inputs: tf.Tensor) -> predict_pb2.PredictRequest:
    """Make a request without version, label or signature.

    Args:
        name: the model's name.
        **inputs: whatever `tf.make_tensor_proto` takes, by the input's name.

    Returns:
        The request, to be refined.
    """
    request = predict_pb2.PredictRequest(model_spec=model_pb2.ModelSpec(name=name))
    for alias, value in inputs.items():
        request.inputs[alias].CopyFrom(tf.make_tensor_proto(value))
    return request


class ModelServer:
    """A running model server, its store and clients for its services."""

    def __init__(self, process: Process, store: Path, target: str, channel: grpc.Channel) -> None:
        self.process = process
        self.target = target
        self.store = store
        self._channel = channel
        self._predictions = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        self._models = model_service_pb2_grpc.ModelServiceStub(channel)
        self._health = health_pb2_grpc.HealthStub(channel)
        self._config = text_format.Parse(EMPTY_CONFIG, model_server_config_pb2.ModelServerConfig())

    def predict(self, request: predict_pb2.PredictRequest) -> predict_pb2.PredictResponse:
        """Call Predict."""
        return self._predictions.Predict(request, timeout=CALL_SECONDS)

    def metadata(self, request: Any) -> Any:
        """Call GetModelMetadata."""
        return self._predictions.GetModelMetadata(request, timeout=CALL_SECONDS)

    def status(self, request: get_model_status_pb2.GetModelStatusRequest) -> Any:
        """Call GetModelStatus."""
        return self._models.GetModelStatus(request, timeout=CALL_SECONDS)

    def call_raw(self, method: str, request: bytes) -> bytes:
        """Call any method of the PredictionService with any bytes."""
        call: Any = self._channel.unary_unary(  # the annotations want serializers, which gRPC does without
            f"/tensorflow.serving.PredictionService/{method}", None, None
        )
        return bytes(call(request, timeout=CALL_SECONDS))

    def health(self) -> int:
        """Ask the health service about the server as a whole."""
        return int(self._health.Check(health_pb2.HealthCheckRequest(), timeout=CALL_SECONDS).status)

    def states(self, name: str) -> dict[int, int]:
        """Ask for the state of each version of a model; nothing while the server does not know the model."""
        request = get_model_status_pb2.GetModelStatusRequest(model_spec=model_pb2.ModelSpec(name=name))
        try:
            answer = self.status(request)
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.NOT_FOUND:
                raise
            return {}
        return {entry.version: entry.state for entry in answer.model_version_status}

    def wait_for(self, name: str, version: int, state: int) -> None:
        """Wait until a version of a model has a state."""
        what = f"{name} version {version} to be {State.Name(state)}"
        wait_until(lambda: self.states(name).get(version) == state, WAIT_SECONDS, what)

    def labelled(self, name: str, label: str) -> int | None:
        """Ask which version a label names; None while the server does not know the label."""
        spec = model_pb2.ModelSpec(name=name, version_label=label)
        request = get_model_metadata_pb2.GetModelMetadataRequest(model_spec=spec, metadata_field=["signature_def"])
        try:
            return int(self.metadata(request).model_spec.version.value)
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.INVALID_ARGUMENT:
                raise
            return None

    def wait_for_label(self, name: str, label: str, version: int | None) -> None:
        """Wait until a label names a version, or, with None, until it is unknown."""
        what = f"{label} of {name} to name version {version}"
        wait_until(lambda: self.labelled(name, label) == version, WAIT_SECONDS, what)

    def configure(
        self, name: str, *, specific: Sequence[int] = (), latest: int = 0, labels: Mapping[str, int] | None = None
    ) -> None:
        """Write models.config with a model added or replaced, and leave the other models as they are.

        Args:
            name: the model's name.
            specific: the versions to serve, where the policy is to be `specific`.
            latest: how many of the newest to serve, where the policy is to be `latest`.
            labels: the model's labels.
        """
        config = self._config_without(name)
        entry = config.model_config_list.config.add(name=name, base_path=str(self.store / name))
        entry.model_platform = "tensorflow"
        if specific:
            entry.model_version_policy.specific.versions.extend(specific)
        if latest:
            entry.model_version_policy.latest.num_versions = latest
        entry.version_labels.update(labels or {})
        self._apply(config)

    def leave_out(self, name: str) -> None:
        """Write models.config without a model."""
        self._apply(self._config_without(name))

    @contextmanager
    def torn_config(self) -> Iterator[None]:
        """Leave only the first half of models.config until the block ends."""
        text = text_format.MessageToString(self._config)
        write_config(self.store, text[: len(text) // 2])
        yield
        write_config(self.store, text)

    def _config_without(self, name: str) -> Any:
        config = model_server_config_pb2.ModelServerConfig()
        others = [entry for entry in self._config.model_config_list.config if entry.name != name]
        config.model_config_list.config.extend(others)
        return config

    def _apply(self, config: Any) -> None:
        self._config = config
        write_config(self.store, text_format.MessageToString(config))


def write_config(store: Path, text: str) -> None:
    """Replace a store's models.config atomically.

    Args:
        store: the model store's folder.
        text: its new content.
    """
    staged = store / ".models.config"
    staged.write_text(text, encoding="utf-8")
    staged.rename(store / "models.config")


@contextmanager
def started(command: Command, folder: Path) -> Iterator[ModelServer]:
    """Run a model server over an empty store until the block ends.

    Args:
        command: tells how to start it, from its store and its port.
        folder: an empty folder, for the store and the log.

    Yields:
        The server, ready for calls.
    """
    store = folder / "store"
    store.mkdir()
    write_config(store, EMPTY_CONFIG)
    port = free_port()
    target = f"127.0.0.1:{port}"
    with (
        running(command(store, port), log_file=folder / "server.log") as process,
        grpc.insecure_channel(target, options=CHANNEL_OPTIONS) as channel,
    ):
        server = ModelServer(process, store, target, channel)
        wait_until(lambda: answers(server), WAIT_SECONDS, "the model server to answer")
        yield server


def answers(server: ModelServer) -> bool:
    """Whether a server answers; fails if it has ended."""
    server.process.check()
    try:
        return bool(server.health() == health_pb2.HealthCheckResponse.SERVING)
    except grpc.RpcError as error:
        if error.code() != grpc.StatusCode.UNAVAILABLE:
            raise
        return False
