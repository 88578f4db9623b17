"""A request's instances, checked and packed, with what the model card makes of them."""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from gateway.contract.columns import Column
from gateway.errors import Place
from gateway.tensors import Tensor, from_bytes, pack, to_bytes
from gateway.wording import number


class Batch(msgspec.Struct, frozen=True):
    """What is sent to the model server.

    Attributes:
        inputs: The model's inputs.
        rows: How many instances there are.
        root: Where in the request they stand: `/data`.
        single: Whether the request was one instance, not several.
        plain: Whether no feature was given as an array.
        columns: The values behind the inputs; none where they came as bytes.
    """

    inputs: Mapping[str, Tensor]
    rows: int
    root: str
    single: bool = False
    plain: bool = False
    columns: Sequence[Column] = ()

    def warnings(self) -> Iterator[Place]:
        """Values outside the range seen in training, feature by feature."""
        for column in self.columns:
            seen, values = column.feature.seen, column.values
            if seen is None or not values or (seen[0] <= min(values) and max(values) <= seen[1]):
                continue  # the usual case, found by two passes in C
            low, high = seen
            for index in _outside(column, low, high):
                text = f"{number(column.values[index])} lies outside {number(low)} to {number(high)}, seen in training"
                yield Place(column.pointer(index), text)


def _outside(column: Column, low: float, high: float) -> Iterator[int]:
    dtype = column.feature.leaf.dtype
    for index, given in enumerate(column.values):
        if not low <= given <= high:
            # As the model sees it: 0.2 is not below a least value of 0.2, which as float32 is 0.200000003.
            (value,) = from_bytes(dtype, to_bytes(dtype, (given,)))
            if not low <= value <= high:
                yield index


def packed(columns: Sequence[Column], root: str, *, rows: int, single: bool) -> Batch:
    """Pack columns.

    Args:
        columns: One a feature.
        root: As in Batch.
        rows: As in Batch.
        single: As in Batch.

    Returns:
        The batch.

    Raises:
        OverflowError: An integer is too large for uint64, the one bound that the type cannot have.
    """
    inputs = {}
    for column in columns:
        feature = column.feature
        inputs[feature.name] = pack(feature.leaf.dtype, column.shape, feature.leaf.wire(column.values))
    return Batch(inputs, rows, root, single, all(column.plain for column in columns), columns)
