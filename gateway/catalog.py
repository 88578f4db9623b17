"""The contracts in force: one a model, learnt from the model server and followed when a new version takes over."""

import threading
import time
from dataclasses import dataclass

from gateway.contract import Contract
from gateway.errors import ModelServerError, NotSupportedError
from gateway.model_server import ModelServer

# How long a contract is taken for the one in force without asking: a second is what a takeover may cost at most, and
# one small call a second and worker costs nothing.
RECHECK_SECONDS = 1.0


@dataclass
class _Known:
    """What was learnt of a model: its contract, or why there is none; and when."""

    checked: float
    contract: Contract | None
    refusal: str = ""


class Catalog:
    """Contracts by model, each of them the newest version's."""

    def __init__(self, server: ModelServer) -> None:
        """Start empty.

        Args:
            server: Whom to ask.
        """
        self._server = server
        self._known: dict[str, _Known] = {}
        self._lock = threading.Lock()

    def contract(self, model: str) -> Contract:
        """The contract in force, at most RECHECK_SECONDS old as long as the model server answers.

        While one thread asks whether a known contract still holds, the others go on with it. If the model server
        fails to say, so does that thread: the prediction itself will tell what is wrong.

        Args:
            model: The model's name.

        Returns:
            The contract.

        Raises:
            ModelServerError: Nothing is known of the model, and the model server fails to say.
            NotSupportedError: The model is none that this gateway can speak for.
        """
        known = self._known.get(model)
        if known is None or self._is_mine_to_check(known):
            try:
                return self.learn(model)
            except ModelServerError as error:
                if known is None or known.contract is None or isinstance(error, NotSupportedError):
                    raise
        if known.contract is None:
            raise NotSupportedError(known.refusal)
        return known.contract

    def learn(self, model: str) -> Contract:
        """Ask the model server for the contract in force.

        Args:
            model: The model's name.

        Returns:
            The contract; the one known already, if it still holds.

        Raises:
            ModelServerError: The model server fails to say.
            NotSupportedError: The model is none that this gateway can speak for.
        """
        now = time.monotonic()
        known = self._known.get(model)
        try:
            signature = self._server.signature(model)
            if known and known.contract and known.contract.signature == signature:
                contract = known.contract
            else:
                contract = Contract(model, signature)
        except NotSupportedError as error:
            self._known[model] = _Known(now, None, error.detail)
            raise
        self._known[model] = _Known(now, contract)
        return contract

    def _is_mine_to_check(self, known: _Known) -> bool:
        with self._lock:
            now = time.monotonic()
            if now - known.checked < RECHECK_SECONDS:
                return False
            known.checked = now
            return True
