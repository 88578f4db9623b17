"""The gRPC client of a TensorFlow model server, over our own subset of its protocol."""

import contextlib
import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import grpc
import msgspec
from google.protobuf.message import DecodeError, Message

from gateway import call
from gateway import tf_serving_pb2 as pb
from gateway.channel import channel_options
from gateway.errors import ModelServerError, UnknownLabelError
from gateway.protos import from_proto, to_proto
from gateway.signature import Metadata, Selector
from gateway.tensors import Tensor

M = TypeVar("M", bound=Message)

PREDICTION_SERVICE = "/tensorflow.serving.PredictionService"
MODEL_SERVICE = "/tensorflow.serving.ModelService"
UNKNOWN_LABEL = "Unrecognized servable version label"  # the code alone does not tell it from a refusal of the inputs
PROBE_SECONDS = 2.0  # who asks for readiness does not wait long: docker-compose gives up after 5 s, Kubernetes after 1


class Answer(msgspec.Struct, frozen=True):
    """A prediction: the version that made it, and its outputs by name."""

    version: int
    outputs: Mapping[str, Tensor]


class ModelServer:
    """One model server, or several behind one name.

    The channel is made at the first call: gunicorn's master must not own one when it forks its workers.
    """

    def __init__(self, target: str, *, timeout_seconds: float) -> None:
        """Name the server; nothing is connected yet.

        Args:
            target: A gRPC target, such as `localhost:8500` or `dns:///tf-serving:8500`.
            timeout_seconds: The deadline of every call; that of the request it is for may be sooner.
        """
        self._target = target
        self._timeout_seconds = timeout_seconds
        self._channel: grpc.Channel | None = None
        self._lock = threading.Lock()

    def predict(
        self,
        model: str,
        selector: Selector,
        signature: str,
        inputs: Mapping[str, Tensor],
    ) -> Answer:
        """Ask a version for predictions.

        Args:
            model: The model's name.
            selector: Which version.
            signature: The signature's name.
            inputs: One tensor an input.

        Returns:
            The answer.

        Raises:
            UnknownLabelError: The model has no such label.
            ModelServerError: The server did not answer, or answered with an error, or with what cannot be read.
        """
        protos = {name: to_proto(tensor) for name, tensor in inputs.items()}
        request = pb.PredictRequest(model_spec=selector.spec(model, signature), inputs=protos)
        with _named(selector.of(model)), _unknown_label_is_not_found(selector, told_by=UNKNOWN_LABEL):
            response = self._call(f"{PREDICTION_SERVICE}/Predict", request, pb.PredictResponse.FromString)
        try:
            outputs = {name: from_proto(proto) for name, proto in response.outputs.items()}
        except ValueError as error:
            raise ModelServerError(grpc.StatusCode.INTERNAL, f"unreadable output: {error}") from error
        return Answer(response.model_spec.version.value, outputs)

    def metadata(self, model: str, selector: Selector) -> Metadata:
        """Ask for a version's signatures.

        Args:
            model: The model's name.
            selector: Which version.

        Returns:
            The signatures, and the number of the version that has them.

        Raises:
            ModelServerError: As for `predict`, but within PROBE_SECONDS.
        """
        request = pb.GetModelMetadataRequest(model_spec=selector.spec(model), metadata_field=["signature_def"])
        with _named(selector.of(model)), _unknown_label_is_not_found(selector):
            response = self._call(
                f"{PREDICTION_SERVICE}/GetModelMetadata", request, pb.GetModelMetadataResponse.FromString, PROBE_SECONDS
            )
        try:
            signatures = pb.SignatureDefMap.FromString(response.metadata["signature_def"].value).signature_def
        except DecodeError as error:
            raise ModelServerError(grpc.StatusCode.INTERNAL, f"unreadable signature_def: {error}") from error
        return Metadata(response.model_spec.version.value, dict(signatures))

    def status(self, model: str, selector: Selector) -> list[pb.ModelVersionStatus]:
        """Ask for the states of a model's versions, or of one.

        Args:
            model: The model's name.
            selector: Which version; all of them where it names none.

        Raises:
            ModelServerError: As for `predict`, but within PROBE_SECONDS.
        """
        if selector.label is not None:  # the server's status knows no labels
            selector = Selector(version=self.metadata(model, selector).version)
        request = pb.GetModelStatusRequest(model_spec=selector.spec(model))
        with _named(selector.of(model)):
            response = self._call(
                f"{MODEL_SERVICE}/GetModelStatus", request, pb.GetModelStatusResponse.FromString, PROBE_SECONDS
            )
        return list(response.model_version_status)

    def available_versions(self, model: str) -> list[int]:
        """The versions of a model that can answer now, newest first.

        Args:
            model: The model's name.

        Raises:
            ModelServerError: As for `status`.
        """
        states = self.status(model, Selector())
        return sorted((s.version for s in states if s.state == pb.ModelVersionStatus.AVAILABLE), reverse=True)

    def _call(self, method: str, request: Message, parse: Callable[[bytes], M], at_most: float = math.inf) -> M:
        rpc, of = self._connected().unary_unary(method, type(request).SerializeToString, parse), call.current()
        timeout = min(self._timeout_seconds, at_most, of.remaining_seconds)
        if timeout <= 0:
            raise ModelServerError(grpc.StatusCode.DEADLINE_EXCEEDED, "no time was left to ask")
        began = time.monotonic()
        try:
            return rpc(request, timeout=timeout, metadata=of.metadata)
        except grpc.RpcError as error:
            raise _failed(error) from error
        finally:
            of.server_seconds += time.monotonic() - began

    def _connected(self) -> grpc.Channel:
        with self._lock:
            if self._channel is None:
                self._channel = grpc.insecure_channel(self._target, options=channel_options(self._timeout_seconds))
            return self._channel

    def close(self) -> None:
        """Close the channel; a later call opens a new one."""
        with self._lock:
            if self._channel is not None:
                self._channel.close()
                self._channel = None


def _failed(error: Any) -> ModelServerError:
    """What a call's error says. Of a blocking call it is a Call too, whose status the stubs do not tell."""
    return ModelServerError(error.code(), error.details() or "no details")


@contextlib.contextmanager
def _unknown_label_is_not_found(selector: Selector, *, told_by: str = "") -> Iterator[None]:
    """A label that nothing has is an invalid argument to the server; a version that is not there is not found.

    Of a prediction, only the message tells it from inputs that are refused.
    """
    try:
        yield
    except ModelServerError as error:
        cause = error.cause or ""
        if selector.label is None or error.code is not grpc.StatusCode.INVALID_ARGUMENT or told_by not in cause:
            raise
        raise UnknownLabelError(cause) from error


@contextlib.contextmanager
def _named(what: str) -> Iterator[None]:
    """Tell the client what was not found; the server's own words are for the log."""
    try:
        yield
    except ModelServerError as error:
        if error.code is grpc.StatusCode.NOT_FOUND:
            error.detail = f"The model server serves no {what}."
        raise
