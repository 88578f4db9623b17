"""The forms a value may have, told apart by how it begins: levels of arrays, then an object or a plain value."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import msgspec

from gateway.contract.nodes import Node

# A member's name may be written with escapes, and is the same.
BEGINNING = re.compile(rb'([\s\[]*)(\{\s*("(?:b|\\u0062)(?:6|\\u0036)(?:4|\\u0034)"\s*:)?)?')


@dataclass(frozen=True)
class Form:
    """One of the forms.

    Attributes:
        node: The whole value.
        layout: Whether it is one instance, an array of instances, or the model's tensors as they are.
        named: Whether the features are members of objects.
    """

    node: Node
    layout: Literal["one", "many", "tensors"]
    named: bool

    @cached_property
    def decoder(self) -> msgspec.json.Decoder[Any]:
        """Decodes a value of this form and checks it."""
        return msgspec.json.Decoder(self.node.type)


@dataclass(frozen=True)
class Choice:
    """A value in one of several forms; no two of them begin alike.

    Attributes:
        plain: Forms whose values stand without names, by their levels of arrays.
        named: Forms that have objects of named features, by the levels of arrays around these.
        base64: Whether `{"b64": ...}` is a value, not an object of features.
    """

    plain: Mapping[int, Form]
    named: Mapping[int, Form]
    base64: bool

    @property
    def forms(self) -> list[Form]:
        """All forms."""
        return [*self.plain.values(), *self.named.values()]

    def schema(self) -> dict[str, Any]:
        """The JSON Schema."""
        schemas = [form.node.schema() for form in self.forms]
        return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}

    def example(self) -> Any:
        """A value of the first form that takes several instances, or else of the first."""
        return next((form for form in self.forms if form.layout == "many"), self.forms[0]).node.example()

    def pick(self, raw: bytes | memoryview) -> Form:
        """The form of a value that is not decoded yet."""
        beginning = BEGINNING.match(raw)
        assert beginning is not None  # noqa: S101 - every part of the pattern may be empty
        levels = beginning[1].count(b"[")
        return self._form(levels, named=beginning[2] is not None and not (self.base64 and beginning[3]))

    def _form(self, levels: int, *, named: bool) -> Form:
        """The form itself, or the nearest there is: it will say what is wrong."""
        forms = (self.named or self.plain) if named else (self.plain or self.named)
        return forms[min(forms, key=lambda known: abs(known - levels))]
