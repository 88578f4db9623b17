"""Answer a request with predictions: check it, ask the model server, read its answer."""

from collections.abc import Callable, Mapping

import grpc
import msgspec
from msgspec.structs import replace

from gateway.catalog import Catalog
from gateway.contract import Batch, Contract
from gateway.errors import ModelServerError
from gateway.joint import Joint
from gateway.signature import DEFAULT, SERVING_DEFAULT, Selector
from gateway.tensors import Tensor

# A version can be replaced, by one with another signature, between learning its contract and asking it; more than two
# such replacements in the time of one request are not a takeover but a fault.
ATTEMPTS = 3


class Prediction(msgspec.Struct, frozen=True):
    """An answer.

    Attributes:
        version: The version that made it.
        label: The label that it was asked for by: the client's, or `stable`; None where there was none.
        contract: What the request was checked against.
        batch: The request.
        outputs: The model's outputs, by name.
    """

    version: int
    label: str | None
    contract: Contract
    batch: Batch
    outputs: Mapping[str, Tensor]

    @property
    def size_bytes(self) -> int:
        """What its tensors take in memory, about."""
        tensors = (*self.batch.inputs.values(), *self.outputs.values())
        return sum([tensor.size_bytes for tensor in tensors])

    def packed(self) -> "Prediction":
        """The same without the request's values as Python's, which take many times the tensors' size: to be kept."""
        return replace(self, batch=replace(self.batch, columns=()))


class Predictor:
    """Predictions of the models that one model server holds."""

    def __init__(self, joint: Joint, catalog: Catalog) -> None:
        """Bring the parts together.

        Args:
            joint: Who asks the model server.
            catalog: The models' versions.
        """
        self._joint = joint
        self._catalog = catalog

    def predict(
        self,
        model: str,
        parse: Callable[[Contract], Batch],
        *,
        selector: Selector = DEFAULT,
        signature: str = SERVING_DEFAULT,
    ) -> Prediction:
        """Answer a request.

        The version is asked for by its number, so that it can only answer what was checked against its own signature.
        If it has been replaced meanwhile, the request is checked against its successor's. Where the two are alike, any
        version that the selector finds may answer, if it passes its golden check: of several servers behind one name,
        some may have the old one and some the new.

        Args:
            model: The model's name.
            parse: Checks the request against a contract.
            selector: Which version.
            signature: Which of its signatures.

        Returns:
            The prediction.

        Raises:
            RefusedError: The request is not what the model takes.
            ModelServerError: The model server fails.
        """
        found = self._catalog.find(model, selector)
        contract, asked = found.servable.contract(signature), found.servable.selector
        for _ in range(ATTEMPTS):
            batch = parse(contract)
            try:
                answer = self._joint.predict(model, asked, contract, batch)
            except ModelServerError as error:
                if error.code is not grpc.StatusCode.NOT_FOUND:
                    raise
            else:
                if answer.version == found.servable.version or self._is_served(model, answer.version):
                    return Prediction(answer.version, found.label, contract, batch, answer.outputs)
            found = self._catalog.learn(model, selector)
            replaced, contract = contract, found.servable.contract(signature)
            alike = contract.signature.has_tensors_of(replaced.signature)
            asked = found.selector if alike else found.servable.selector
        raise ModelServerError(grpc.StatusCode.UNAVAILABLE, f"{ATTEMPTS} versions in a row were replaced while asked")

    def _is_served(self, model: str, version: int) -> bool:
        try:
            self._catalog.find(model, Selector(version=version))
        except ModelServerError:
            return False
        return True
