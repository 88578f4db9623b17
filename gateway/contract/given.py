"""Nodes that no model knows of: a protocol's own values, and what only documents another node."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from gateway.contract.nodes import Node
from gateway.errors import Place
from gateway.wording import describe


@dataclass(frozen=True)
class Noted:
    """Another node, with more in its JSON Schema for people to read.

    Attributes:
        node: The other node.
        notes: Members of the schema.
    """

    node: Node
    notes: Mapping[str, Any]

    @property
    def type(self) -> Any:
        """The type for msgspec."""
        return self.node.type

    @property
    def expectation(self) -> str:
        """What is expected, in words."""
        return self.node.expectation

    def schema(self) -> dict[str, Any]:
        """The JSON Schema."""
        return self.node.schema() | dict(self.notes)

    def example(self) -> Any:
        """A value."""
        return self.node.example()

    def faults(self, value: Any, pointer: str) -> Iterator[Place]:
        """Where a decoded value is not what the type takes."""
        return self.node.faults(value, pointer)


@dataclass(frozen=True)
class Nullable:
    """Another node, or null: what is written for a member that is not stated, by those who write all members.

    Attributes:
        node: The other node.
    """

    node: Node

    @property
    def type(self) -> Any:
        """The type for msgspec."""
        return self.node.type | None

    @property
    def expectation(self) -> str:
        """What is expected, in words."""
        return self.node.expectation

    def schema(self) -> dict[str, Any]:
        """The JSON Schema."""
        return {"anyOf": [self.node.schema(), {"type": "null"}]}

    def example(self) -> Any:
        """A value."""
        return None

    def faults(self, value: Any, pointer: str) -> Iterator[Place]:
        """Where a decoded value is not what the type takes."""
        return iter(()) if value is None else self.node.faults(value, pointer)


@dataclass(frozen=True)
class Text:
    """A string of a protocol's own, such as a name."""

    type: Any = str
    expectation: str = "a string"

    def schema(self) -> dict[str, Any]:
        """The JSON Schema."""
        return {"type": "string"}

    def example(self) -> Any:
        """A value."""
        return "text"

    def faults(self, value: Any, pointer: str) -> Iterator[Place]:
        """Where a decoded value is not what the type takes."""
        if not isinstance(value, str):
            yield Place(pointer, f"expected {self.expectation}, got {describe(value)}")


@dataclass(frozen=True)
class Undecoded:
    """A value that is decoded later, when it is known what it must be."""

    type: Any = msgspec.Raw
    expectation: str = "a value"

    def schema(self) -> dict[str, Any]:
        """The JSON Schema: anything."""
        return {}

    def example(self) -> Any:
        """A value."""
        return None

    def faults(self, _value: Any, _pointer: str) -> Iterator[Place]:
        """Where a decoded value is not what the type takes: nowhere."""
        return iter(())


TEXT = Text()
