"""Decode a request body with msgspec, and say what is wrong with it in the words of JSON."""

import re
from typing import Any, NoReturn

import msgspec

from gateway.errors import InvalidInputError, NotJsonError
from gateway.tensors import NumericType

JSON_NAMES = {
    "str": "a string",
    "bool": "a boolean",
    "null": "null",
    "array": "an array",
    "object": "an object",
    "int": "an integer",
    "float": "a number",
}
MAX_NAME_CHARS = 100  # of a client's own text in an answer
MISMATCH = re.compile(r"Expected `(?P<expected>[^`]+)`, got `(?P<got>\w+)`")
UNKNOWN_MEMBER = re.compile(r"Object contains unknown field `(?P<name>.*)`", re.DOTALL)


def body_decoder(number: type[int] | type[float], *, depth: int) -> msgspec.json.Decoder[Any]:
    """A decoder of `{"data": ...}`, where data is a number or arrays of numbers.

    Args:
        number: The numbers' type.
        depth: The most levels of arrays; a deeper body is refused while it is read.

    Returns:
        The decoder; what it decodes has an attribute `data`.
    """
    data: Any = number
    for _ in range(depth):
        data = number | list[data]
    body = msgspec.defstruct("Body", [("data", data)], forbid_unknown_fields=True)
    return msgspec.json.Decoder(body)


def decode(decoder: msgspec.json.Decoder[Any], body: bytes, dtype: NumericType) -> Any:
    """Decode a body.

    Args:
        decoder: From `body_decoder`.
        body: What the client sent.
        dtype: The numbers' dtype, for messages.

    Returns:
        The member `data`.

    Raises:
        NotJsonError: The body is empty, not UTF-8 or no JSON.
        InvalidInputError: It is JSON of another form.
    """
    if not body.strip():
        raise NotJsonError('The body is empty; expected {"data": ...}.')
    try:
        return decoder.decode(body).data
    except msgspec.ValidationError as error:
        _refuse(str(error), dtype)
    except UnicodeDecodeError as error:
        raise NotJsonError("The body is not UTF-8.") from error
    except msgspec.DecodeError as error:
        hint = " (NaN and Infinity are no JSON)" if re.search(rb"\b(NaN|Infinity)\b", body) else ""
        raise NotJsonError(f"The body is not JSON: {error}{hint}.") from error


def _refuse(message: str, dtype: NumericType) -> NoReturn:
    """Translate msgspec's message, which names Python's types and ends in a path such as `$.data[3]`."""
    if unknown := UNKNOWN_MEMBER.fullmatch(message):  # first, since a member's name can look like anything
        name = unknown["name"][:MAX_NAME_CHARS].replace("~", "~0").replace("/", "~1")
        raise InvalidInputError(f"/{name}", 'unknown member; expected only "data"')
    if "missing required field" in message:
        raise InvalidInputError("", 'the member "data" is missing')
    text, _, path = message.partition(" - at `$")
    place = re.sub(r"[.\[]", "/", path.rstrip("`").replace("]", ""))
    if mismatch := MISMATCH.fullmatch(text):
        expected = " or ".join(JSON_NAMES[name] for name in mismatch["expected"].split(" | "))
        got = "a number that is not written as one" if mismatch["got"] == "float" else JSON_NAMES[mismatch["got"]]
        raise InvalidInputError(place, f"expected {expected}, got {got}")
    raise InvalidInputError(place, f"expected a {dtype.name}, {dtype.bounds}; got: {text[0].lower()}{text[1:]}")
