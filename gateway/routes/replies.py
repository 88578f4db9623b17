"""Replies that are no error: JSON, and what the log says of a prediction."""

from typing import Any

import msgspec
from flask import Response, g

from gateway.predictor import Prediction


def json(document: Any) -> Response:
    """A document as a reply.

    Args:
        document: What msgspec can encode.

    Returns:
        The reply.
    """
    return Response(msgspec.json.encode(document), mimetype="application/json")


def note(prediction: Prediction) -> None:
    """Let the request's log line say which version answered how many instances."""
    g.version, g.rows = prediction.version, prediction.batch.rows
