"""A servable: one version of a model, with what the gateway knows of it."""

from collections.abc import Mapping

from gateway import tf_serving_pb2 as pb
from gateway.card import Card
from gateway.contract import Contract
from gateway.errors import InvalidInputError, NotSupportedError, Place
from gateway.signature import CARD, SERVING_DEFAULT, Selector, Signature
from gateway.wording import quoted


class Servable:
    """One version of a model.

    Attributes:
        model: The model's name.
        version: Its number.
        signatures: Its signatures by name.
        card: What the model says of itself; empty where it says nothing.
        refusal: Why it is not served; empty if it is.
    """

    def __init__(
        self, model: str, version: int, signatures: Mapping[str, pb.SignatureDef], card: Card, *, max_rows: int
    ) -> None:
        """Take what was learnt.

        Args:
            model: The model's name.
            version: Its number.
            signatures: Its signatures by name.
            card: What the model says of itself.
            max_rows: The most instances in a request.
        """
        self.model = model
        self.version = version
        self.signatures = signatures
        self.card = card
        self.refusal = ""
        self._max_rows = max_rows
        self._contracts: dict[str, Contract | NotSupportedError] = {}

    @property
    def selector(self) -> Selector:
        """This version and no other."""
        return Selector(version=self.version)

    @property
    def is_supported(self) -> bool:
        """Whether predictions can be asked for at all."""
        try:
            self.contract()
        except NotSupportedError:
            return False
        return True

    def contract(self, signature: str = SERVING_DEFAULT) -> Contract:
        """The contract of a signature.

        Args:
            signature: Its name.

        Returns:
            The contract.

        Raises:
            NotSupportedError: The signature has something that JSON has no values for, or there is no default.
            InvalidInputError: There is no signature of this name.
        """
        known = self._contracts.get(signature)
        if known is None:
            known = self._contracts[signature] = self._read(signature)
        if isinstance(known, NotSupportedError):
            raise NotSupportedError(known.detail)
        return known

    def names_of(self, signature: Signature) -> list[str]:
        """The names of all signatures that take and answer the same, this one's first."""
        found = {signature.name: signature} | {
            name: Signature(name, definition.inputs, definition.outputs)
            for name, definition in sorted(self.signatures.items())
        }
        return [name for name, other in found.items() if other.has_tensors_of(signature)]

    def _read(self, name: str) -> Contract | NotSupportedError:
        found = self.signatures.get(name)
        if found is None and name != SERVING_DEFAULT:
            known = ", ".join(quoted(name) for name in sorted(self.signatures) if not name.startswith("__"))
            raise InvalidInputError(Place("/signature_name", f"expected one of {known}; got {quoted(name)}"))
        if found is None:
            return NotSupportedError(f"Model {self.model!r} has no signature named {SERVING_DEFAULT}.")
        signature = Signature(name, dict(found.inputs), dict(found.outputs))
        max_rows = 1 if name == CARD else self._max_rows  # the same card once a row: a few bytes would ask for a lot
        try:
            return Contract(self.model, signature, self.card, max_rows=max_rows, version=self.version)
        except NotSupportedError as error:
            return error
