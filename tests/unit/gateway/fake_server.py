"""A model server that says what a test tells it to, over real gRPC."""

from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage

from gateway import tf_serving_pb2 as pb
from gateway.tensors import unpack


def info(dtype: int, *shape: int) -> pb.TensorInfo:
    """A tensor's description; -1 stands for a free dimension."""
    dims = [pb.TensorShapeProto.Dim(size=size) for size in shape]
    return pb.TensorInfo(dtype=dtype, tensor_shape=pb.TensorShapeProto(dim=dims))  # type: ignore[arg-type]


FLOAT_COLUMN = info(pb.DT_FLOAT, -1, 1)


def line(request: pb.PredictRequest) -> Mapping[str, pb.TensorProto]:
    """Answer y = 3x + 1, whatever the input's shape, in float_val as the real server does."""
    (tensor,) = request.inputs.values()
    values, _ = unpack(tensor)
    floats = [3 * value + 1 for value in values]
    return {"y": pb.TensorProto(dtype=pb.DT_FLOAT, tensor_shape=tensor.tensor_shape, float_val=floats)}


@dataclass
class FakeServer:
    """The model server's state, which a test changes while it runs.

    Attributes:
        target: Where it listens.
        model: The only model it knows.
        version: The only version that is loaded.
        inputs: The signature's inputs.
        outputs: The signature's outputs.
        answer: Makes the outputs of a Predict call; may raise FailedError.
        failure: If set, every call fails with it,
        failing_methods: unless this names the only ones that do.
        calls: The methods called so far, oldest first.
    """

    target: str = ""
    model: str = "line"
    version: int = 1
    inputs: Mapping[str, pb.TensorInfo] = field(default_factory=lambda: {"x": FLOAT_COLUMN})
    outputs: Mapping[str, pb.TensorInfo] = field(default_factory=lambda: {"y": FLOAT_COLUMN})
    signature_name: str = "serving_default"
    answer: Callable[[pb.PredictRequest], Mapping[str, pb.TensorProto]] = line
    failure: "FailedError | None" = None
    failing_methods: Collection[str] = ()
    state: "pb.ModelVersionStatus.State.ValueType" = pb.ModelVersionStatus.AVAILABLE
    calls: list[str] = field(default_factory=list)

    def spec(self) -> pb.ModelSpec:
        """The model and version as answers name them."""
        spec = pb.ModelSpec(name=self.model, signature_name=self.signature_name)
        spec.version.value = self.version
        return spec

    def predict(self, request: pb.PredictRequest) -> pb.PredictResponse:
        """Answer a Predict call."""
        return pb.PredictResponse(model_spec=self.spec(), outputs=self.answer(request))

    def get_model_metadata(self, _request: pb.GetModelMetadataRequest) -> pb.GetModelMetadataResponse:
        """Answer a GetModelMetadata call."""
        signature = pb.SignatureDef(inputs=self.inputs, outputs=self.outputs)
        packed = AnyMessage(
            type_url="type.googleapis.com/tensorflow.serving.SignatureDefMap",
            value=pb.SignatureDefMap(signature_def={self.signature_name: signature}).SerializeToString(),
        )
        return pb.GetModelMetadataResponse(model_spec=self.spec(), metadata={"signature_def": packed})

    def get_model_status(self, _request: pb.GetModelStatusRequest) -> pb.GetModelStatusResponse:
        """Answer a GetModelStatus call."""
        status = pb.ModelVersionStatus(version=self.version, state=self.state)
        return pb.GetModelStatusResponse(model_version_status=[status])


class FailedError(Exception):
    """A gRPC status for the fake server to fail with."""

    def __init__(self, code: grpc.StatusCode, details: str = "node {{dense/MatMul}} at 10.0.0.7") -> None:
        super().__init__(code, details)
        self.code = code
        self.details = details


@contextmanager
def serving(fake: FakeServer) -> Iterator[FakeServer]:
    """Let a fake server listen on a free port until the block ends."""
    server = grpc.server(ThreadPoolExecutor(4))
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
        if fake.failure and (not fake.failing_methods or answer.__name__ in fake.failing_methods):
            context.abort(fake.failure.code, fake.failure.details)
        spec = request.model_spec
        if spec.name != fake.model or (spec.HasField("version") and spec.version.value != fake.version):
            context.abort(grpc.StatusCode.NOT_FOUND, "Servable not found for request: Latest(zz)")
        try:
            return answer(request)
        except FailedError as failed:
            context.abort(failed.code, failed.details)

    return grpc.unary_unary_rpc_method_handler(
        handle, request_deserializer=request_type.FromString, response_serializer=lambda m: m.SerializeToString()
    )
