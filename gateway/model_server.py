"""The gRPC client of a TensorFlow model server, over our own subset of its protocol."""

import json
import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import grpc
from google.protobuf.message import DecodeError, Message

from gateway import tf_serving_pb2 as pb
from gateway.errors import ModelServerError, NotSupportedError

M = TypeVar("M", bound=Message)

PREDICTION_SERVICE = "/tensorflow.serving.PredictionService"
MODEL_SERVICE = "/tensorflow.serving.ModelService"
SIGNATURE = "serving_default"
PROBE_SECONDS = 2.0  # who asks for readiness does not wait long: docker-compose gives up after 5 s, Kubernetes after 1

# gRPC's own retry, and only where the server cannot have answered: while it restarts or one of several is gone.
SERVICE_CONFIG = {
    "loadBalancingConfig": [{"round_robin": {}}],
    "methodConfig": [
        {
            "name": [{}],
            "retryPolicy": {
                "maxAttempts": 3,
                "initialBackoff": "0.02s",
                "maxBackoff": "0.2s",
                "backoffMultiplier": 2,
                "retryableStatusCodes": ["UNAVAILABLE"],
            },
        }
    ],
}
CHANNEL_OPTIONS = [
    ("grpc.service_config", json.dumps(SERVICE_CONFIG)),
    # gRPC would wait up to two minutes between attempts. A server that is back should be found at once, by each worker
    # on its own; an attempt on the private network costs little. min_: how long one attempt may take.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 250),
    ("grpc.min_reconnect_backoff_ms", 1000),
    ("grpc.dns_min_time_between_resolutions_ms", 1000),
    # Sizes are bounded by the gateway's own limits on bodies and rows.
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    ("grpc.enable_http_proxy", 0),  # the model server is on the private network, behind no proxy
]


@dataclass(frozen=True)
class Signature:
    """A served version's `serving_default` signature.

    Attributes:
        version: The version it belongs to.
        inputs: What the model takes, by name.
        outputs: What it answers, by name.
    """

    version: int
    inputs: Mapping[str, pb.TensorInfo]
    outputs: Mapping[str, pb.TensorInfo]

    def has_tensors_of(self, other: "Signature") -> bool:
        """Whether a request for the one version fits the other, and so does reading its answer."""
        mine, others = ([_forms(s.inputs), _forms(s.outputs)] for s in (self, other))
        return mine == others


def _forms(tensors: Mapping[str, pb.TensorInfo]) -> dict[str, tuple[int, bytes]]:
    """What a request has to fit: dtypes and shapes; the tensors' names in the graph may differ."""
    return {name: (info.dtype, info.tensor_shape.SerializeToString()) for name, info in tensors.items()}


@dataclass(frozen=True)
class Answer:
    """A prediction: the version that made it, and its outputs by name."""

    version: int
    outputs: Mapping[str, pb.TensorProto]


class ModelServer:
    """One model server, or several behind one name.

    The channel is made at the first call: gunicorn's master must not own one when it forks its workers.
    """

    def __init__(self, target: str, *, timeout_seconds: float) -> None:
        """Name the server; nothing is connected yet.

        Args:
            target: A gRPC target, such as `localhost:8500` or `dns:///tf-serving:8500`.
            timeout_seconds: The deadline of every call.
        """
        self._target = target
        self._timeout_seconds = timeout_seconds
        self._channel: grpc.Channel | None = None
        self._lock = threading.Lock()

    def predict(self, model: str, inputs: Mapping[str, pb.TensorProto], *, version: int | None) -> Answer:
        """Ask a version for predictions.

        Args:
            model: The model's name.
            inputs: One tensor an input, the batch dimension first.
            version: The version's number; None for the newest there is.

        Returns:
            The answer.

        Raises:
            ModelServerError: The server did not answer, or answered with an error.
        """
        request = pb.PredictRequest(model_spec=pb.ModelSpec(name=model, signature_name=SIGNATURE), inputs=inputs)
        if version is not None:
            request.model_spec.version.value = version
        response = self._call(f"{PREDICTION_SERVICE}/Predict", request, pb.PredictResponse.FromString)
        return Answer(response.model_spec.version.value, response.outputs)

    def signature(self, model: str) -> Signature:
        """Ask for the newest version's signature.

        Args:
            model: The model's name.

        Returns:
            The signature.

        Raises:
            ModelServerError: As for `predict`, but within PROBE_SECONDS.
            NotSupportedError: There is no `serving_default`.
        """
        request = pb.GetModelMetadataRequest(model_spec=pb.ModelSpec(name=model), metadata_field=["signature_def"])
        response = self._call(
            f"{PREDICTION_SERVICE}/GetModelMetadata", request, pb.GetModelMetadataResponse.FromString, PROBE_SECONDS
        )
        try:
            signatures = pb.SignatureDefMap.FromString(response.metadata["signature_def"].value).signature_def
        except DecodeError as error:
            raise ModelServerError(grpc.StatusCode.INTERNAL, f"unreadable signature_def: {error}") from error
        if SIGNATURE not in signatures:
            raise NotSupportedError(f"Model {model!r} has no signature named {SIGNATURE}.")
        found = signatures[SIGNATURE]
        return Signature(response.model_spec.version.value, dict(found.inputs), dict(found.outputs))

    def available_versions(self, model: str) -> list[int]:
        """The versions of a model that can answer now, newest first.

        Args:
            model: The model's name.

        Raises:
            ModelServerError: As for `predict`, but within PROBE_SECONDS.
        """
        request = pb.GetModelStatusRequest(model_spec=pb.ModelSpec(name=model))
        response = self._call(
            f"{MODEL_SERVICE}/GetModelStatus", request, pb.GetModelStatusResponse.FromString, PROBE_SECONDS
        )
        states = response.model_version_status
        return sorted((s.version for s in states if s.state == pb.ModelVersionStatus.AVAILABLE), reverse=True)

    def _call(self, method: str, request: Message, parse: Callable[[bytes], M], at_most: float = math.inf) -> M:
        call = self._connected().unary_unary(method, type(request).SerializeToString, parse)
        try:
            return call(request, timeout=min(self._timeout_seconds, at_most))
        except grpc.RpcError as error:
            # Every error of a blocking call is a Call too, which knows its status; the stubs do not say so.
            failed: Any = error
            raise ModelServerError(failed.code(), failed.details() or "no details") from error

    def _connected(self) -> grpc.Channel:
        with self._lock:
            if self._channel is None:
                self._channel = grpc.insecure_channel(self._target, options=CHANNEL_OPTIONS)
            return self._channel

    def close(self) -> None:
        """Close the channel; a later call opens a new one."""
        with self._lock:
            if self._channel is not None:
                self._channel.close()
                self._channel = None
