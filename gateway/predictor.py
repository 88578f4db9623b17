"""Answer a request body with predictions: check it, ask the model server, mirror its answer."""

from dataclasses import dataclass
from typing import Any

import grpc

from gateway.catalog import Catalog
from gateway.contract import Contract
from gateway.errors import InvalidInputError, ModelServerError
from gateway.model_server import ModelServer

# What a server says when the tensors do not fit its signature: that of a version newer than the contract, perhaps.
MISFIT = {grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.FAILED_PRECONDITION}


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
    """Predictions of the models that one model server holds."""

    def __init__(self, server: ModelServer, *, max_rows: int) -> None:
        """Bring the parts together.

        Args:
            server: The model server.
            max_rows: The most instances one request may have.
        """
        self.server = server
        self._catalog = Catalog(server)
        self._max_rows = max_rows

    def predict(self, model: str, body: bytes) -> Prediction:
        """Answer a request body.

        If the body, or its tensors, are refused and meanwhile a version with another contract has taken over, it
        is held against that one before the refusal stands.

        Args:
            model: The model's name.
            body: `{"data": ...}`.

        Returns:
            The prediction.

        Raises:
            RefusedError: The body is not what the model takes.
            ModelServerError: The model server fails.
        """
        contract = self._catalog.contract(model)
        try:
            return self._ask(model, contract, body)
        except (InvalidInputError, ModelServerError) as error:
            if isinstance(error, ModelServerError) and error.code not in MISFIT:
                raise
            current = self._catalog.recheck(model, contract)
            if current is contract:
                raise
        return self._ask(model, current, body)

    def _ask(self, model: str, contract: Contract, body: bytes) -> Prediction:
        batch = contract.parse(body, max_rows=self._max_rows)
        answer = self.server.predict(model, {contract.input_name: batch.tensor})
        prediction = contract.mirror(batch, answer.outputs)
        if answer.version != contract.signature.version:
            self._catalog.recheck(model, contract)
        return Prediction(prediction, answer.version, batch.rows)
