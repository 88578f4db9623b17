"""Joint calls: requests that come while a call to the model server is under way share the next one.

A call costs a worker several times what checking a request does, and the server about as much for one row as for a
hundred. Nobody waits for others to come: who finds no call under way asks at once.
"""

import threading

from gateway import call
from gateway.contract import Batch, Contract
from gateway.lane import Inputs, Lane, Member
from gateway.model_server import Answer, ModelServer
from gateway.signature import Selector

MAX_LANES = 100


class Joint:
    """Asks the model server, for several requests at a time where that may be.

    Attributes:
        lanes: The lanes that there are, each for one contract.
    """

    def __init__(self, server: ModelServer, *, max_rows: int) -> None:
        """Begin.

        Args:
            server: The model server.
            max_rows: The most instances in a joint call; 0 makes each request a call of its own.
        """
        self._server = server
        self._max_rows = max_rows
        self.lanes: dict[tuple[Selector, Contract], Lane] = {}
        self._lock = threading.Lock()

    def predict(self, model: str, selector: Selector, contract: Contract, batch: Batch) -> Answer:
        """Ask a version for predictions, in the time of the request at hand.

        Args:
            model: The model's name.
            selector: Which version.
            contract: What the request was checked against.
            batch: The request.

        Returns:
            The answer: of a joint call, the request's part.

        Raises:
            ModelServerError: As for `ModelServer.predict`. Another request's fault is none of this one's.
        """

        def ask(inputs: Inputs) -> Answer:
            return self._server.predict(model, selector, contract.signature.name, inputs)

        if not (contract.is_joinable and 0 < batch.rows <= self._max_rows and _is_even(batch)):
            return ask(batch.inputs)
        return self._lane(selector, contract).answer(Member(batch, call.current(), ask))

    def _lane(self, selector: Selector, contract: Contract) -> "Lane":
        lane = self.lanes.get((selector, contract))
        if lane is None:
            with self._lock:
                if len(self.lanes) >= MAX_LANES:
                    self.lanes = {}  # whoever is in one holds it
                lane = self.lanes.setdefault((selector, contract), Lane(self._max_rows))
        return lane


def _is_even(batch: Batch) -> bool:
    """Whether all inputs have a row an instance: else the next request's rows would not stand under one another."""
    return {tensor.shape[0] for tensor in batch.inputs.values()} == {batch.rows}
