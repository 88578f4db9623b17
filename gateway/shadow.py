"""The shadow: a sample of the requests that were answered, put to another version as well, to compare the two."""

import logging
import random
from collections.abc import Mapping
from dataclasses import dataclass

from gateway import metrics
from gateway.aside import Aside
from gateway.catalog import Catalog
from gateway.difference import difference
from gateway.errors import OtherTensorsError
from gateway.model_server import ModelServer
from gateway.predictor import Prediction
from gateway.seldom import Seldom
from gateway.signature import CANARY, Selector, Signature
from gateway.tensors import Tensor
from gateway.traffic import Traffic

MAX_WAITING = 64
# Of the tensors of one copy: with MAX_WAITING, all that wait take 4 MiB at most; to compare so many takes some
# milliseconds of the worker's processor.
MAX_BYTES = 64 * 1024
LOG_SECONDS = 60.0  # failures are logged once in this time at most

log = logging.getLogger("gateway.shadow")


@dataclass(frozen=True)
class Copy:
    """A request that was answered: by which version, with what, and the label of the version to compare with."""

    request_id: str
    model: str
    version: int
    label: str
    rows: int
    signature: Signature
    inputs: Mapping[str, Tensor]
    outputs: Mapping[str, Tensor]


class Shadow:
    """Compares in a thread of its own, one copy after another; what it cannot keep up with is dropped and counted."""

    def __init__(self, server: ModelServer, catalog: Catalog, traffic: Traffic) -> None:
        """Bring the parts together.

        Args:
            server: The model server.
            catalog: The models' versions.
            traffic: How much is compared, and with which version.
        """
        self._server = server
        self._catalog = catalog
        self._traffic = traffic
        most = MAX_WAITING * MAX_BYTES
        self._aside = Aside(self._see_to, name="shadow", max_items=MAX_WAITING, max_bytes=most, finishes=False)
        self._seldom = Seldom(LOG_SECONDS)

    def offer(self, request_id: str, model: str, answer: Prediction) -> None:
        """Have an answer compared, if it is in the sample. Takes no time, and never fails.

        Args:
            request_id: The request's id, for the log.
            model: The model's name.
            answer: The answer to default traffic; the canary's own is not compared.
        """
        shares = self._traffic.shares(model)
        if answer.label == CANARY.label or random.random() >= shares.shadow_share:  # noqa: S311 - no secret
            return
        batch, signature = answer.batch, answer.contract.signature
        label = shares.shadow_label
        copy = Copy(request_id, model, answer.version, label, batch.rows, signature, batch.inputs, answer.outputs)
        size = answer.size_bytes
        if size > MAX_BYTES or not self._aside.put(copy, size):
            metrics.count(metrics.SHADOW, model, label, "dropped")

    def close(self) -> None:
        """Stop."""
        self._aside.close()

    def _see_to(self, copy: Copy) -> None:
        try:
            self._compare(copy)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one copy, the next is another
            metrics.count(metrics.SHADOW, copy.model, copy.label, "failed")
            self._log_failure(copy, error)

    def _compare(self, copy: Copy) -> None:
        shadow = self._catalog.servable(copy.model, Selector(label=copy.label))
        if shadow.version == copy.version:
            return
        signature = shadow.contract(copy.signature.name).signature
        if not signature.has_tensors_of(copy.signature):
            raise OtherTensorsError(f"version {shadow.version} has other tensors than version {copy.version}")
        answer = self._server.predict(copy.model, shadow.selector, signature.name, copy.inputs)
        found = difference(signature.outputs, copy.outputs, answer.outputs)
        versions = {"model": copy.model, "version": copy.version, "shadow_version": answer.version}
        metrics.SHADOW_DIFFERENCE.labels(**versions).observe(found)
        metrics.count(metrics.SHADOW, copy.model, copy.label, "compared")
        told = {"request_id": copy.request_id, "label": copy.label, "rows": copy.rows, "difference": found}
        log.info("shadow", extra=versions | told)

    def _log_failure(self, copy: Copy, error: Exception) -> None:
        if self._seldom.is_time():
            cause = getattr(error, "cause", None) or str(error)
            log.warning("shadow failed", extra={"model": copy.model, "label": copy.label, "cause": cause})
