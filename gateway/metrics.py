"""What is measured, for Prometheus; shared where several processes serve one port.

No label's value is a client's: models, versions and labels are those that the model server has answered for.
"""

import logging
import os
import shutil
import tempfile

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
    if FOLDER_VARIABLE in os.environ:
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


def share() -> None:
    """Let the processes that are forked from here share what they measure, in a private folder, unless one is given."""
    if FOLDER_VARIABLE not in os.environ:
        _made.append(tempfile.mkdtemp(prefix="gateway-metrics-"))
        os.environ[FOLDER_VARIABLE] = _made[-1]
        values.ValueClass = values.get_value_class()  # type: ignore[no-untyped-call]  # the library chose when it was imported


def forget(process_id: int) -> None:
    """Forget what only tells of a process that has ended; its counts stay."""
    if FOLDER_VARIABLE in os.environ:
        multiprocess.mark_process_dead(process_id)  # type: ignore[no-untyped-call]


def end_sharing() -> None:
    """Remove the folder that `share` made."""
    while _made:
        shutil.rmtree(_made.pop(), ignore_errors=True)
        del os.environ[FOLDER_VARIABLE]
