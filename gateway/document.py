"""Answers that are documents."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec
from werkzeug.http import HTTP_STATUS_CODES

JSON = "application/json"
STATUS_LINES = {status: f"{status} {phrase.upper()}" for status, phrase in HTTP_STATUS_CODES.items()}


class Document:
    """An answer whose body is whole. It is a WSGI application, which Flask takes for an answer too.

    Attributes:
        status: The HTTP status; one of an answer with a body.
        headers: All headers, names with values.
    """

    __slots__ = ("_body", "headers", "status")

    def __init__(
        self, body: bytes, status: int = 200, media_type: str = JSON, headers: Sequence[tuple[str, str]] = ()
    ) -> None:
        """State it.

        Args:
            body: The body.
            status: The HTTP status.
            media_type: The body's.
            headers: Further headers.
        """
        self._body = body
        self.status = status
        self.headers = [("Content-Type", media_type), ("Content-Length", str(len(body))), *headers]

    @classmethod
    def of(
        cls, value: Any, status: int = 200, media_type: str = JSON, headers: Sequence[tuple[str, str]] = ()
    ) -> "Document":
        """A value as a JSON document.

        Args:
            value: What msgspec can encode.
            status: The HTTP status.
            media_type: The body's; one of JSON.
            headers: Further headers.

        Returns:
            The answer.
        """
        return cls(msgspec.json.encode(value), status, media_type, headers)

    def __call__(self, _environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer, as a WSGI application."""
        start_response(STATUS_LINES[self.status], self.headers)
        return (self._body,)
