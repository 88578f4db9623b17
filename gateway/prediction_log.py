"""The prediction log: what models were asked and answered, a JSON line a request, apart from the request log."""

import contextlib
import logging
import os
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from gateway import metrics
from gateway.aside import Aside
from gateway.config import ConfigError
from gateway.contract.answers import nest
from gateway.contract.texts import text_or_base64
from gateway.log_handlers import RotatingFile, Stdout
from gateway.predictor import Prediction
from gateway.seldom import Seldom
from gateway.tensors import Tensor, unpack

STDOUT = "stdout"
MAX_WAITING = 1_000
MAX_BYTES = 16 * 1024 * 1024  # of the tensors that wait
MAX_LINE_BYTES = 1024 * 1024  # of one request's tensors, 5 MB of JSON: while a line is made, no request goes on
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
        entry = Entry(time.time(), request_id, model, prediction.packed())
        size = prediction.size_bytes
        if size > MAX_LINE_BYTES or not self._aside.put(entry, size):
            metrics.count(metrics.DROPPED, WHAT)

    def close(self) -> None:
        """Stop, when all that waits is written."""
        self._aside.close()

    def _write(self, entry: Entry) -> None:
        try:
            text = line(entry).decode()
            if self._handler is None:
                self._handler = Stdout() if self._target == STDOUT else RotatingFile(self._target, self._max_bytes)
            # Not `handle`: its lock would be waited for when the process ends, be the file system as slow as it likes.
            self._handler.emit(logging.makeLogRecord({"msg": text}))
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one line, the next is another
            metrics.count(metrics.DROPPED, WHAT)
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
    file = Path(target)
    try:
        if file.exists() and not file.is_file():  # to open a pipe is to wait for its reader
            raise ConfigError(f"PREDICTION_LOG={target}: not a regular file")
        with file.open("ab"):
            pass
    except OSError as error:
        raise ConfigError(f"PREDICTION_LOG={target}: {error.strerror or error}") from error
    if not os.access(file.parent, os.W_OK | os.X_OK):
        raise ConfigError(f"PREDICTION_LOG={target}: its folder cannot be written, and is to hold a lock and old files")


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


def _plain(tensors: Mapping[str, Tensor]) -> dict[str, Any]:
    plain = {}
    for name, tensor in tensors.items():
        values, shape = unpack(tensor)
        if tensor.dtype.kind == "string":
            values = list(map(text_or_base64, values))
        plain[name] = nest(values, shape) if shape else values[0]
    return plain
