"""What a test and a client program say to each other: JSON, a call a line in, its outcome a line out.

A call is {"method": ..., "arguments": {...}}; an outcome is {"result": ...}, or {"error": {"type": ..., "status": ...,
"message": ...}} with what the client raised, and the HTTP status that it told of. Bytes are strings, with surrogates
for what is no UTF-8 (PEP 383).
"""

import json
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def serve(perform: Callable[[str, dict[str, Any]], Any], status_of: Callable[[Exception], int | None]) -> None:
    """Perform the calls on standard input until it ends.

    Args:
        perform: Performs one, by its method and its arguments.
        status_of: The HTTP status that an exception tells of.
    """
    for line in sys.stdin:
        call = json.loads(line)
        outcome: dict[str, Any]
        try:
            outcome = {"result": perform(call["method"], call["arguments"])}
        except Exception as error:  # noqa: BLE001  # whatever a client raises is what its user gets to see
            outcome = {"error": {"type": type(error).__name__, "status": status_of(error), "message": str(error)}}
        print(json.dumps(outcome, default=_to_text), flush=True)


def to_array(dtype: Any, values: Any) -> Array:
    """Values as a client wants them.

    Args:
        dtype: NumPy's dtype for them, which for bytes is `object`.
        values: Nested lists.
    """
    array = np.array(values, dtype)
    if array.dtype != np.object_:
        return array
    elements = np.empty(array.size, np.object_)
    elements[:] = [text.encode("utf-8", "surrogateescape") for text in array.flat]
    return elements.reshape(array.shape)


def from_array(array: Array) -> dict[str, Any]:
    """An array as an outcome shows it."""
    return {"dtype": array.dtype.name, "shape": list(array.shape), "values": array.tolist()}


def _to_text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    raise TypeError(f"{value!r} has no place in JSON")
