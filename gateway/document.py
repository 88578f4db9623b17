"""Answers that are JSON documents."""

from typing import Any

import msgspec
from flask import Response
from werkzeug.datastructures import Headers


class Document(Response):
    """A JSON document.

    Its headers are sent as they are: Werkzeug copies them and goes through the copy, for a Location that is not
    absolute, or a body that may not be there.
    """

    default_mimetype = "application/json"

    @classmethod
    def of(cls, value: Any, status: int = 200, mimetype: str | None = None) -> "Document":
        """A value as a document.

        Args:
            value: What msgspec can encode.
            status: The HTTP status; one of an answer with a body.
            mimetype: The media type; that of JSON if left out.

        Returns:
            The answer.
        """
        return cls(msgspec.json.encode(value), status, mimetype=mimetype)

    def get_wsgi_headers(self, environ: Any) -> Headers:  # noqa: ARG002  # Werkzeug's signature
        """The headers."""
        return self.headers
