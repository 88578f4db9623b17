"""What is measured, for Prometheus; shared where several processes serve one port.

No label's value is a client's: models, versions and labels are those that the model server has answered for.
"""

import functools
import logging
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
    multiprocess,
    values,
)

from gateway.seldom import Seldom

LOG_SECONDS = 60.0
FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"  # where processes share what they measure; the client library's own name
PREFIX = "gateway-metrics-"
RESERVED_BYTES = 64 * 1024  # with which the library begins; some hundred series
NO_LABEL = "none"
# From what a small model takes in front of an idle server to what the longest deadlines allow.
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

log = logging.getLogger("gateway")

disable_created_metrics()  # type: ignore[no-untyped-call]  # when each series began: a second series for every one
REGISTRY = CollectorRegistry()

# All have labels: such a metric makes its values when it is first used, which is after `share`.
REQUESTS = Counter(
    "gateway_requests",
    "Requests that were answered, by the route's pattern.",
    ("route", "status", "model", "version"),
    registry=REGISTRY,
)
REQUEST_SECONDS = Histogram(
    "gateway_request_seconds",
    "From a request's arrival to its answer, waiting for a thread included.",
    ("route",),
    buckets=SECONDS,
    registry=REGISTRY,
)
MODEL_SERVER_SECONDS = Histogram(
    "gateway_model_server_seconds",
    "How long the model server took over all calls of a request that ended in a prediction.",
    ("model",),
    buckets=SECONDS,
    registry=REGISTRY,
)
PROBLEMS = Counter(
    "gateway_problems",
    "Requests that were refused or failed.",
    ("reason",),
    registry=REGISTRY,
)
PREDICTIONS = Counter(
    "gateway_predictions",
    "Predictions by the version that made them, and the label that it was chosen by.",
    ("model", "version", "label"),
    registry=REGISTRY,
)
CANARY_FALLBACKS = Counter(
    "gateway_canary_fallbacks",
    "Requests that were meant for the canary and went to the stable version.",
    ("model", "reason"),
    registry=REGISTRY,
)
SHADOW = Counter(
    "gateway_shadow",
    "Predictions that were to be compared with those of the version under the shadow label.",
    ("model", "label", "outcome"),
    registry=REGISTRY,
)
SHADOW_DIFFERENCE = Histogram(
    "gateway_shadow_difference",
    "Greatest |a - b| / (1 + |a|) over all numbers of a prediction and of its shadow.",
    ("model", "version", "shadow_version"),
    buckets=[10.0**exponent for exponent in range(-6, 2)],
    registry=REGISTRY,
)

VALUES = Counter(
    "gateway_values",
    "Values of features and outputs, by the buckets that the model card has shares of.",
    ("model", "version", "kind", "name", "bucket"),
    registry=REGISTRY,
)
TRAINING_SHARE = Gauge(
    "gateway_training_share",
    "How large a part of the training rows fell into a bucket.",
    ("model", "version", "kind", "name", "bucket"),
    multiprocess_mode="livemax",
    registry=REGISTRY,
)
OUT_OF_RANGE = Counter(
    "gateway_out_of_range",
    "Values below the least or above the greatest that training saw.",
    ("model", "version", "kind", "name"),
    registry=REGISTRY,
)
UNKNOWN_CATEGORIES = Counter(
    "gateway_unknown_categories",
    "Values that were refused for not being in the vocabulary.",
    ("model", "version", "name"),
    registry=REGISTRY,
)
DROPPED = Counter(
    "gateway_dropped",
    "What was to be done aside and could not: observations, lines of the prediction log.",
    ("what",),
    registry=REGISTRY,
)

_made: list[str] = []
_pid = [os.getpid()]
os.register_at_fork(after_in_child=lambda: _pid.__setitem__(0, os.getpid()))
_series: dict[tuple[Any, ...], Any] = {}
_seldom = Seldom(LOG_SECONDS)


