"""One JSON line a request, and the same form for everything else that is logged."""

import functools
import logging
import re
import time
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, g, request

from gateway import metrics
from gateway.admission import REQUEST_ID_HEADER
from gateway.errors import DrainingError, OverloadedError

VERSION_HEADER = "X-Model-Version"
LABEL_HEADER = "X-Model-Label"
PROBES = {
    "/livez",
    "/readyz",
    "/metrics",
    "/v2/health/live",
    "/v2/health/ready",
    "/v2/models/<model>/ready",
    "/v2/models/<model>/versions/<version>/ready",
}  # asked every few seconds: their successes would drown the rest

FIELDS = ("trace_id", "key", "model", "version", "label", "canary_failed", "rows", "warnings", "problem", "cause")
EXPECTED = {DrainingError.reason, OverloadedError.reason}  # a burst of these is one thing to know, not thousands

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


def register(app: Flask, is_known: Callable[[str], bool]) -> None:
    """Log and count every request once, when its answer is made.

    Args:
        app: The application.
        is_known: Whether a model of this name is served: names that clients make up are not counted by.
    """

    def end(response: Response) -> Response:
        route = _plain(request.url_rule.rule) if request.url_rule else None
        seconds = time.monotonic() - g.arrived
        _head(response)
        _count(route or metrics.NO_LABEL, response.status_code, seconds, is_known)
        _log(route, response.status_code, seconds)
        return response

    app.after_request(end)


@functools.cache
def _plain(rule: str) -> str:
    """A route's pattern without its converters: `/v1/models/<model>:predict`."""
    return re.sub(r"<[^<>]*:(\w+)>", r"<\1>", rule)


def _head(response: Response) -> None:
    response.headers[REQUEST_ID_HEADER] = g.request_id
    for header, name in ((VERSION_HEADER, "version"), (LABEL_HEADER, "label")):
        if name in g:  # a prediction was made
            response.headers[header] = str(g.get(name))


def _count(route: str, status: int, seconds: float, is_known: Callable[[str], bool]) -> None:
    model, version = g.get("model", metrics.NO_LABEL), str(g.get("version", metrics.NO_LABEL))
    if "version" not in g and not is_known(model):
        model = metrics.NO_LABEL
    metrics.count(metrics.REQUESTS, route, str(status), model, version)
    metrics.observe(metrics.REQUEST_SECONDS, route, value=seconds)
    if "version" in g:
        metrics.observe(metrics.MODEL_SERVER_SECONDS, model, value=g.call.server_seconds)
    if "problem" in g:
        metrics.count(metrics.PROBLEMS, g.problem)


def _log(route: str | None, status: int, seconds: float) -> None:
    fields = {
        "request_id": g.request_id,
        "method": request.method,
        "route": route,
        "status": status,
        "milliseconds": round(seconds * 1000, 3),
        "server_milliseconds": round(g.call.server_seconds * 1000, 3),
        "client": request.remote_addr,
    }
    for name in FIELDS:
        if name in g:
            fields[name] = g.get(name)
    level = logging.DEBUG if route in PROBES and status < 400 else logging.INFO
    log.log(logging.ERROR if status >= 500 and g.get("problem") not in EXPECTED else level, "request", extra=fields)
