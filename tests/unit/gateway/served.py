"""What a fake model server serves."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from gateway import tf_serving_pb2 as pb
from tests.protos import unpack

AVAILABLE = pb.ModelVersionStatus.AVAILABLE


def info(dtype: int, *shape: int) -> pb.TensorInfo:
    """A tensor's description; -1 stands for a free dimension."""
    dims = [pb.TensorShapeProto.Dim(size=size) for size in shape]
    return pb.TensorInfo(dtype=dtype, tensor_shape=pb.TensorShapeProto(dim=dims))  # type: ignore[arg-type]


FLOAT_COLUMN = info(pb.DT_FLOAT, -1, 1)
CARD_SIGNATURE = pb.SignatureDef(inputs={"rows": info(pb.DT_INT32, -1)}, outputs={"card": info(pb.DT_STRING, -1)})


def line(request: pb.PredictRequest) -> Mapping[str, pb.TensorProto]:
    """Answer y = 3x + 1, whatever the input's shape, in float_val as the real server does."""
    (tensor,) = request.inputs.values()
    values, _ = unpack(tensor)
    floats = [3 * value + 1 for value in values]
    return {"y": pb.TensorProto(dtype=pb.DT_FLOAT, tensor_shape=tensor.tensor_shape, float_val=floats)}


@dataclass
class Served:
    """One version of a model, which a test changes while it is served.

    Attributes:
        model: The model's name.
        version: The version's number.
        inputs: The signature's inputs.
        outputs: The signature's outputs.
        signature_name: The signature's name.
        signatures: Further signatures.
        card: What its signature `card` answers; there is no such signature if None.
        answer: Makes the outputs of all other Predict calls; may raise FailedError.
        state: What its status says; it answers when it is AVAILABLE.
    """

    model: str = "line"
    version: int = 1
    inputs: Mapping[str, pb.TensorInfo] = field(default_factory=lambda: {"x": FLOAT_COLUMN})
    outputs: Mapping[str, pb.TensorInfo] = field(default_factory=lambda: {"y": FLOAT_COLUMN})
    signature_name: str = "serving_default"
    signatures: Mapping[str, pb.SignatureDef] = field(default_factory=dict)
    card: bytes | None = None
    answer: Callable[[pb.PredictRequest], Mapping[str, pb.TensorProto]] = line
    state: "pb.ModelVersionStatus.State.ValueType" = AVAILABLE

    def spec(self) -> pb.ModelSpec:
        """The model and version as answers name them."""
        spec = pb.ModelSpec(name=self.model, signature_name=self.signature_name)
        spec.version.value = self.version
        return spec

    def signature_def(self) -> dict[str, pb.SignatureDef]:
        """All signatures."""
        default = {self.signature_name: pb.SignatureDef(inputs=self.inputs, outputs=self.outputs)}
        return default | dict(self.signatures) | ({} if self.card is None else {"card": CARD_SIGNATURE})

    def outputs_for(self, request: pb.PredictRequest) -> Mapping[str, pb.TensorProto]:
        """Answer a Predict call; the card once per row, all else as the test says."""
        if request.model_spec.signature_name == "card" and self.card is not None:
            shape = request.inputs["rows"].tensor_shape
            card = pb.TensorProto(dtype=pb.DT_STRING, tensor_shape=shape, string_val=[self.card] * shape.dim[0].size)
            return {"card": card}
        return self.answer(request)
