"""What a signature says of a tensor, be it an input or an output."""

from collections.abc import Iterable
from typing import Any

from gateway import tf_serving_pb2 as pb
from gateway.card import FeatureCard, OutputCard
from gateway.dtypes import DTYPES, Dtype
from gateway.errors import NotSupportedError

Shape = tuple[int | None, ...]  # None where any length goes


def ordered(
    infos: Iterable[tuple[str, pb.TensorInfo]], cards: Iterable[FeatureCard | OutputCard]
) -> list[tuple[str, pb.TensorInfo]]:
    """Tensors in the order of the card; those it does not name follow by name."""
    places = {card.name: place for place, card in enumerate(cards)}
    return sorted(infos, key=lambda named: (places.get(named[0], len(places)), named[0]))


def dtype_of(what: str, info: pb.TensorInfo) -> Dtype:
    """A tensor's dtype.

    Args:
        what: The tensor, for the message.
        info: Its description.

    Returns:
        The dtype.

    Raises:
        NotSupportedError: JSON has no values for it.
    """
    if info.dtype in DTYPES:
        return DTYPES[info.dtype]
    known = info.dtype in pb.DataType.values()
    name = pb.DataType.Name(info.dtype) if known else f"dtype {int(info.dtype)}"
    raise NotSupportedError(f"{what} is {name}; this gateway serves numbers, booleans and strings.")


def shape_of(info: pb.TensorInfo) -> Shape:
    """A tensor's shape, where its rank is known."""
    return tuple(None if dim.size < 0 else dim.size for dim in info.tensor_shape.dim)


def _sizes(shape: Shape) -> str:
    return ", ".join("any" if size is None else str(size) for size in shape)


def notes_on(name: str, dtype: Dtype, shape: Shape, card: FeatureCard | OutputCard, seen: str = "") -> dict[str, Any]:
    """The title and the description of a tensor.

    Args:
        name: Its name.
        dtype: What its values are.
        shape: Its shape.
        card: What the model card says of it.
        seen: A sentence on the values in training.

    Returns:
        Members of its JSON Schema.
    """
    text = " ".join(filter(None, [card.description, f"Unit: {card.unit}." if card.unit else "", seen]))
    form = f" of shape ({_sizes(shape[1:])})" if shape[1:] not in ((), (1,)) else ""
    return {"title": f"{name}: {dtype.name}{form}", **({"description": text} if text else {})}
