"""Asking the canary: whether it may answer, and why it did not."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

import grpc

from gateway import call
from gateway.breakers import Attempt, Breakers
from gateway.catalog import Catalog
from gateway.contract import Batch, Contract
from gateway.errors import (
    GatewayError,
    ModelServerError,
    NotGoldenError,
    NotSupportedError,
    OtherTensorsError,
    RefusedError,
)
from gateway.predictor import Prediction, Predictor
from gateway.seldom import Seldom
from gateway.signature import CANARY, SERVING_DEFAULT, Signature
from gateway.wish import Wish

HARMLESS = ("absent", "golden")  # to find out about these is a small call
PAUSING = ("absent", "golden", "error")  # these last for a while, whatever a client sends
HANGING = (grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.UNAVAILABLE)
LOG_SECONDS = 60.0

log = logging.getLogger("gateway")


@dataclass(frozen=True)
class Request:
    """A request that may be for the canary.

    Attributes:
        model: The model's name.
        parse: Checks the request against a contract.
        wish: What the client says of the canary.
        share: Of the requests, how many the canary gets.
        signature: Which of its signatures is asked.
    """

    model: str
    parse: Callable[[Contract], Batch]
    wish: Wish
    share: float = 0.0
    signature: str = SERVING_DEFAULT


@dataclass(frozen=True)
class Fallback:
    """Why the canary did not answer a request that was meant for it.

    Attributes:
        reason: `absent`: no loaded version has the label; `golden`: it fails its golden check; `signature`: it takes or
            answers other tensors than the stable version; `refused`: it does not take this request; `error`: the call
            failed, or its answer could not be read; `paused`: it is left alone after one of these.
        cause: What happened, for the log.
    """

    reason: str
    cause: str


class Canary:
    """The canaries of all models.

    After one was absent, not golden or failing, this worker leaves it alone for a second, and then lets one request
    try. What a client's own request brings about, which a refusal and a signature are, is no reason to, nor are one or
    two errors between answers. A request that forces the canary is held up by a pause after an error only.
    """

    def __init__(self, predictor: Predictor, catalog: Catalog, *, most: int, timeout_seconds: float) -> None:
        """Bring the parts together.

        Args:
            predictor: Who asks a version.
            catalog: The models' versions.
            most: How many requests may wait for a model's canary at a time.
            timeout_seconds: How long each may.
        """
        self._predictor = predictor
        self._catalog = catalog
        self._timeout_seconds = timeout_seconds
        self._breakers = Breakers(most)
        self._seldom = Seldom(LOG_SECONDS)
        self._seen: dict[str, int] = {}  # the version last seen as a model's canary

    def answer(self, request: Request, stable: Signature | None) -> Prediction | Fallback | None:
        """Have the canary answer, if it may and can.

        Args:
            request: The request.
            stable: The stable version's signature, which the canary's has to be like; None if it need not be.

        Returns:
            The canary's answer, or why there is none; None if the request is not for the canary.
        """
        with self._breakers.attempt(request.model, despite=HARMLESS if request.wish.always else ()) as attempt:
            if attempt is None:
                failed = Fallback("paused", "it is left alone for a moment")
            else:
                # The stable version may have to answer after it, so half of the time that is left has to be enough.
                seconds = min(self._timeout_seconds, call.current().remaining_seconds / 2)
                attempt.hurried = seconds < self._timeout_seconds / 2
                try:
                    with call.within(seconds):
                        return self._try(request, stable, attempt)
                except Exception as error:  # noqa: BLE001  # whatever is wrong with it, the stable version answers
                    failed = Fallback(_reason(error), _cause(error))
                    self._note(request, attempt, failed, error)
        return failed if self._is_for(request, self._seen.get(request.model)) else None

    def _try(self, request: Request, stable: Signature | None, attempt: Attempt) -> Prediction | None:
        canary = self._catalog.servable(request.model, CANARY)
        self._seen[request.model] = canary.version
        if not self._is_for(request, canary.version):
            return None

        def parse(contract: Contract) -> Batch:
            if stable is not None and not contract.signature.has_tensors_of(stable):
                raise OtherTensorsError(f"{request.signature!r} has other tensors than the stable version's")
            return request.parse(contract)

        if request.signature not in canary.signatures:
            raise OtherTensorsError(f"version {canary.version} has no signature {request.signature!r}")
        answer = self._predictor.predict(request.model, parse, selector=CANARY, signature=request.signature)
        answer.contract.predictions(answer.batch, answer.contract.read(answer.outputs))  # what cannot be read is none
        attempt.worked = True
        return answer

    def _note(self, request: Request, attempt: Attempt, failed: Fallback, error: Exception) -> None:
        """Say what the failure means for others: nothing, where a client in a hurry gave the canary little time."""
        code = error.code if isinstance(error, ModelServerError) else None
        if code is grpc.StatusCode.DEADLINE_EXCEEDED and attempt.hurried:
            return
        attempt.worked = isinstance(error, ModelServerError) and failed.reason == "refused"
        # That there is no canary of a name is not kept: clients make names up.
        if failed.reason in PAUSING and (failed.reason != "absent" or request.share or request.model in self._seen):
            attempt.failed = failed.reason
            attempt.surely = failed.reason != "error" or code in HANGING
        if not isinstance(error, GatewayError) and self._seldom.is_time():
            log.error("unexpected error of a canary", exc_info=error, extra={"model": request.model})

    def _is_for(self, request: Request, version: int | None) -> bool:
        return request.wish.is_for(request.model, version, request.share)


def _cause(error: Exception) -> str:
    return (error.cause or error.detail) if isinstance(error, GatewayError) else repr(error)


def _reason(error: Exception) -> str:
    if isinstance(error, OtherTensorsError | NotSupportedError):
        return "signature"
    if isinstance(error, NotGoldenError):
        return "golden"
    code = error.code if isinstance(error, ModelServerError) else None
    if isinstance(error, RefusedError) or code is grpc.StatusCode.INVALID_ARGUMENT:
        return "refused"
    return "absent" if code is grpc.StatusCode.NOT_FOUND else "error"
