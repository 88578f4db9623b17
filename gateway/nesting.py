"""Nested JSON arrays as flat values with a shape, and back; every fault with the place it is at."""

import itertools
import math
from collections.abc import Sequence
from typing import Any

from gateway.errors import InvalidInputError


def depth_of(data: Any) -> int:
    """How many levels of arrays there are along the first elements; 0 for a plain number."""
    depth = 0
    while isinstance(data, list):
        depth += 1
        data = data[0] if data else None
    return depth


def flatten(data: Any, sizes: Sequence[int | None]) -> tuple[list[Any], list[int]]:
    """Flatten nested arrays that must be regular.

    Args:
        data: A number or nested lists of numbers.
        sizes: The length that arrays must have, level by level; None where any length goes, as long as it is one.

    Returns:
        The numbers in row-major order, and the length of each level.

    Raises:
        InvalidInputError: An array is empty, too short, too long, or stands where a number should or the reverse.
    """
    items = [data]
    lengths: list[int] = []
    for expected in sizes:
        size = len(items[0]) if expected is None and isinstance(items[0], list) else expected or 0
        if set(map(type, items)) != {list} or set(map(len, items)) != {size} or size == 0:
            _refuse_first_irregular(items, size, lengths)
        lengths.append(size)
        items = list(itertools.chain.from_iterable(items))
    for index, item in enumerate(items) if list in set(map(type, items)) else ():
        if isinstance(item, list):
            raise InvalidInputError(pointer(index, lengths), "expected a number, got an array")
    return items, lengths


def _refuse_first_irregular(items: Sequence[Any], size: int, lengths: Sequence[int]) -> None:
    wanted = "an array" if not size else f"an array of {_count(size)}"
    for index, item in enumerate(items):
        if not isinstance(item, list):
            raise InvalidInputError(pointer(index, lengths), f"expected {wanted}, got a number")
        if not item:
            raise InvalidInputError(pointer(index, lengths), "expected at least one value, got an empty array")
        if len(item) != size:
            raise InvalidInputError(pointer(index, lengths), f"expected {wanted}, got {_count(len(item))}")


def _count(size: int) -> str:
    return f"{size} value{'' if size == 1 else 's'}"


def pointer(index: int, lengths: Sequence[int]) -> str:
    """The JSON pointer of a flat element.

    Args:
        index: Its place in row-major order.
        lengths: The length of each level of arrays above it.

    Returns:
        A pointer below `/data`.
    """
    places = []
    for size in reversed(lengths):
        index, place = divmod(index, size)
        places.append(str(place))
    return "/".join(["/data", *reversed(places)])


def nest(values: Sequence[Any], shape: Sequence[int]) -> list[Any]:
    """Give flat values their shape.

    Args:
        values: In row-major order.
        shape: At least one dimension.

    Returns:
        Nested lists, one level a dimension.
    """
    nested = list(values)
    for axis in range(len(shape) - 1, 0, -1):
        iterator = iter(nested)
        nested = [list(itertools.islice(iterator, shape[axis])) for _ in range(math.prod(shape[:axis]))]
    return nested
