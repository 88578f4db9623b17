"""Every refusal and every failure from one place: a problem document (RFC 9457), or what the route's protocol has."""

import logging
from typing import Any

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from gateway.document import Document
from gateway.errors import GatewayError

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


def register(app: Flask) -> None:
    """Answer every exception of an application with a problem document."""
    app.register_error_handler(GatewayError, _gateway_error)
    app.register_error_handler(HTTPException, _http_exception)
    app.register_error_handler(Exception, _unexpected)


def problem(status: int, title: str, detail: str, **members: Any) -> Response:
    """A problem document as an answer, or what the route's own protocol has in its place.

    Args:
        status: The HTTP status, in the body too.
        title: What kind of problem.
        detail: What happened this time.
        members: Further members of the document.

    Returns:
        The answer.
    """
    if f"{request.path}/".startswith(FOREIGN):
        status = 400 if status == UNPROCESSABLE else status  # they know no other for what does not fit
        places = "; ".join(f"{place.pointer or 'the body'}: {place.detail}" for place in members.get("errors", ()))
        text = f"{title}. {detail} {places}".strip()
        return Document.of({"error": text}, status)
    document = {"title": title, "status": status, "detail": detail, "request_id": g.request_id} | members
    return Document.of(document, status, MEDIA_TYPE)


def _gateway_error(error: GatewayError) -> Response:
    members = {"errors": error.errors} if error.errors else {}
    response = problem(error.status, error.title, error.detail, **members)
    response.headers.extend(error.headers)
    if error.retry_after_seconds is not None:
        response.headers["Retry-After"] = str(error.retry_after_seconds)
    if error.cause is not None:
        g.cause = error.cause
    g.problem = error.reason
    return response


def _http_exception(error: HTTPException) -> Response:
    """What Flask and Werkzeug refuse themselves: an unknown path or method, a body too large."""
    status = error.code or 500
    g.problem = REASONS.get(status, "other")
    response = problem(status, error.name, DETAILS.get(status) or error.description or error.name)
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            response.headers[name] = value  # such as Allow of a 405
    return response


def _unexpected(error: Exception) -> Response:
    """A fault of our own: the log gets all of it, the client nothing but the request's id to ask about."""
    g.problem = GatewayError.reason
    log.error("unexpected error", exc_info=error, extra={"request_id": g.request_id})
    return problem(500, "Internal error", "The gateway failed to answer this request; its log says why.")
