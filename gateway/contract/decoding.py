"""Decode JSON with msgspec; where that fails, say what is wrong with it: every place, not the first alone."""

import re
import threading
from collections.abc import Iterator
from itertools import islice
from typing import Any

import msgspec

from gateway.contract.nodes import Node
from gateway.errors import InvalidInputError, NotJsonError, Place

MAX_PLACES = 20  # listed of what is wrong

# Without a type, a body can take twenty times its size: one is looked at after the other.
_one_at_a_time = threading.Lock()
# A number beyond float64 has to be told apart from no number at all.
_untyped: msgspec.json.Decoder[Any] = msgspec.json.Decoder(float_hook=float)


def decode(decoder: msgspec.json.Decoder[Any], body: bytes | memoryview, node: Node, pointer: str = "") -> Any:
    """Decode and check a value in one pass; only one that is refused is looked at again, for the places.

    Args:
        decoder: Of the node's type.
        body: The value's JSON.
        node: What it must be.
        pointer: Where it stands in the request.

    Returns:
        The value.

    Raises:
        NotJsonError: The body is empty, not UTF-8 or no JSON.
        InvalidInputError: It is JSON of another form.
    """
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise refusal(body, node, pointer) from error
    except (ValueError, RecursionError, msgspec.DecodeError) as error:
        raise _not_json(bytes(body), error) from error


def refusal(body: bytes | memoryview, node: Node, pointer: str = "") -> InvalidInputError:
    """The exception for a value that is JSON, but not what it must be.

    Raises:
        NotJsonError: It is no JSON either: what is wrong with its form came first.
    """
    with _one_at_a_time:
        try:
            value = _untyped.decode(body)
        except (ValueError, RecursionError, msgspec.MsgspecError) as error:
            raise _not_json(bytes(body), error) from error
        found = listed(node.faults(value, pointer))
        del value
    if found.errors:
        return found
    # Of two members of one name, `value` has the last, and the decoder has taken offence at another.
    return InvalidInputError(Place(pointer, "a member is stated more than once, and does not fit each time"))


def listed(places: Iterator[Place]) -> InvalidInputError:
    """The exception for places, the first MAX_PLACES of them."""
    found = list(islice(places, MAX_PLACES))
    return InvalidInputError(*found, more=next(places, None) is not None)


def _not_json(body: bytes, error: Exception) -> NotJsonError:
    if not body.strip():
        return NotJsonError("The body is empty; expected a JSON document.")
    if isinstance(error, UnicodeDecodeError):
        return NotJsonError("The body is not UTF-8.")
    if isinstance(error, msgspec.ValidationError):  # the one thing an untyped decoder has to say of a value
        return NotJsonError("The body has an integer of more digits than can be read.")
    if isinstance(error, RecursionError):
        return NotJsonError("The body is nested too deeply.")
    hint = " (NaN and Infinity are no JSON)" if re.search(rb"\b(NaN|Infinity)\b", body) else ""
    return NotJsonError(f"The body is not JSON: {error}{hint}.")
