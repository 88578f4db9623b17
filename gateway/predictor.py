"""Answer a request body with predictions: check it, ask the model server, mirror its answer."""

from dataclasses import dataclass
from typing import Any

import grpc

from gateway.catalog import Catalog
from gateway.contract import Contract
from gateway.errors import ModelServerError
from gateway.model_server import ModelServer

# A version can be replaced, by one with another signature, between learning its contract and asking it; more than two
# such replacements in the time of one request are not a takeover but a fault.
ATTEMPTS = 3


@dataclass(frozen=True)
class Prediction:
    """An answer.

    Attributes:
        prediction: One value, or one a row, in the form of the request.
        version: The version that made it.
        rows: How many instances were answered.
    """

    prediction: Any
    version: int
    rows: int


class Predictor:
    """Predictions of the models that one model server holds.

    Attributes:
        catalog: The models' contracts.
    """

    def __init__(self, server: ModelServer, *, max_rows: int) -> None:
        """Bring the parts together.

        Args:
            server: The model server.
            max_rows: The most instances one request may have.
        """
        self._server = server
        self.catalog = Catalog(server)
        self._max_rows = max_rows

    def predict(self, model: str, body: bytes) -> Prediction:
        """Answer a request body by the newest version of a model.

        The version is asked for by its number, so that it can only answer what was checked against its own signature.
        If it has been replaced meanwhile, the body is checked against its successor's. Where the two are alike, any
        version may answer: of several servers behind one name, some may have the old one and some the new.

        Args:
            model: The model's name.
            body: `{"data": ...}`.

        Returns:
            The prediction.

        Raises:
            RefusedError: The body is not what the model takes.
            ModelServerError: The model server fails.
        """
        contract = self.catalog.contract(model)
        for _ in range(ATTEMPTS):
            try:
                return self._ask(model, contract, body, version=contract.signature.version)
            except ModelServerError as error:
                if error.code is not grpc.StatusCode.NOT_FOUND:
                    raise
            replaced, contract = contract, self.catalog.learn(model)
            if contract.signature.has_tensors_of(replaced.signature):
                return self._ask(model, contract, body, version=None)
        raise ModelServerError(grpc.StatusCode.UNAVAILABLE, f"{ATTEMPTS} versions in a row were replaced while asked")

    def _ask(self, model: str, contract: Contract, body: bytes, *, version: int | None) -> Prediction:
        batch = contract.parse(body, max_rows=self._max_rows)
        answer = self._server.predict(model, {contract.input_name: batch.tensor}, version=version)
        return Prediction(contract.mirror(batch, answer.outputs), answer.version, batch.rows)
