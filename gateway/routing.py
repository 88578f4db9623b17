"""Which version answers default traffic: the stable one, or for a share of it the canary."""

from collections.abc import Callable

from gateway import metrics
from gateway.canary import Canary, Fallback, Request
from gateway.catalog import Catalog
from gateway.contract import Batch, Contract
from gateway.errors import GatewayError, RefusedError
from gateway.predictor import Prediction, Predictor
from gateway.signature import DEFAULT, SERVING_DEFAULT, Selector
from gateway.traffic import Traffic
from gateway.wish import Wish


class Router:
    """Chooses the version that answers."""

    def __init__(
        self, predictor: Predictor, catalog: Catalog, traffic: Traffic, *, threads: int, timeout_seconds: float
    ) -> None:
        """Bring the parts together.

        Args:
            predictor: Who asks a version.
            catalog: The models' versions.
            traffic: How much goes to the canary.
            threads: How many requests this worker answers at a time; half of them may wait for a canary.
            timeout_seconds: How long the model server may take over a call; a canary has half of it, for the stable
                version may have to answer after it.
        """
        self._predictor = predictor
        self._catalog = catalog
        self._traffic = traffic
        self._canary = Canary(predictor, catalog, most=max(threads // 2, 1), timeout_seconds=timeout_seconds / 2)

    def predict(
        self,
        model: str,
        parse: Callable[[Contract], Batch],
        *,
        wish: Wish,
        fell_back: Callable[[Fallback], None],
        selector: Selector = DEFAULT,
        signature: str = SERVING_DEFAULT,
    ) -> Prediction:
        """Answer a request: by the canary if it is meant to and can, else as `Predictor` does.

        Args:
            model: The model's name.
            parse: Checks the request against a contract.
            wish: What the client says of the canary.
            fell_back: Is told why the canary did not answer.
            selector: Which version; only who names none may get the canary.
            signature: Which of its signatures.

        Returns:
            The prediction.

        Raises:
            RefusedError: The request is not what the model takes.
            ModelServerError: The model server fails.
        """
        share = self._traffic.shares(model).canary_share
        if selector == DEFAULT and wish.may_be_met(share):
            request = Request(model, parse, wish, share, signature)
            stable = None if wish.always else self._catalog.servable(model).contract(signature).signature
            answer = self._canary.answer(request, stable)
            if isinstance(answer, Prediction):
                return answer
            if answer is not None:
                return self._instead(request, answer, fell_back)
        return self._predictor.predict(model, parse, selector=selector, signature=signature)

    def _instead(self, request: Request, fallback: Fallback, fell_back: Callable[[Fallback], None]) -> Prediction:
        try:
            prediction = self._predictor.predict(request.model, request.parse, signature=request.signature)
        except GatewayError as error:
            if not (fallback.reason == "refused" and isinstance(error, RefusedError)):  # else the request is at fault
                self._count(request, fallback, fell_back)
            raise
        self._count(request, fallback, fell_back)
        return prediction

    def _count(self, request: Request, fallback: Fallback, fell_back: Callable[[Fallback], None]) -> None:
        fell_back(fallback)
        if self._catalog.knows(request.model):  # else a name that a client has made up would be measured
            metrics.count(metrics.CANARY_FALLBACKS, request.model, fallback.reason)
