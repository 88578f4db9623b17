"""What is measured, for Prometheus; shared where several processes serve one port.

No label's value is a client's: models, versions and labels are those that the model server has answered for.
"""

import logging
import os
import shutil
import tempfile
from pathlib import Path

from prometheus_client import (
    CollectorRegistry,
    Counter,
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

log = logging.getLogger("gateway")

disable_created_metrics()  # type: ignore[no-untyped-call]  # when each series began: a second series for every one
REGISTRY = CollectorRegistry()

# All have labels: such a metric makes its values when it is first used, which is after `share`.
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

_made: list[str] = []
_seldom = Seldom(LOG_SECONDS)


def count(counter: Counter, *labels: str) -> None:
    """Add one; what cannot be counted, because the shared folder is gone or full, is no reason to fail.

    Args:
        counter: What is counted.
        labels: The values of its labels.
    """
    try:
        counter.labels(*labels).inc()
    except OSError as error:
        if _seldom.is_time():
            log.error("cannot count", extra={"cause": str(error)})  # noqa: TRY400  # the cause says it all


def text() -> bytes:
    """All metrics in Prometheus' text format, those of all processes where they share them."""
    registry = REGISTRY
    if os.environ.get(FOLDER_VARIABLE):
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


def share() -> None:
    """Let the processes that are forked from here share what they measure, in a private folder, unless one is given.

    One that a gateway has made for itself is none that is given: it goes with that gateway, which may have started this
    one to take its place.
    """
    given = os.environ.get(FOLDER_VARIABLE, "")
    if not given or Path(given).name.startswith(PREFIX):
        _made.append(tempfile.mkdtemp(prefix=PREFIX))
        os.environ[FOLDER_VARIABLE] = _made[-1]
        values.ValueClass = values.get_value_class()  # type: ignore[no-untyped-call]  # the library chose when it was imported


def reserve() -> None:
    """Take the room that this process needs for its counts; without room, count for itself alone.

    The library writes by memory mapping, and a page for which there is no room any more would end the process.
    """
    folder, made = os.environ.get(FOLDER_VARIABLE), list[Path]()
    if not folder or not hasattr(os, "posix_fallocate"):  # macOS has none
        return
    try:
        for kind in ("counter", "histogram"):
            made.append(Path(folder) / f"{kind}_{os.getpid()}.db")
            with made[-1].open("ab") as file:
                os.posix_fallocate(file.fileno(), 0, RESERVED_BYTES)
    except OSError as error:
        for file_ in made:
            file_.unlink(missing_ok=True)
        del os.environ[FOLDER_VARIABLE]
        values.ValueClass = values.get_value_class()  # type: ignore[no-untyped-call]
        log.warning("no room to share metrics; this worker counts for itself", extra={"cause": str(error)})


def end_sharing() -> None:
    """Remove the folder that `share` made."""
    while _made:
        shutil.rmtree(_made.pop(), ignore_errors=True)
        del os.environ[FOLDER_VARIABLE]
