"""What stands around the values: nodes, each with a type, a schema, an example, and faults; arrays first of all."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Protocol

from msgspec import Meta

from gateway.contract.leaves import Leaf
from gateway.errors import Place
from gateway.wording import describe


class Node(Protocol):
    """A part of a request's form."""

    @property
    def type(self) -> Any:
        """The type for msgspec."""

    @property
    def expectation(self) -> str:
        """What is expected, in words."""

    def schema(self) -> dict[str, Any]:
        """The JSON Schema."""

    def example(self) -> Any:
        """A value."""

    def faults(self, value: Any, pointer: str) -> Iterator[Place]:
        """Where a decoded value is not what the type takes.

        Args:
            value: What msgspec decodes without a type.
            pointer: Where it stands in the request.

        Yields:
            The places, in the order of the request.
        """


@dataclass(frozen=True)
class Array:
    """An array of equal parts.

    Attributes:
        item: What stands in it.
        size: How many there are; None for one or more.
        most: How many there may be, where `size` is None.
        least: How many there must be, where `size` is None.
        noun: What the parts are called.
    """

    item: Node
    size: int | None = None
    most: int | None = None
    least: int = 1
    noun: str = "value"

    @property
    def type(self) -> Any:
        """The type for msgspec."""
        item: Any = self.item.type
        if self.size is None:
            return Annotated[list[item], Meta(min_length=self.least, max_length=self.most)]
        return Annotated[list[item], Meta(min_length=self.size, max_length=self.size)]

    @property
    def expectation(self) -> str:
        """What is expected, in words."""
        return f"an array of {self.noun}s" if self.size is None else f"an array of {self._count(self.size)}"

    def schema(self) -> dict[str, Any]:
        """The JSON Schema."""
        bounds = {"minItems": self.least if self.size is None else self.size}
        most = self.most if self.size is None else self.size
        if most is not None:
            bounds["maxItems"] = most
        return {"type": "array", "items": self.item.schema(), **bounds}

    def example(self) -> Any:
        """A value."""
        return [self.item.example() for _ in range(1 if self.size is None else self.size)]

    def faults(self, value: Any, pointer: str) -> Iterator[Place]:
        """Where a decoded value is not what the type takes."""
        if not isinstance(value, list):
            yield Place(pointer, f"expected {self.expectation}, got {describe(value)}")
            return
        if self.size is None and len(value) < self.least:
            yield Place(pointer, f"expected at least one {self.noun}, got an empty array")
        elif self.size is None and self.most is not None and len(value) > self.most:
            yield Place(pointer, f"expected at most {self._count(self.most)}, got {len(value)}")
            return  # what stands in them is looked at when there are fewer
        elif self.size is not None and len(value) != self.size:
            yield Place(pointer, f"expected {self.expectation}, got {self._count(len(value))}")
        for index, item in enumerate(value):
            yield from self.item.faults(item, f"{pointer}/{index}")

    def _count(self, count: int) -> str:
        return f"{count} {self.noun}{'' if count == 1 else 's'}"


@dataclass(frozen=True)
class OneValue:
    """A feature of shape (1,): a plain value, or an array of one."""

    leaf: Leaf

    @property
    def _array(self) -> Array:
        return Array(self.leaf, 1)

    @property
    def type(self) -> Any:
        """The type for msgspec."""
        return self.leaf.type | self._array.type

    @property
    def expectation(self) -> str:
        """What is expected, in words."""
        return self.leaf.expectation

    def schema(self) -> dict[str, Any]:
        """The JSON Schema."""
        return {"anyOf": [self.leaf.schema(), self._array.schema()]}

    def example(self) -> Any:
        """A value."""
        return self.leaf.example()

    def faults(self, value: Any, pointer: str) -> Iterator[Place]:
        """Where a decoded value is not what the type takes."""
        return (self._array if isinstance(value, list) else self.leaf).faults(value, pointer)
