"""The outputs of a signature, with what the model card says of them."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from gateway import tf_serving_pb2 as pb
from gateway.card import Card, OutputCard
from gateway.contract.leaves import Leaf
from gateway.contract.tensor_info import Shape, dtype_of, notes_on, ordered, shape_of
from gateway.dtypes import Dtype
from gateway.errors import NotSupportedError


@dataclass(frozen=True)
class Output:
    """One named output.

    Attributes:
        name: Its name in the signature.
        dtype: What its values are.
        shape: The tensor's shape; None where not even the rank is known.
        card: What the model card says of it.
    """

    name: str
    dtype: Dtype
    shape: Shape | None
    card: OutputCard

    def leaf_schema(self) -> dict[str, Any]:
        """The JSON Schema of one value; null stands for a number that is not finite."""
        if self.dtype.kind == "string":
            return Leaf(self.dtype).schema()
        types = {"float": ["number", "null"], "int": "integer", "bool": "boolean"}
        return {"type": types[self.dtype.kind]}

    def row_schema(self, *, plain: bool) -> dict[str, Any]:
        """The JSON Schema of one prediction.

        Args:
            plain: Whether a plain value may stand where the shape is (1,).
        """
        if self.shape is None:
            return self.notes()
        row = self._nested(self.shape[1:])
        if plain and self.shape[1:] == (1,):
            row = {"anyOf": [self.leaf_schema(), row]}
        return row | self.notes()

    def schema(self) -> dict[str, Any]:
        """The JSON Schema of the whole tensor."""
        return ({} if self.shape is None else self._nested(self.shape)) | self.notes()

    def _nested(self, shape: Shape) -> dict[str, Any]:
        schema = self.leaf_schema()
        for size in reversed(shape):
            bounds = {} if size is None else {"minItems": size, "maxItems": size}
            schema = {"type": "array", "items": schema, **bounds}
        return schema

    def notes(self) -> dict[str, Any]:
        """What the JSON Schema tells people beside the form."""
        return notes_on(self.name, self.dtype, self.shape or (), self.card)


def outputs(model: str, infos: Collection[tuple[str, pb.TensorInfo]], card: Card) -> list[Output]:
    """The outputs, in the order of the card; those it does not name follow by name.

    Raises:
        NotSupportedError: There is none, or one is of a dtype that JSON has no values for.
    """
    if not infos:
        raise NotSupportedError(f"Model {model!r} has no outputs.")
    return [
        Output(
            name,
            dtype_of(f"The output {name!r} of model {model!r}", info),
            None if info.tensor_shape.unknown_rank else shape_of(info),
            card.output(name),
        )
        for name, info in ordered(infos, card.outputs)
    ]
