"""Answering a prediction on any route: what the request's headers wish, and what its log line and headers tell."""

from collections.abc import Callable, Mapping
from typing import Any

from gateway import metrics
from gateway.canary import Fallback
from gateway.contract import Batch, Contract
from gateway.errors import InvalidHeaderError, InvalidInputError
from gateway.exchange import Exchange
from gateway.observation import Observer
from gateway.prediction_log import PredictionLog
from gateway.predictor import Prediction
from gateway.routing import Router
from gateway.shadow import Shadow
from gateway.signature import DEFAULT, SERVING_DEFAULT, Selector
from gateway.wish import Wish
from gateway.wording import quoted

CANARY_HEADER = "X-Canary"
KEY_HEADER = "X-Canary-Key"
WISHES = ("always", "never")  # as nginx's ingress controller has them


class Answerer:
    """Answers predictions, whatever the route."""

    def __init__(self, router: Router, shadow: Shadow, observer: Observer, prediction_log: PredictionLog) -> None:
        """Bring the parts together.

        Args:
            router: Who chooses the version.
            shadow: Who compares its answers with another version's.
            observer: Who counts what is asked and answered.
            prediction_log: Who writes it down.
        """
        self._router = router
        self._shadow = shadow
        self._observer = observer
        self._prediction_log = prediction_log

    def answer(
        self,
        exchange: Exchange,
        model: str,
        parse: Callable[[Contract], Batch],
        *,
        selector: Selector = DEFAULT,
        signature: str = SERVING_DEFAULT,
    ) -> Prediction:
        """Answer a request.

        Args:
            exchange: The request; what is predicted is noted of it.
            model: The model's name.
            parse: Checks the request against a contract.
            selector: Which version.
            signature: Which of its signatures.

        Returns:
            The prediction.

        Raises:
            InvalidHeaderError: The client's wish is none of WISHES.
            RefusedError: The request is not what the model takes.
            ModelServerError: The model server fails.
        """
        wish = _wish(exchange.environ) if selector == DEFAULT else Wish()
        checked: list[Contract] = []

        def fell_back(fallback: Fallback) -> None:
            exchange.canary_failed = f"{fallback.reason}: {fallback.cause}"

        def noted(contract: Contract) -> Batch:
            checked[:] = [contract]
            return parse(contract)

        try:
            found = self._router.predict(
                model, noted, selector=selector, signature=signature, wish=wish, fell_back=fell_back
            )
        except InvalidInputError as error:
            if checked:
                self._observer.refused(model, checked[0], error)
            raise
        _note(exchange, model, found)
        self._observer.offer(model, found)
        self._prediction_log.offer(exchange.request_id, model, found)
        if selector == DEFAULT:
            self._shadow.offer(exchange.request_id, model, found)
        return found


def _note(exchange: Exchange, model: str, found: Prediction) -> None:
    """For the log line, the headers and the metrics: which version answered how many instances."""
    exchange.version, exchange.rows, exchange.label = found.version, found.batch.rows, found.label
    metrics.count(metrics.PREDICTIONS, model, str(found.version), found.label or metrics.NO_LABEL)


def _wish(environ: Mapping[str, Any]) -> Wish:
    stated = environ.get("HTTP_X_CANARY")
    if stated is not None and stated not in WISHES:
        raise InvalidHeaderError(f"The header {CANARY_HEADER} is {quoted(stated)}; expected always or never.")
    key = environ.get("HTTP_X_CANARY_KEY") or environ.get("HTTP_X_FORWARDED_FOR", "").partition(",")[0].strip()
    return Wish(always=stated == "always", never=stated == "never", key=key)
