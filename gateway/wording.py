"""Words for messages: what a value is, and a client's own text, cut where it is long."""

import math
from typing import Any

JSON_NAMES = {str: "a string", bool: "a boolean", type(None): "null", list: "an array", dict: "an object"}
MAX_TEXT_CHARS = 100  # of a client's own text in an answer


def describe(value: Any) -> str:
    """What a JSON value is, for a message: the number itself, else what kind of value."""
    if type(value) in (int, float):
        text = "a number beyond float64" if value in (math.inf, -math.inf) else str(value)
        return text if len(text) <= MAX_TEXT_CHARS else f"{text[:MAX_TEXT_CHARS]}…"
    return JSON_NAMES[type(value)]


def number(value: float) -> str:
    """A number for people: nine digits tell any two float32 apart."""
    return f"{value:.9g}" if isinstance(value, float) else str(value)


def quoted(text: str) -> str:
    """A client's text for a message, cut where it is long."""
    return f'"{text[:MAX_TEXT_CHARS]}{"…" if len(text) > MAX_TEXT_CHARS else ""}"'
