"""One value of a tensor, in JSON: its type for msgspec, its JSON Schema, and what is wrong with one that is none."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Literal

from msgspec import Meta

from gateway.contract.texts import BASE64_SCHEMA, Base64, base64_fault, to_bytes
from gateway.dtypes import Dtype
from gateway.errors import Place, UnknownCategory
from gateway.wording import describe, quoted

MAX_WORDS = 20  # of a vocabulary, in one message


@dataclass(frozen=True)
class Leaf:
    """One value.

    Attributes:
        dtype: The tensor's dtype.
        vocabulary: The strings that are known, where only these are.
        feature: The name of the feature that the vocabulary is of.
    """

    dtype: Dtype
    vocabulary: tuple[str, ...] = ()
    feature: str = ""

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.vocabulary)

    @property
    def type(self) -> Any:
        """The type for msgspec."""
        match self.dtype.kind:
            case "float":
                return Annotated[float, Meta(ge=self.dtype.low, le=self.dtype.high)]
            case "int":
                return self._integer_type()
            case "bool":
                return bool
        return Literal[self.vocabulary] if self.vocabulary else str | Base64

    def _integer_type(self) -> Any:
        """An integer is one however it is written: JSON Schema takes 3.0 and 3e0 for one too."""
        # A bound of msgspec's has to be an int64; what is missing of uint64's is found when the value is packed.
        bounds = {"le": int(self.dtype.high)} if self.dtype.high < 2**63 else {}
        # The greatest float that is not above the bound: 2**63 - 1 itself would be rounded up to 2**63.
        high = float(self.dtype.high)
        high = high if high <= self.dtype.high else math.nextafter(high, 0)
        whole = Annotated[int, Meta(ge=int(self.dtype.low), **bounds)]
        return whole | Annotated[float, Meta(ge=float(self.dtype.low), le=high, multiple_of=1)]

    def schema(self) -> dict[str, Any]:
        """The JSON Schema."""
        match self.dtype.kind:
            case "float":
                return {"type": "number", "minimum": self.dtype.low, "maximum": self.dtype.high}
            case "int":
                return {"type": "integer", "minimum": self.dtype.low, "maximum": self.dtype.high}
            case "bool":
                return {"type": "boolean"}
        if self.vocabulary:
            return {"type": "string", "enum": list(self.vocabulary)}
        return {"anyOf": [{"type": "string"}, BASE64_SCHEMA]}

    @property
    def expectation(self) -> str:
        """What is expected, in words."""
        return {"float": "a number", "int": "an integer", "bool": "a boolean", "string": "a string"}[self.dtype.kind]

    def example(self) -> Any:
        """A value."""
        return {"float": 0.0, "int": 0, "bool": False, "string": next(iter(self.vocabulary), "text")}[self.dtype.kind]

    def faults(self, value: Any, pointer: str) -> Iterator[Place]:
        """Where a decoded value is not what the type takes: nowhere, or at its own place."""
        fault = self._text_fault(value) if self.dtype.kind == "string" else self._number_fault(value)
        if fault and self.vocabulary and isinstance(value, str):
            yield UnknownCategory(pointer, fault, self.feature)
        elif fault:
            yield Place(pointer, fault)

    def _number_fault(self, value: Any) -> str | None:
        kind = self.dtype.kind
        if kind == "bool" or type(value) not in (int, float):
            wanted = bool if kind == "bool" else None
            return None if type(value) is wanted else f"expected {self.expectation}, got {describe(value)}"
        if isinstance(value, float) and kind == "int" and math.isfinite(value) and not value.is_integer():
            return f"expected an integer, got {describe(value)}"
        if not self.dtype.low <= value <= self.dtype.high:
            form = "{:g} to {:g}" if kind == "float" else "{} to {}"
            article = "an" if self.dtype.name[0] == "i" else "a"
            bounds = form.format(self.dtype.low, self.dtype.high)
            return f"expected {article} {self.dtype.name}, {bounds}, got {describe(value)}"
        return None

    def _text_fault(self, value: Any) -> str | None:
        if self.vocabulary:
            if isinstance(value, str) and value in self._known:
                return None
            more = ", …" if len(self.vocabulary) > MAX_WORDS else ""
            known = ", ".join(map(quoted, self.vocabulary[:MAX_WORDS])) + more
            return f"expected one of {known}; got {quoted(value) if isinstance(value, str) else describe(value)}"
        if isinstance(value, dict):
            return base64_fault(value)
        return None if isinstance(value, str) else f"expected a string, got {describe(value)}"

    def wire(self, values: Sequence[Any]) -> Sequence[Any]:
        """Decoded values as a tensor holds them: strings become bytes."""
        if self.dtype.kind != "string":
            return values
        return list(map(str.encode if set(map(type, values)) == {str} else to_bytes, values))
