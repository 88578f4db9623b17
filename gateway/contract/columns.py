"""From decoded instances to one flat column a feature, and from a flat value's index back to its place."""

import itertools
import math
from collections.abc import Sequence
from typing import Any

import msgspec

from gateway.contract.features import Feature
from gateway.errors import InvalidInputError, Place


class Root(msgspec.Struct, frozen=True):
    """Where a feature's parts stand in the request.

    Attributes:
        before: The pointer before the row's number: `/data`.
        after: What follows it: `/carat`, where an instance is an object.
        single: Whether there is one instance, and no number.
    """

    before: str
    after: str = ""
    single: bool = False

    def pointer(self, parts: Sequence[Any], shape: Sequence[int], index: int) -> str:
        """The JSON pointer of a value.

        Args:
            parts: The instances' parts as decoded; of a tensor without batch dimension, its first level.
            shape: The tensor's shape, as far as the value lies within it.
            index: The value's index in row-major order.
        """
        row, rest = divmod(index, math.prod(shape[1:]))
        places: list[int] = []
        if isinstance(parts[row], list):  # else a plain value where the shape is (1,)
            for size in reversed(shape[1:]):
                rest, place = divmod(rest, size)
                places.insert(0, place)
        number = "" if self.single else f"/{row}"
        return f"{self.before}{number}{self.after}" + "".join(f"/{place}" for place in places)


class Column(msgspec.Struct, frozen=True):
    """All values of one feature.

    Attributes:
        feature: The feature.
        root: Where its parts stand.
        parts: As in `Root.pointer`.
        values: All values, in row-major order.
        shape: The tensor's shape.
        plain: Whether no part is an array.
    """

    feature: Feature
    root: Root
    parts: Sequence[Any]
    values: Sequence[Any]
    shape: Sequence[int]
    plain: bool

    def pointer(self, index: int) -> str:
        """The JSON pointer of a value by its index."""
        return self.root.pointer(self.parts, self.shape, index)


def batched(feature: Feature, parts: Sequence[Any], root: Root) -> Column:
    """Flatten the instances' parts of a feature with a batch dimension.

    Args:
        feature: The feature.
        parts: One an instance, each as `Feature.row` has it.
        root: Where they stand.

    Returns:
        The column.

    Raises:
        InvalidInputError: Arrays differ in length where any length goes, but only one.
    """
    if feature.is_column:
        plain = list not in set(map(type, parts))  # the usual case, found in C
        values = parts if plain else [part[0] if isinstance(part, list) else part for part in parts]
        return Column(feature, root, parts, values, (len(parts), 1), plain)
    return _flattened(feature, parts, root)


def whole(feature: Feature, value: Any, pointer: str) -> Column:
    """Flatten a tensor that stands in the request as it is.

    Raises:
        InvalidInputError: As for `batched`.
    """
    if not feature.shape:
        return Column(feature, Root(pointer, single=True), [value], [value], (), plain=True)
    return _flattened(feature, value, Root(pointer))


def _flattened(feature: Feature, parts: Sequence[Any], root: Root) -> Column:
    """The type has seen to the depth and to the lengths that are fixed; what is left is where any length goes."""
    items, shape = list(parts), [len(parts)]
    for size in feature.shape[1:]:
        length = size or len(items[0])
        if size is None and set(map(len, items)) != {length}:
            index = next(index for index, item in enumerate(items) if len(item) != length)
            detail = f"expected an array of {length} as before it, got one of {len(items[index])}"
            raise InvalidInputError(Place(root.pointer(parts, shape, index), detail))
        shape.append(length)
        items = list(itertools.chain.from_iterable(items))
    return Column(feature, root, parts, items, shape, plain=len(shape) == 1)
