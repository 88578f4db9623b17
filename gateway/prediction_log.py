"""The prediction log: what models were asked and answered, a JSON line a request, apart from the request log."""

import contextlib
import logging
import random
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from concurrent_log_handler import ConcurrentRotatingFileHandler

from gateway import metrics
from gateway import tf_serving_pb2 as pb
from gateway.aside import Aside, size_bytes
from gateway.config import ConfigError
from gateway.contract.answers import nest
from gateway.contract.texts import text_or_base64
from gateway.predictor import Prediction
from gateway.seldom import Seldom
from gateway.tensors import unpack

STDOUT = "stdout"
MAX_WAITING = 1_000
MAX_BYTES = 16 * 1024 * 1024  # of the tensors that wait; one request of more than that is not logged
KEPT_FILES = 5  # beside the one that is being written
LOG_SECONDS = 60.0
WHAT = "prediction_log"

log = logging.getLogger("gateway")


@dataclass(frozen=True)
class Entry:
    """A prediction that was answered."""

    time: float
    request_id: str
    model: str
    prediction: Prediction

    @property
    def tensors(self) -> Sequence[pb.TensorProto]:
        """All of its tensors."""
        return [*self.prediction.batch.inputs.values(), *self.prediction.outputs.values()]


class PredictionLog:
    """Writes in a thread of its own; what cannot be written, or not fast enough, is dropped and counted."""

    def __init__(self, target: str, *, share: float, max_bytes: int) -> None:
        """Begin; nothing is opened before the first line.

        Args:
            target: A file's path, or STDOUT; empty for no log.
            share: How many of the predictions to write; from 0 to 1.
            max_bytes: The size from which a new file is begun.
        """
        self._target = target
        self._share = share if target else 0.0
        self._max_bytes = max_bytes
        self._handler: logging.Handler | None = None
        self._torn = ""
        self._seldom = Seldom(LOG_SECONDS)
        self._aside = Aside(self._write, name=WHAT, max_items=MAX_WAITING, max_bytes=MAX_BYTES, finishes=True)

    def offer(self, request_id: str, model: str, prediction: Prediction) -> None:
        """Have a prediction written, if it is in the sample. Takes no time, and never fails.

        Args:
            request_id: The request's id.
            model: The model's name.
            prediction: What was asked and answered.
        """
        if random.random() >= self._share:  # noqa: S311 - no secret
            return
        entry = Entry(time.time(), request_id, model, prediction)
        if not self._aside.put(entry, size_bytes(entry.tensors)):
            metrics.count(metrics.DROPPED, WHAT)

    def close(self) -> None:
        """Stop, when all that waits is written."""
        self._aside.close()

    def _write(self, entry: Entry) -> None:
        try:
            text = line(entry).decode()
            if self._handler is None:
                self._handler = _handler(self._target, self._max_bytes)
            self._handler.handle(logging.makeLogRecord({"msg": self._torn + text}))
            self._torn = ""
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one line, the next is another
            metrics.count(metrics.DROPPED, WHAT)
            self._torn = "\n"  # a part of the line may have been written
            self._close_file()
            if self._seldom.is_time():
                fields = {"file": self._target, "cause": str(error)}
                log.error("cannot write the prediction log", extra=fields)  # noqa: TRY400  # the cause says it all

    def _close_file(self) -> None:
        """With what it has not written: that is counted as dropped."""
        handler, self._handler = self._handler, None
        if handler is not None:
            with contextlib.suppress(Exception):
                handler.close()


def check(target: str) -> None:
    """Hold the log's file against what can be seen of it before anything is started.

    Args:
        target: As for PredictionLog.

    Raises:
        ConfigError: It cannot be written.
    """
    if target in ("", STDOUT):
        return
    try:
        with Path(target).open("ab"):
            pass
    except OSError as error:
        raise ConfigError(f"PREDICTION_LOG={target}: {error.strerror or error}") from error


def line(entry: Entry) -> bytes:
    """An entry as JSON.

    Args:
        entry: The entry.

    Returns:
        One line, without its end. By name, inputs and outputs have an entry a row; numbers that are not finite are
        null, and bytes that are no text `{"b64": …}`.
    """
    prediction = entry.prediction
    return msgspec.json.encode(
        {
            "time": datetime.fromtimestamp(entry.time, UTC),
            "request_id": entry.request_id,
            "model": entry.model,
            "version": prediction.version,
            "label": prediction.label,
            "rows": prediction.batch.rows,
            "inputs": _plain(prediction.batch.inputs),
            "outputs": _plain(prediction.outputs),
        }
    )


def _plain(tensors: Mapping[str, pb.TensorProto]) -> dict[str, Any]:
    plain = {}
    for name, tensor in tensors.items():
        values, shape = unpack(tensor)
        if tensor.dtype == pb.DT_STRING:
            values = list(map(text_or_base64, values))
        plain[name] = nest(values, shape) if shape else values[0]
    return plain


class _RotatingFile(ConcurrentRotatingFileHandler):  # type: ignore[misc]  # it has annotations of its own kind
    """All worker processes write the same file. What goes wrong is raised, not printed."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802
        error = sys.exception()
        if error is not None:
            raise error

    def close(self) -> None:
        """Close all files, also where what they hold cannot be written."""
        try:
            super().close()
        finally:
            for stream in (self.stream, self.stream_lock):
                if stream is not None:
                    with contextlib.suppress(OSError):
                        stream.close()


def _handler(target: str, max_bytes: int) -> logging.Handler:
    if target == STDOUT:
        return logging.StreamHandler(sys.stdout)
    return _RotatingFile(target, maxBytes=max_bytes, backupCount=KEPT_FILES, encoding="utf-8")
