"""The inputs of a signature, with what the model card says of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from gateway import tf_serving_pb2 as pb
from gateway.card import Card, FeatureCard
from gateway.contract.choice import Choice, Form
from gateway.contract.leaves import Leaf
from gateway.contract.nodes import Array, Node, OneValue
from gateway.contract.tensor_info import Shape, dtype_of, notes_on, ordered, shape_of
from gateway.errors import NotSupportedError
from gateway.wording import number


@dataclass(frozen=True)
class Feature:
    """One named input.

    Attributes:
        name: Its name in the signature.
        leaf: One of its values.
        shape: The tensor's shape, the batch dimension first if there is one.
        card: What the model card says of it.
        example: One instance's part, from the card's golden examples; None if there is none.
    """

    name: str
    leaf: Leaf
    shape: Shape
    card: FeatureCard
    example: Any = None

    @cached_property
    def is_column(self) -> bool:
        """Whether each instance's part is one value."""
        return self.shape[1:] == (1,)

    @cached_property
    def seen(self) -> tuple[float, float] | None:
        """The least and the greatest number seen in training; None where there is none, or nobody knows."""
        low, high = self.card.min, self.card.max
        return None if low is None or high is None or self.leaf.dtype.kind not in ("float", "int") else (low, high)

    def row(self, *, plain: bool = True) -> Node:
        """One instance's part, without the batch dimension.

        Args:
            plain: Whether a plain value will do where the shape is (1,).
        """
        if plain and self.is_column:
            return OneValue(self.leaf)
        return _nested(self.leaf, self.shape[1:])

    def column(self, max_rows: int) -> Node:
        """All instances' parts in one array."""
        return Array(self.row(), most=max_rows, noun="instance")

    def whole(self) -> Node:
        """The tensor as it is."""
        return _nested(self.leaf, self.shape)

    @cached_property
    def values(self) -> Choice:
        """The tensor where its shape stands beside it: all values in one flat array, or nested as deep as the shape."""
        flat = {1: Form(Array(self.leaf), "tensors", named=False)}
        nested = {len(self.shape): Form(_nested(self.leaf, (None,) * len(self.shape)), "tensors", named=False)}
        return Choice((nested if self.shape else {}) | flat, {}, base64=self.leaf.dtype.kind == "string")

    def notes(self) -> dict[str, Any]:
        """What the JSON Schema tells people beside the form."""
        low, high = self.card.min, self.card.max
        seen = "" if low is None or high is None else f"Seen in training: {number(low)} to {number(high)}."
        return notes_on(self.name, self.leaf.dtype, self.shape, self.card, seen)

    def row_notes(self) -> dict[str, Any]:
        """The same, with an example of one instance's part."""
        return self.notes() | ({} if self.example is None else {"examples": [self.example]})


def features(model: str, inputs: Iterable[tuple[str, pb.TensorInfo]], card: Card) -> list[Feature]:
    """The inputs, in the order of the card; those it does not name follow by name.

    Raises:
        NotSupportedError: One is of a dtype that JSON has no values for, of unknown rank, without values, or cannot be
            named in JSON.
    """
    return [_feature(model, name, info, card) for name, info in ordered(inputs, card.features)]


def _feature(model: str, name: str, info: pb.TensorInfo, card: Card) -> Feature:
    what = f"The input {name!r} of model {model!r}"
    dtype = dtype_of(what, info)
    if info.tensor_shape.unknown_rank:
        raise NotSupportedError(f"{what} has an unknown number of dimensions.")
    if 0 in shape_of(info):
        raise NotSupportedError(f"{what} has a dimension of size 0.")
    if any(character in '"\\' or ord(character) < ord(" ") for character in name):
        raise NotSupportedError(f"{what} has a quote, a backslash or a control character in its name.")
    described, shape = card.feature(name), shape_of(info)
    words = described.vocabulary if dtype.kind == "string" else None
    example = next(iter(card.golden.inputs.get(name, ())), None) if card.golden else None
    if shape[1:] == (1,) and isinstance(example, list):
        example = next(iter(example), None)
    return Feature(name, Leaf(dtype, tuple(dict.fromkeys(words or ())), name), shape, described, example)


def _nested(leaf: Leaf, shape: Shape) -> Node:
    node: Node = leaf
    for size in reversed(shape):
        node = Array(node, size)
    return node
