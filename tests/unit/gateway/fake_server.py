"""A model server that says what a test tells it to, over real gRPC."""

import math
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage

from gateway import tf_serving_pb2 as pb
from tests.unit.gateway.served import AVAILABLE, FLOAT_COLUMN, Served, info, line

__all__ = ["FLOAT_COLUMN", "FailedError", "FakeServer", "Served", "info", "line", "serving"]


@dataclass
class FakeServer(Served):
    """The model server's state, which a test changes while it runs; itself one of the versions that it serves.

    Attributes:
        target: Where it listens.
        others: Versions of this model and of others beside the one that it is itself.
        labels: This model's labels.
        other_labels: Those of other models.
        failure: If set, every call fails with it,
        failing_methods: unless this names the only ones that do.
        calls: The methods called so far, oldest first.
        predicted: The versions and signatures asked for predictions so far, oldest first.
        metadata: What came along with each call so far,
        metadata_sent: and in the order in which it came, of which a name may be twice.
        seconds_left: How much time each call had.
    """

    target: str = ""
    others: list[Served] = field(default_factory=list)
    labels: dict[str, int] = field(default_factory=dict)
    other_labels: dict[str, dict[str, int]] = field(default_factory=dict)
    failure: "FailedError | None" = None
    failing_methods: Collection[str] = ()
    calls: list[str] = field(default_factory=list)
    predicted: list[tuple[int, str]] = field(default_factory=list)
    metadata: list[dict[str, str]] = field(default_factory=list)
    metadata_sent: list[list[tuple[str, str]]] = field(default_factory=list)
    seconds_left: list[float] = field(default_factory=list)

    def find(self, spec: pb.ModelSpec) -> list[Served]:
        """The versions of a model that a call may mean, newest first, whatever their state.

        Raises:
            FailedError: There is none, or no such label.
        """
        number = spec.version.value if spec.HasField("version") else None
        if spec.HasField("version_label"):
            labels = self.labels if spec.name == self.model else self.other_labels.get(spec.name, {})
            if spec.version_label not in labels:
                message = f"Unrecognized servable version label: {spec.version_label}"
                raise FailedError(grpc.StatusCode.INVALID_ARGUMENT, message)
            number = labels[spec.version_label]
        found = [v for v in (self, *self.others) if v.model == spec.name and number in (None, v.version)]
        if not found:
            raise FailedError(grpc.StatusCode.NOT_FOUND, "Servable not found for request: Latest(zz)")
        return sorted(found, key=lambda served: served.version, reverse=True)

    def loaded(self, spec: pb.ModelSpec) -> Served:
        """The version that answers a call.

        Raises:
            FailedError: None does.
        """
        for served in self.find(spec):
            if served.state == AVAILABLE:
                return served
        raise FailedError(grpc.StatusCode.NOT_FOUND, "Servable not found for request: Latest(zz)")

    def predict(self, request: pb.PredictRequest) -> pb.PredictResponse:
        """Answer a Predict call."""
        served, name = self.loaded(request.model_spec), request.model_spec.signature_name
        self.predicted.append((served.version, name))
        if name not in served.signature_def():
            raise FailedError(grpc.StatusCode.FAILED_PRECONDITION, f'Serving signature key "{name}" not found.')
        return pb.PredictResponse(model_spec=served.spec(), outputs=served.outputs_for(request))

    def get_model_metadata(self, request: pb.GetModelMetadataRequest) -> pb.GetModelMetadataResponse:
        """Answer a GetModelMetadata call."""
        served = self.loaded(request.model_spec)
        packed = AnyMessage(
            type_url="type.googleapis.com/tensorflow.serving.SignatureDefMap",
            value=pb.SignatureDefMap(signature_def=served.signature_def()).SerializeToString(),
        )
        return pb.GetModelMetadataResponse(model_spec=served.spec(), metadata={"signature_def": packed})

    def get_model_status(self, request: pb.GetModelStatusRequest) -> pb.GetModelStatusResponse:
        """Answer a GetModelStatus call; as the real server, pass a label over."""
        request.model_spec.ClearField("version_label")
        found = [pb.ModelVersionStatus(version=v.version, state=v.state) for v in self.find(request.model_spec)]
        return pb.GetModelStatusResponse(model_version_status=found)


class FailedError(Exception):
    """A gRPC status for the fake server to fail with."""

    def __init__(self, code: grpc.StatusCode, details: str = "node {{dense/MatMul}} at 10.0.0.7") -> None:
        super().__init__(code, details)
        self.code = code
        self.details = details


@contextmanager
def serving(fake: FakeServer) -> Iterator[FakeServer]:
    """Let a fake server listen on a free port until the block ends."""
    server = grpc.server(ThreadPoolExecutor(8))
    methods = {
        "tensorflow.serving.PredictionService": {
            "Predict": _handler(fake, fake.predict, pb.PredictRequest),
            "GetModelMetadata": _handler(fake, fake.get_model_metadata, pb.GetModelMetadataRequest),
        },
        "tensorflow.serving.ModelService": {
            "GetModelStatus": _handler(fake, fake.get_model_status, pb.GetModelStatusRequest)
        },
    }
    for service, handlers in methods.items():
        server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(service, handlers)])
    fake.target = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        yield fake
    finally:
        server.stop(None).wait()


def _handler(fake: FakeServer, answer: Callable[[Any], Any], request_type: Any) -> Any:
    def handle(request: Any, context: grpc.ServicerContext) -> Any:
        fake.calls.append(answer.__name__)
        fake.metadata_sent.append([(key, str(value)) for key, value in context.invocation_metadata()])
        fake.metadata.append(dict(fake.metadata_sent[-1]))
        fake.seconds_left.append(context.time_remaining() or math.inf)
        if fake.failure and (not fake.failing_methods or answer.__name__ in fake.failing_methods):
            context.abort(fake.failure.code, fake.failure.details)
        try:
            return answer(request)
        except FailedError as failed:
            context.abort(failed.code, failed.details)

    return grpc.unary_unary_rpc_method_handler(
        handle, request_deserializer=request_type.FromString, response_serializer=lambda m: m.SerializeToString()
    )
