"""A model server in the gateway's own process: only the network between the two is missing."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import Message

from gateway import tf_serving_pb2 as pb
from gateway.dtypes import DTYPES
from tests.protos import pack, unpack

VERSION = 7
DEFAULT = "serving_default"
STATUS = "/tensorflow.serving.ModelService/GetModelStatus"
METADATA = "/tensorflow.serving.PredictionService/GetModelMetadata"


def info(dtype: int, *shape: int) -> pb.TensorInfo:
    """A tensor's description; -1 stands for a free dimension."""
    dims = [pb.TensorShapeProto.Dim(size=size) for size in shape]
    return pb.TensorInfo(dtype=dtype, tensor_shape=pb.TensorShapeProto(dim=dims))  # type: ignore[arg-type]  # an enum's number


@dataclass(frozen=True)
class Model:
    """A model that answers with its inputs, each under a name of its own, so that every dtype goes both ways.

    Attributes:
        inputs: What it takes.
        card: Its model card; none if empty.
    """

    inputs: Mapping[str, pb.TensorInfo]
    card: Mapping[str, Any] = field(default_factory=dict)

    def signatures(self) -> dict[str, pb.SignatureDef]:
        """Its signatures, as a server tells them."""
        outputs = {f"{name}_out": tensor for name, tensor in self.inputs.items()}
        found = {DEFAULT: pb.SignatureDef(inputs=self.inputs, outputs=outputs)}
        if self.card:
            found["card"] = pb.SignatureDef(
                inputs={"rows": info(pb.DT_INT32, -1)}, outputs={"card": info(pb.DT_STRING, -1)}
            )
        return found

    def predict(self, request: pb.PredictRequest) -> dict[str, pb.TensorProto]:
        """Answer, and hold the gateway to it that it sends nothing which a model server would refuse."""
        if request.model_spec.signature_name == "card":
            return {"card": pack(DTYPES[pb.DT_STRING], [1], [json.dumps(self.card).encode()])}
        assert request.inputs.keys() == self.inputs.keys(), f"sent {list(request.inputs)}"
        for name, tensor in request.inputs.items():
            _fits(name, tensor, self.inputs[name])
        return {f"{name}_out": tensor for name, tensor in request.inputs.items()}


def _fits(name: str, tensor: pb.TensorProto, wanted: pb.TensorInfo) -> None:
    values, shape = unpack(tensor)
    sizes = [dim.size for dim in wanted.tensor_shape.dim]
    assert tensor.dtype == wanted.dtype, f"{name} is of dtype {tensor.dtype}"
    assert len(sizes) == len(shape), f"{name} has the shape {shape}"
    assert all(want in (-1, got) for want, got in zip(sizes, shape, strict=True)), f"{name} has the shape {shape}"
    assert values, f"{name} is empty"
    if DTYPES[tensor.dtype].kind == "float":
        assert all(map(math.isfinite, values)), f"{name} is not finite"
    if tensor.dtype == pb.DT_BOOL:
        assert not tensor.tensor_content.strip(b"\x00\x01"), f"{name} is no boolean"


class RefusedCallError(grpc.RpcError):
    """A call that the model server refuses."""

    def code(self) -> grpc.StatusCode:
        """Why."""
        return grpc.StatusCode.NOT_FOUND

    def details(self) -> str:
        """What it says."""
        return "Servable not found for request"


@dataclass(frozen=True)
class Channel:
    """Stands in for the gRPC channel: messages go through their bytes, as on the wire, and stay in this process."""

    models: Mapping[str, Model]

    def unary_unary(self, method: str, serialize: Callable[[Any], bytes], parse: Callable[[bytes], Any]) -> Any:
        """A method of the server."""

        def call(request: Message, *, timeout: float, metadata: Sequence[tuple[str, str]]) -> Any:
            assert timeout > 0
            assert all(value.isascii() for pair in metadata for value in pair)
            return parse(self._answer(method, serialize(request)).SerializeToString())

        return call

    def close(self) -> None:
        """There is nothing to close."""

    def _answer(self, method: str, content: bytes) -> Message:
        if method == STATUS:
            self._find(pb.GetModelStatusRequest.FromString(content).model_spec)
            state = pb.ModelVersionStatus(version=VERSION, state=pb.ModelVersionStatus.AVAILABLE)
            return pb.GetModelStatusResponse(model_version_status=[state])
        if method == METADATA:
            spec = pb.GetModelMetadataRequest.FromString(content).model_spec
            found = pb.SignatureDefMap(signature_def=self._find(spec).signatures())
            metadata = {"signature_def": AnyMessage(value=found.SerializeToString())}
            return pb.GetModelMetadataResponse(model_spec=_spec(spec.name), metadata=metadata)
        request = pb.PredictRequest.FromString(content)
        outputs = self._find(request.model_spec).predict(request)
        return pb.PredictResponse(model_spec=_spec(request.model_spec.name), outputs=outputs)

    def _find(self, spec: pb.ModelSpec) -> Model:
        known = spec.name in self.models
        if not known or spec.version.value not in (0, VERSION) or spec.version_label not in ("", "stable"):
            raise RefusedCallError
        return self.models[spec.name]


def _spec(model: str) -> pb.ModelSpec:
    spec = pb.ModelSpec(name=model, signature_name=DEFAULT)
    spec.version.value = VERSION
    return spec
