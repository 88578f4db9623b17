"""Replies that are no error."""

from typing import Any

import msgspec
from flask import Response


def json(document: Any) -> Response:
    """A document as a reply.

    Args:
        document: What msgspec can encode.

    Returns:
        The reply.
    """
    return Response(msgspec.json.encode(document), mimetype="application/json")
