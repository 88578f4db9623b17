"""Objects: nodes by name."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from gateway.contract.nodes import Node
from gateway.errors import Place
from gateway.wording import MAX_TEXT_CHARS, describe, quoted

MAX_NAMES = 20  # of members, in one message


@dataclass(frozen=True)
class Members:
    """An object.

    Attributes:
        members: What stands in it, by name.
        optional: Names of members that may be missing.
        open: Whether other members are passed over instead of refused.
        own_names: Whether the struct's fields have the members' names, which a protocol chose; a model's features may
            have any name, so theirs are f0, f1, ….
    """

    members: Mapping[str, Node]
    optional: frozenset[str] = frozenset()
    open: bool = False
    own_names: bool = False

    @property
    def fields(self) -> list[str]:
        """The names of the struct's fields, in the order of the members."""
        return list(self.members) if self.own_names else [f"f{index}" for index in range(len(self.members))]

    @property
    def type(self) -> Any:
        """The type for msgspec: a struct."""
        named = zip(self.fields, self.members.items(), strict=True)
        fields = [
            (field, node.type | msgspec.UnsetType, msgspec.UNSET) if name in self.optional else (field, node.type)
            for field, (name, node) in named
        ]
        names = dict(zip(self.fields, self.members, strict=True))
        closed = not self.open
        return msgspec.defstruct("Members", fields, rename=names, forbid_unknown_fields=closed, kw_only=True, gc=False)

    @property
    def expectation(self) -> str:
        """What is expected, in words."""
        return "an object" if self.open else f"an object with {self._names()}"

    def _names(self) -> str:
        names = ", ".join(map(quoted, list(self.members)[:MAX_NAMES]))
        return names + (", …" if len(self.members) > MAX_NAMES else "")

    def schema(self) -> dict[str, Any]:
        """The JSON Schema."""
        properties = {name: node.schema() for name, node in self.members.items()}
        closed = {} if self.open else {"additionalProperties": False}
        required = [name for name in self.members if name not in self.optional]
        return {"type": "object", "properties": properties, "required": required, **closed}

    def example(self) -> Any:
        """A value."""
        return {name: node.example() for name, node in self.members.items() if name not in self.optional}

    def faults(self, value: Any, pointer: str) -> Iterator[Place]:
        """Where a decoded value is not what the type takes."""
        if not isinstance(value, dict):
            yield Place(pointer, f"expected {self.expectation}, got {describe(value)}")
            return
        for name in self.members:
            if name not in value and name not in self.optional:
                yield Place(pointer, f"the member {quoted(name)} is missing")
        for name, item in value.items():
            if name in self.members:
                yield from self.members[name].faults(item, f"{pointer}/{escape(name)}")
            elif not self.open:
                place = f"{pointer}/{escape(name[:MAX_TEXT_CHARS])}"
                yield Place(place, f"unknown member; expected only {self._names()}")


def escape(name: str) -> str:
    """A member's name in a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")
