"""One JSON line a request, and the same form for everything else that is logged."""

import functools
import logging
import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from flask import Flask, Request, Response
from pythonjsonlogger.msgspec import MsgspecFormatter

from gateway import metrics
from gateway.admission import REQUEST_ID_HEADER
from gateway.current import facts, the_request
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
                "()": "gateway.logs.Formatter",
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
        request, known = the_request(), facts()
        route = _plain(request.url_rule.rule) if request.url_rule else None
        seconds = time.monotonic() - known["arrived"]
        _head(response, known)
        _count(route or metrics.NO_LABEL, response.status_code, seconds, known, is_known)
        _log(request, route, response.status_code, seconds, known)
        return response

    app.after_request(end)


@functools.cache
def _plain(rule: str) -> str:
    """A route's pattern without its converters: `/v1/models/<model>:predict`."""
    return re.sub(r"<[^<>]*:(\w+)>", r"<\1>", rule)


def _head(response: Response, known: Mapping[str, Any]) -> None:
    response.headers[REQUEST_ID_HEADER] = known["request_id"]
    for header, name in ((VERSION_HEADER, "version"), (LABEL_HEADER, "label")):
        if name in known:  # a prediction was made
            response.headers[header] = str(known[name])


def _count(route: str, status: int, seconds: float, known: Mapping[str, Any], is_known: Callable[[str], bool]) -> None:
    model, version = known.get("model", metrics.NO_LABEL), str(known.get("version", metrics.NO_LABEL))
    if "version" not in known and not is_known(model):
        model = metrics.NO_LABEL
    metrics.count(metrics.REQUESTS, route, str(status), model, version)
    metrics.observe(metrics.REQUEST_SECONDS, route, value=seconds)
    if "version" in known:
        metrics.observe(metrics.MODEL_SERVER_SECONDS, model, value=known["call"].server_seconds)
    if "problem" in known:
        metrics.count(metrics.PROBLEMS, known["problem"])


def _log(request: Request, route: str | None, status: int, seconds: float, known: Mapping[str, Any]) -> None:
    level = logging.DEBUG if route in PROBES and status < 400 else logging.INFO
    level = logging.ERROR if status >= 500 and known.get("problem") not in EXPECTED else level
    if not log.isEnabledFor(level):
        return
    fields = {
        "request_id": known["request_id"],
        "method": request.method,
        "route": route,
        "status": status,
        "milliseconds": round(seconds * 1000, 3),
        "server_milliseconds": round(known["call"].server_seconds * 1000, 3),
        "client": request.remote_addr,
    }
    for name in FIELDS:
        if name in known:
            fields[name] = known[name]
    # What `log.log` does, but for finding out where it was called, which is known, and costs more than the rest.
    record = log.makeRecord(log.name, level, __file__, 0, "request", (), None, extra=fields)
    record.request_fields = fields
    log.handle(record)


class Formatter(MsgspecFormatter):
    """JSON lines; of requests, whose fields are all together, without looking for them among everything else."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        fields = getattr(record, "request_fields", None)
        if fields is None:
            return super().format(record)
        line = {"level": record.levelname, "logger": record.name, "message": record.msg, **fields}
        line["time"] = datetime.fromtimestamp(record.created, tz=UTC)
        return self.jsonify_log_record(line)
