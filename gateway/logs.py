"""One JSON line a request, and the same form for everything else that is logged."""

import logging
import os
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

from pythonjsonlogger.msgspec import MsgspecFormatter

from gateway import metrics
from gateway.admission import REQUEST_ID_HEADER
from gateway.errors import DrainingError, OverloadedError
from gateway.exchange import Exchange

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
NOTED = attrgetter(*FIELDS)
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


class RequestLog:
    """Logs and counts every request once, when its answer is made."""

    def __init__(self, is_known: Callable[[str], bool]) -> None:
        """Begin.

        Args:
            is_known: Whether a model of this name is served: names that clients make up are not counted by.
        """
        self._is_known = is_known

    def end(self, exchange: Exchange, status: int) -> None:
        """Tell of a request.

        Args:
            exchange: The request.
            status: The HTTP status of its answer.
        """
        seconds = time.monotonic() - exchange.arrived
        self._count(exchange, status, seconds)
        _log(exchange, status, seconds)

    def _count(self, exchange: Exchange, status: int, seconds: float) -> None:
        model, version = exchange.model or metrics.NO_LABEL, exchange.version
        if version is None and not self._is_known(model):
            model = metrics.NO_LABEL
        route = exchange.route or metrics.NO_LABEL
        metrics.count(
            metrics.REQUESTS, route, str(status), model, metrics.NO_LABEL if version is None else str(version)
        )
        metrics.observe(metrics.REQUEST_SECONDS, route, value=seconds)
        if version is not None:
            metrics.observe(metrics.MODEL_SERVER_SECONDS, model, value=exchange.call.server_seconds)
        if exchange.problem is not None:
            metrics.count(metrics.PROBLEMS, exchange.problem)


def headers(exchange: Exchange) -> list[tuple[str, str]]:
    """The headers that tell a client what the log tells of its request."""
    found = [(REQUEST_ID_HEADER, exchange.request_id)]
    if exchange.version is not None:  # a prediction was made
        found.append((VERSION_HEADER, str(exchange.version)))
    if exchange.label is not None:
        found.append((LABEL_HEADER, exchange.label))
    return found


def _log(exchange: Exchange, status: int, seconds: float) -> None:
    level = logging.DEBUG if exchange.route in PROBES and status < 400 else logging.INFO
    level = logging.ERROR if status >= 500 and exchange.problem not in EXPECTED else level
    if not log.isEnabledFor(level):
        return
    environ = exchange.environ
    fields = {
        "request_id": exchange.request_id,
        "method": environ["REQUEST_METHOD"],
        "route": exchange.route,
        "status": status,
        "milliseconds": round(seconds * 1000, 3),
        "server_milliseconds": round(exchange.call.server_seconds * 1000, 3),
        "client": environ.get("REMOTE_ADDR"),
    }
    fields |= {name: value for name, value in zip(FIELDS, NOTED(exchange), strict=True) if value is not None}
    log.handle(_record(level, fields))


# What is the same of all records: to find it out anew for each costs more than to write it.
COMMON = vars(logging.LogRecord(log.name, logging.INFO, __file__, 0, "request", (), None, "log"))
os.register_at_fork(after_in_child=lambda: COMMON.update(process=os.getpid()))
STARTED = time.time()


def _record(level: int, fields: dict[str, Any]) -> logging.LogRecord:
    """A record such as `log.log` makes, whoever has a part in making records."""
    if logging.getLogRecordFactory() is not logging.LogRecord:
        record = log.makeRecord(log.name, level, __file__, 0, "request", (), None, "log", extra=fields)
    else:
        record, now = logging.LogRecord.__new__(logging.LogRecord), time.time()
        own = {"levelno": level, "levelname": logging.getLevelName(level), "thread": threading.get_ident()}
        times = {"created": now, "msecs": now % 1 * 1000, "relativeCreated": (now - STARTED) * 1000}
        vars(record).update(COMMON | own | times | fields)
    record.request_fields = fields
    return record


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