def count(counter: Counter, *labels: str, amount: float = 1.0) -> None:
    """Add to a counter; what cannot be counted, because the shared folder is gone or full, is no reason to fail.

    Args:
        counter: What is counted.
        labels: The values of its labels.
        amount: How much to add.
    """
    _record(counter, "inc", labels, amount)


def state(gauge: Gauge, *labels: str, value: float) -> None:
    """Set a gauge; as for `count`.

    Args:
        gauge: What is stated.
        labels: The values of its labels.
        value: How it stands.
    """
    _record(gauge, "set", labels, value)


def observe(histogram: Histogram, *labels: str, value: float) -> None:
    """Add a value to a histogram; as for `count`.

    Args:
        histogram: What is measured.
        labels: The values of its labels.
        value: What was measured.
    """
    _record(histogram, "observe", labels, value)


def in_flight(requests: int) -> None:
    """State how many requests this process has in hand; as for `count`."""
    _record(_in_flight(), "set", (), requests)


def _record(metric: Any, how: str, labels: tuple[str, ...], value: float) -> None:
    """Have a series take a value. It is found faster than by the library, which locks and converts each time."""
    key = (metric, *labels)
    try:
        series = _series.get(key)
        if series is None:
            series = _series[key] = metric.labels(*labels) if labels else metric
        getattr(series, how)(value)
    except OSError as error:
        if _seldom.is_time():
            log.error("cannot count", extra={"cause": str(error)})  # noqa: TRY400  # the cause says it all


@functools.cache
def _in_flight() -> Gauge:
    """Made when it is first used, for it has no labels: its value would be made when this file is imported."""
    return Gauge(
        "gateway_in_flight",
        "Requests that are being answered, or wait for a thread; probes are not counted.",
        multiprocess_mode="livesum",
        registry=REGISTRY,
    )


def text() -> bytes:
    """All metrics in Prometheus' text format, those of all processes where they share them."""
    registry = REGISTRY
    if os.environ.get(FOLDER_VARIABLE):
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


def _own_pid() -> int:
    return _pid[0]


def share() -> None:
    """Let the processes that are forked from here share what they measure, in a private folder, unless one is given.

    One that a gateway has made for itself is none that is given: it goes with that gateway, which may have started this
    one to take its place.
    """
    given = os.environ.get(FOLDER_VARIABLE, "")
    if not given or Path(given).name.startswith(PREFIX):
        _made.append(tempfile.mkdtemp(prefix=PREFIX))
        os.environ[FOLDER_VARIABLE] = _made[-1]
    # The library chose when it was imported; and it would ask the system for the process's number at each count.
    values.ValueClass = values.MultiProcessValue(_own_pid)  # type: ignore[no-untyped-call]


def reserve() -> None:
    """Take the room that this process needs for its counts; without room, count for itself alone.

    The library writes by memory mapping, and a page for which there is no room any more would end the process.
    """
    folder, made = os.environ.get(FOLDER_VARIABLE), list[Path]()
    if not folder or not hasattr(os, "posix_fallocate"):  # macOS has none
        return
    try:
        for kind in ("counter", "histogram", "gauge_livesum", "gauge_livemax"):
            made.append(Path(folder) / f"{kind}_{os.getpid()}.db")
            with made[-1].open("ab") as file:
                os.posix_fallocate(file.fileno(), 0, RESERVED_BYTES)
    except OSError as error:
        for file_ in made:
            file_.unlink(missing_ok=True)
        del os.environ[FOLDER_VARIABLE]
        values.ValueClass = values.get_value_class()  # type: ignore[no-untyped-call]
        log.warning("no room to share metrics; this worker counts for itself", extra={"cause": str(error)})


def forget(pid: int) -> None:
    """Drop the gauges of a process that has ended; what it has counted stays."""
    if folder := os.environ.get(FOLDER_VARIABLE):
        multiprocess.mark_process_dead(pid, folder)  # type: ignore[no-untyped-call]


def end_sharing() -> None:
    """Remove the folder that `share` made."""
    while _made:
        shutil.rmtree(_made.pop(), ignore_errors=True)
        del os.environ[FOLDER_VARIABLE]
