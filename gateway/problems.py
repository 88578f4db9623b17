"""Every refusal and every failure from one place: a problem document (RFC 9457), or what the route's protocol has."""

import logging
from collections.abc import Sequence

from werkzeug.exceptions import HTTPException

from gateway.document import Document
from gateway.errors import GatewayError, Place
from gateway.exchange import Exchange

MEDIA_TYPE = "application/problem+json"
UNPROCESSABLE = 422
FOREIGN = ("/v1/", "/v2/")  # the protocols of these routes have errors of their own: {"error": "..."}

DETAILS = {
    400: "The request cannot be read.",
    404: "There is nothing at this path.",
    405: "This path does not take this method.",
    413: "The body is larger than this gateway accepts.",
}

REASONS = {400: "bad_request", 404: "no_route", 405: "method", 413: "too_large"}  # for the metrics and the log

log = logging.getLogger("gateway")


def refusal(exchange: Exchange, error: Exception) -> Document:
    """What a client is told of an exception; what happened is noted for the log.

    Args:
        exchange: The request.
        error: What it came to.

    Returns:
        The answer.
    """
    if isinstance(error, GatewayError):
        return _of_gateway(exchange, error)
    if isinstance(error, HTTPException):
        return _of_werkzeug(exchange, error)
    exchange.problem = GatewayError.reason
    log.error("unexpected error", exc_info=error, extra={"request_id": exchange.request_id})
    # A fault of our own: the log gets all of it, the client nothing but the request's id to ask about.
    return _problem(exchange, 500, "Internal error", "The gateway failed to answer this request; its log says why.")


def _of_gateway(exchange: Exchange, error: GatewayError) -> Document:
    exchange.problem, exchange.cause = error.reason, error.cause
    document = _problem(exchange, error.status, error.title, error.detail, error.errors)
    document.headers += error.headers
    if error.retry_after_seconds is not None:
        document.headers.append(("Retry-After", str(error.retry_after_seconds)))
    return document


def _of_werkzeug(exchange: Exchange, error: HTTPException) -> Document:
    """What Flask and Werkzeug refuse themselves: an unknown path or method, a body too large."""
    status = error.code or 500
    exchange.problem = REASONS.get(status, "other")
    document = _problem(exchange, status, error.name, DETAILS.get(status) or error.description or error.name)
    own = {"content-type", "content-length"}
    document.headers += [header for header in error.get_headers() if header[0].lower() not in own]  # such as Allow
    return document


def _problem(exchange: Exchange, status: int, title: str, detail: str, errors: Sequence[Place] = ()) -> Document:
    """A problem document, or what the route's own protocol has in its place."""
    path = "/" + exchange.environ["PATH_INFO"].lstrip("/")
    if f"{path}/".startswith(FOREIGN):
        status = 400 if status == UNPROCESSABLE else status  # they know no other for what does not fit
        places = "; ".join(f"{place.pointer or 'the body'}: {place.detail}" for place in errors)
        return Document.of({"error": f"{title}. {detail} {places}".strip()}, status)
    document = {"title": title, "status": status, "detail": detail, "request_id": exchange.request_id}
    return Document.of(document | ({"errors": errors} if errors else {}), status, MEDIA_TYPE)
