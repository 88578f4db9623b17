"""One JSON line a request, and the same form for everything else that is logged."""

import logging
import re
import time
import uuid
from typing import Any

from flask import Flask, Response, g, request

from gateway.routes.names import VERSION

REQUEST_ID_HEADER = "X-Request-ID"
VERSION_HEADER = "X-Model-Version"
LABEL_HEADER = "X-Model-Label"
SAFE_REQUEST_ID = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")
PROBES = {
    "/livez",
    "/readyz",
    "/metrics",
    "/v2/health/live",
    "/v2/health/ready",
    "/v2/models/<model:model>/ready",
    f"/v2/models/<model:model>{VERSION}/ready",
}  # asked every few seconds: their successes would drown the rest

log = logging.getLogger("gateway.request")


def logging_config(level: str) -> dict[str, Any]:
    """The logging set-up for `logging.config.dictConfig`: JSON lines on standard output.

    Args:
        level: The least level logged, such as `info`.
    """
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {
                "()": "pythonjsonlogger.msgspec.MsgspecFormatter",
                "fmt": ["levelname", "name", "message"],
                "rename_fields": {"levelname": "level", "name": "logger"},
                "timestamp": "time",
            }
        },
        "handlers": {"stdout": {"class": "logging.StreamHandler", "formatter": "json", "stream": "ext://sys.stdout"}},
        "root": {"level": level.upper(), "handlers": ["stdout"]},
        "loggers": {
            "gunicorn.error": {"handlers": [], "propagate": True},  # gunicorn's own lines take the same form
            "gunicorn.access": {"handlers": [], "propagate": False, "level": "CRITICAL"},  # ours say more
        },
    }


def register(app: Flask) -> None:
    """Give every request an id, and log it once when its answer is made."""
    app.before_request(_begin)
    app.after_request(_end)


def _begin() -> None:
    g.started = time.perf_counter()
    given = request.headers.get(REQUEST_ID_HEADER, "")
    g.request_id = given if SAFE_REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def _end(response: Response) -> Response:
    response.headers[REQUEST_ID_HEADER] = g.request_id
    for header, name in ((VERSION_HEADER, "version"), (LABEL_HEADER, "label")):
        if name in g:  # a prediction was made
            response.headers[header] = str(g.get(name))
    route = request.url_rule.rule if request.url_rule else None
    fields = {
        "request_id": g.request_id,
        "method": request.method,
        "route": route,
        "status": response.status_code,
        "milliseconds": round((time.perf_counter() - g.started) * 1000, 3),
        "client": request.remote_addr,
    }
    for name in ("model", "version", "label", "canary_failed", "rows", "warnings", "cause"):
        if name in g:
            fields[name] = g.get(name)
    level = logging.DEBUG if route in PROBES and response.status_code < 400 else logging.INFO
    log.log(logging.ERROR if response.status_code >= 500 else level, "request", extra=fields)
    return response
