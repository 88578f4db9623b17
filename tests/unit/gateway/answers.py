"""Reads answers of the gateway in tests."""

from typing import Any

import msgspec
from werkzeug.test import TestResponse


def document(answer: TestResponse) -> Any:
    """The JSON document in an answer's body."""
    return msgspec.json.decode(answer.data)
