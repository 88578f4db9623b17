"""Which version is asked, and the signatures that a served version has."""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway import tf_serving_pb2 as pb
from gateway.wording import MAX_TEXT_CHARS

SERVING_DEFAULT = "serving_default"
CARD = "card"  # the signature that answers with the model card


@dataclass(frozen=True)
class Selector:
    """Which of a model's versions: a number, a label, or, with neither, the default one.

    Attributes:
        version: Its number.
        label: A label on it.
    """

    version: int | None = None
    label: str | None = None

    def spec(self, model: str, signature: str = "") -> pb.ModelSpec:
        """The message that says so."""
        spec = pb.ModelSpec(name=model, signature_name=signature)
        if self.version is not None:
            spec.version.value = self.version
        elif self.label is not None:
            spec.version_label = self.label
        return spec

    def of(self, model: str) -> str:
        """What is asked for, in words: `version 9 of model 'line'`."""
        name = f"model {model[:MAX_TEXT_CHARS]!r}"
        if self.version is not None:
            return f"version {self.version} of {name}"
        return name if self.label is None else f"version labelled {self.label[:MAX_TEXT_CHARS]!r} of {name}"


DEFAULT = Selector()  # to the catalog, which knows what that is; to the model server, it is
NEWEST = DEFAULT  # the newest version that is loaded, be it a canary
STABLE = Selector(label="stable")
CANARY = Selector(label="canary")


@dataclass(frozen=True)
class Signature:
    """A signature of a served version.

    Attributes:
        name: Its name.
        inputs: What it takes, by name.
        outputs: What it answers, by name.
    """

    name: str
    inputs: Mapping[str, pb.TensorInfo]
    outputs: Mapping[str, pb.TensorInfo]

    def has_tensors_of(self, other: "Signature") -> bool:
        """Whether a request for the one fits the other, and so does reading its answer."""
        mine, others = ([_forms(s.inputs), _forms(s.outputs)] for s in (self, other))
        return mine == others


def _forms(tensors: Mapping[str, pb.TensorInfo]) -> dict[str, tuple[int, bytes]]:
    """What a request has to fit: dtypes and shapes; the tensors' names in the graph may differ."""
    return {name: (info.dtype, info.tensor_shape.SerializeToString()) for name, info in tensors.items()}


def alike(some: Mapping[str, pb.SignatureDef], others: Mapping[str, pb.SignatureDef]) -> bool:
    """Whether two versions have the same signatures, as far as the gateway makes use of them."""
    one, other = (
        {name: (_forms(signature.inputs), _forms(signature.outputs)) for name, signature in signatures.items()}
        for signatures in (some, others)
    )
    return one == other


def answers_with_card(signatures: Mapping[str, pb.SignatureDef]) -> bool:
    """Whether there is the signature that answers with the card; another may have its name."""
    found = signatures.get(CARD, pb.SignatureDef())
    dtypes = [{name: info.dtype for name, info in tensors.items()} for tensors in (found.inputs, found.outputs)]
    return dtypes == [{"rows": pb.DT_INT32}, {"card": pb.DT_STRING}]


@dataclass(frozen=True)
class Metadata:
    """What the model server says of a version: its number, and its signatures by name."""

    version: int
    signatures: Mapping[str, pb.SignatureDef]
