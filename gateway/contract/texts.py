"""Strings of a tensor in JSON: text as it is, bytes that are no text in base64."""

import base64
import binascii
from typing import Annotated, Any

import msgspec
from msgspec import Meta

# Base64 as RFC 4648 has it, padded. Python's "$" alone would let a line feed at the end pass, JSON Schema's does not.
BASE64_PATTERN = r"^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$(?!\n)"


class Base64(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Bytes that are no text, as TensorFlow Serving's REST API writes them: `{"b64": "..."}`."""

    b64: Annotated[str, Meta(pattern=BASE64_PATTERN)]


BASE64_SCHEMA = {
    "type": "object",
    "properties": {"b64": {"type": "string", "contentEncoding": "base64", "pattern": BASE64_PATTERN}},
    "required": ["b64"],
    "additionalProperties": False,
}


def base64_fault(value: dict[str, Any]) -> str | None:
    """What is wrong with an object where a string is expected; nothing if it is bytes in base64."""
    try:
        msgspec.convert(value, Base64)
    except msgspec.ValidationError:
        return 'expected a string, or an object with nothing but "b64" and base64 in it'
    return None


def text_or_base64(value: bytes) -> str | dict[str, str]:
    """A string of a tensor in JSON: as it is where it is UTF-8, else in base64."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return to_base64(value)


def to_base64(value: bytes) -> dict[str, str]:
    """Bytes as `{"b64": "..."}`."""
    return {"b64": binascii.b2a_base64(value, newline=False).decode()}


def to_bytes(value: str | Base64) -> bytes:
    """A decoded value as a tensor holds it."""
    return value.encode() if isinstance(value, str) else base64.b64decode(value.b64)
