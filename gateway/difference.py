"""How far two versions' answers to one request lie apart."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from gateway.tensors import Tensor, unpack


def difference(names: Iterable[str], answer: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> float:
    """The greatest difference of any two values.

    Args:
        names: The outputs.
        answer: Their tensors.
        other: Those of the other version.

    Returns:
        The greatest |a - b| / (1 + |a|) of the numbers; infinite if one is not finite and the other is not the same,
        or if there are more values on one side. Strings and booleans count 0 if they are equal, else 1.

    Raises:
        ValueError: An output is missing or cannot be read.
    """
    return max((_of_output(name, answer, other) for name in names), default=0.0)


def _of_output(name: str, answer: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> float:
    if name not in answer or name not in other:
        raise ValueError(f"the output {name!r} is missing")
    (a, a_shape), (b, b_shape) = unpack(answer[name]), unpack(other[name])
    if a_shape != b_shape:
        return math.inf
    return max(map(_of_values, a, b), default=0.0)


def _of_values(a: Any, b: Any) -> float:
    if a == b:
        return 0.0
    if isinstance(a, bool | bytes) or type(a) is not type(b):
        return 1.0
    if math.isfinite(a) and math.isfinite(b):
        return float(abs(a - b) / (1 + abs(a)))
    return 0.0 if math.isnan(a) and math.isnan(b) else math.inf
