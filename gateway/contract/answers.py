"""From the model server's outputs to JSON: row by row as the request was, or column by column."""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import grpc
import msgspec

from gateway.contract.outputs import Output
from gateway.contract.texts import text_or_base64, to_base64
from gateway.errors import ModelServerError, Place
from gateway.tensors import Tensor, unpack


class Result(msgspec.Struct, frozen=True):
    """One output of all instances.

    Attributes:
        name: The output's name.
        values: In row-major order, as JSON has them; None where a number is not finite, which JSON cannot say.
        shape: The tensor's shape.
        lost: The indices of those that are None, with what they were.
    """

    name: str
    values: list[Any]
    shape: list[int]
    lost: Sequence[tuple[int, float]]

    def nested(self) -> Any:
        """The values in the tensor's shape."""
        return nest(self.values, self.shape) if self.shape else self.values[0]

    def warnings(self, root: str, *, single: bool) -> Iterator[Place]:
        """Where the model has no finite answer: the instances, each once."""
        size = math.prod(self.shape[1:])
        for row, group in itertools.groupby(self.lost, key=lambda lost: 0 if single else lost[0] // size):
            place = root if single else f"{root}/{row}"
            yield Place(place, f'null stands for {next(group)[1]}: "{self.name}" has no finite value here')


def read(expected: Sequence[Output], tensors: Mapping[str, Tensor], *, base64_names: bool) -> list[Result]:
    """Read the outputs.

    Args:
        expected: What the signature has.
        tensors: What came.
        base64_names: Whether strings of outputs named `…_bytes` are always in base64, as TensorFlow Serving has them.

    Returns:
        The outputs, in the order of the signature.

    Raises:
        ModelServerError: One is missing or cannot be read.
    """
    try:
        return [_result(output, tensors[output.name], base64_names=base64_names) for output in expected]
    except (KeyError, ValueError) as error:
        raise ModelServerError(grpc.StatusCode.INTERNAL, f"unreadable output: {error}") from error


def _result(output: Output, tensor: Tensor, *, base64_names: bool) -> Result:
    if tensor.dtype is not output.dtype:
        raise ValueError(f"{output.name!r} came as {tensor.dtype.name}, not {output.dtype.name}")
    values, shape = unpack(tensor)
    lost: list[tuple[int, float]] = []
    if tensor.dtype.kind == "string":
        values = list(map(to_base64 if base64_names and output.name.endswith("_bytes") else text_or_base64, values))
    elif not all(map(math.isfinite, values)):
        lost = [(index, value) for index, value in enumerate(values) if not math.isfinite(value)]
        values = [value if math.isfinite(value) else None for value in values]
    return Result(output.name, values, shape, lost)


def by_row(columns: Sequence[Result], rows: int, *, plain: bool) -> list[Any]:
    """One prediction an instance: the value itself of a single output, else an object of all.

    Args:
        columns: The outputs.
        rows: How many instances were sent.
        plain: Whether an output of shape (1,) is a plain value.

    Returns:
        The predictions.

    Raises:
        ModelServerError: An output has not one part an instance.
    """
    parts = []
    for column in columns:
        if not column.shape or column.shape[0] != rows:
            raise ModelServerError(grpc.StatusCode.INTERNAL, f"{column.shape} is no answer for {rows} instances")
        parts.append(column.values if plain and column.shape[1:] == [1] else column.nested())
    if len(columns) == 1:
        return list(parts[0])
    names = [column.name for column in columns]
    return [dict(zip(names, row, strict=True)) for row in zip(*parts, strict=True)]


def by_name(columns: Sequence[Result]) -> Any:
    """All outputs as they are: the tensor itself of a single output, else an object of all."""
    return columns[0].nested() if len(columns) == 1 else {column.name: column.nested() for column in columns}


def nest(values: Sequence[Any], shape: Sequence[int]) -> list[Any]:
    """Give flat values their shape.

    Args:
        values: In row-major order.
        shape: At least one dimension.

    Returns:
        A list, and in it tuples, one level a dimension.
    """
    nested: Sequence[Any] = values
    for axis in range(len(shape) - 1, 0, -1):
        if not shape[axis]:
            nested = [()] * math.prod(shape[:axis])
        else:  # the same iterator so many times: each takes its own from it
            nested = list(zip(*[iter(nested)] * shape[axis], strict=True))
    return list(nested)
