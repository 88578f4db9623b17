"""The values of a tensor that are looked at: all of them, or of many a sample."""

import random
from collections.abc import Sequence
from typing import Any

from gateway.tensors import Tensor, from_bytes

MAX_ROWS = 1_000  # more say little more, and cost a core's time
MAX_VALUES = 10_000  # where rows are wide: an image has a hundred thousand


def sample(tensor: Tensor, rows: int) -> Sequence[Any]:
    """Values of a tensor.

    Args:
        tensor: The tensor.
        rows: How many rows it has.

    Returns:
        All values, in row-major order, strings as bytes; of more than MAX_ROWS rows, or MAX_VALUES values, those of
        whole rows, evenly spread; of a row that is wider than that, MAX_VALUES at random.
    """
    # What is not looked at is not unpacked: while Python makes a million numbers, no request goes on.
    content, size = tensor.content, tensor.dtype.size
    if isinstance(content, bytes):
        parts = _parts(len(content) // size, rows)
        values = from_bytes(tensor.dtype, b"".join(content[part.start * size : part.stop * size] for part in parts))
    else:
        values = [value for part in _parts(len(content), rows) for value in content[part.start : part.stop]]
    return values if len(values) <= MAX_VALUES else random.sample(values, MAX_VALUES)


def _parts(count: int, rows: int) -> Sequence[range]:
    """Where the rows that are looked at lie among so many values."""
    width = count // max(rows, 1)
    most = min(MAX_ROWS, max(1, MAX_VALUES // max(width, 1)))
    if rows <= most:
        return [range(count)]
    starts = (row * rows // most * width for row in range(most))
    return [range(start, start + width) for start in starts]
