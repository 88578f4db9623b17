"""The versions that were met: each is read once, and put to the golden check before it is served."""

import logging
import threading
import time
from dataclasses import dataclass

import grpc

from gateway import golden
from gateway import tf_serving_pb2 as pb
from gateway.card import Card, read_card
from gateway.dtypes import DTYPES
from gateway.errors import ModelServerError, UnknownLabelError
from gateway.model_server import ModelServer
from gateway.servable import Servable
from gateway.signature import CARD, Metadata, Selector, alike, answers_with_card
from gateway.tensors import pack

RECHECK_GOLDEN_SECONDS = 30.0  # a version that was refused is tried again, should the fault have been the server's
FORGET_SECONDS = 60.0  # versions come and go; what was not in force for so long is read anew

log = logging.getLogger("gateway")


@dataclass
class _Met:
    """A servable, when it was put to the golden check, and when it was last in force."""

    servable: Servable
    judged: float
    seen: float

    def is_due(self, now: float) -> bool:
        """Whether a version that was refused is to be tried again."""
        return bool(self.servable.refusal) and now - self.judged >= RECHECK_GOLDEN_SECONDS


class Versions:
    """Servables by model and number."""

    def __init__(self, server: ModelServer, *, max_rows: int) -> None:
        """Start empty.

        Args:
            server: Whom to ask.
            max_rows: The most instances in a request.
        """
        self._server = server
        self._max_rows = max_rows
        self._met: dict[tuple[str, int], _Met] = {}
        self._lock = threading.Lock()

    def refused(self, model: str) -> dict[int, str]:
        """The versions of a model that were met and are not served, and why."""
        with self._lock:
            met = [m.servable for m in self._met.values() if m.servable.model == model]
        return {servable.version: servable.refusal for servable in met if servable.refusal}

    def ask(self, model: str, selector: Selector) -> Servable:
        """The version that the model server has for a selector.

        Args:
            model: The model's name.
            selector: Which version.

        Returns:
            The servable, as for `meet`.

        Raises:
            UnknownLabelError: The model has no such label.
            ModelServerError: The server cannot say now, or has no such version.
        """
        try:
            return self.meet(model, self._server.metadata(model, selector))
        except UnknownLabelError:
            raise
        except ModelServerError as error:  # a version that is replaced while it is read is none that is missing
            if error.code is not grpc.StatusCode.NOT_FOUND:
                raise
        return self.meet(model, self._server.metadata(model, selector))

    def meet(self, model: str, metadata: Metadata) -> Servable:
        """The version's servable; one that is new, or was refused a while ago, is put to the golden check.

        Args:
            model: The model's name.
            metadata: What the server says of the version.

        Returns:
            The servable; its `refusal` says whether it may be served.

        Raises:
            ModelServerError: The server cannot say now.
        """
        now = time.monotonic()
        met = self._met.get((model, metadata.version))
        if met is None or not alike(met.servable.signatures, metadata.signatures) or met.is_due(now):
            card = self._card(model, metadata)  # anew, too: the number may have been given to another
            servable = Servable(model, metadata.version, metadata.signatures, card, max_rows=self._max_rows)
            self._judge(servable, known=met.servable.refusal if met else "")
            met = _Met(servable, judged=now, seen=now)
        met.seen = now
        with self._lock:
            self._met[model, metadata.version] = met
            self._met = {key: m for key, m in self._met.items() if now - m.seen < FORGET_SECONDS}
        return met.servable

    def forget_newer(self, model: str, version: int) -> None:
        """Forget the versions above the newest there is: such a number may come back as another version."""
        with self._lock:
            self._met = {key: m for key, m in self._met.items() if key[0] != model or key[1] <= version}

    def _judge(self, servable: Servable, *, known: str) -> None:
        """Put a version to the golden check; a reason that is known already is not logged again."""
        servable.refusal = golden.check(self._server, servable)
        if servable.refusal not in ("", known):
            fields = {"model": servable.model, "version": servable.version, "cause": servable.refusal}
            log.error("golden check failed: this version is not served", extra=fields)

    def _card(self, model: str, metadata: Metadata) -> Card:
        """The card that a version carries in a signature of its own: one dummy input, the card once a row."""
        if not answers_with_card(metadata.signatures):
            return Card()
        inputs = {"rows": pack(DTYPES[pb.DT_INT32], [1], [0])}
        outputs = golden.ask(self._server, model, metadata.version, CARD, inputs)
        texts = outputs["card"].content if "card" in outputs else []
        text = texts[0] if isinstance(texts, list) and texts else b""
        return read_card(model, metadata.version, text)
