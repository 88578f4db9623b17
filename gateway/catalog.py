"""The contracts in force: one a model, learnt from the model server and followed when a new version takes over."""

import threading
import time

from gateway.contract import Contract
from gateway.model_server import ModelServer

# A client that sends only refused requests must not make the gateway ask for the signature each time.
RECHECK_SECONDS = 1.0


class Catalog:
    """Contracts by model, each read from the model server once and again when there is reason to doubt it."""

    def __init__(self, server: ModelServer) -> None:
        """Start empty.

        Args:
            server: Whom to ask.
        """
        self._server = server
        self._known: dict[str, tuple[float, Contract]] = {}
        self._lock = threading.Lock()

    def contract(self, model: str) -> Contract:
        """The contract in force, without asking the model server where it is known.

        Raises:
            ModelServerError: It has to be asked, and fails.
        """
        known = self._known.get(model)
        return known[1] if known else self._learn(model)

    def recheck(self, model: str, doubted: Contract) -> Contract:
        """The contract in force, asking the model server whether it is still the doubted one.

        Called when a version other than the contract's has answered, or a request was refused: the refusal may be an
        old version's. Asks at most once in RECHECK_SECONDS.

        Args:
            model: The model's name.
            doubted: The contract that the request was held against.

        Returns:
            The doubted contract itself if it still holds, else the new one.

        Raises:
            ModelServerError: The model server fails to say.
        """
        with self._lock:
            checked, contract = self._known.get(model, (0.0, doubted))
            if contract is not doubted or time.monotonic() - checked < RECHECK_SECONDS:
                return contract
            self._known[model] = (time.monotonic(), contract)  # claimed: others go on while this thread asks
        return self._learn(model)

    def _learn(self, model: str) -> Contract:
        signature = self._server.signature(model)
        with self._lock:
            _, contract = self._known.get(model, (0.0, None))
            if contract is None or contract.signature != signature:
                contract = Contract(model, signature)
            self._known[model] = (time.monotonic(), contract)
            return contract
