"""Real examples of requests and answers: the golden ones of the model card, else made up from the form."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from gateway.contract import Batch, Contract

MAX_VALUES = 1000  # in an example that is made up
Columns = Mapping[str, list[Any]]


def instances(contract: Contract, count: int) -> list[Any] | None:
    """The first golden inputs as instances; None where there are none that fit."""
    golden = contract.card.golden
    names = [feature.name for feature in contract.features]
    if golden is None or not contract.batched or not _are_rows(golden.inputs, names):
        return None
    columns = {f.name: _plain(golden.inputs[f.name][:count], f.shape) for f in contract.features}
    return columns[names[0]] if len(names) == 1 else _rows(columns)


def predictions(contract: Contract, count: int, *, plain: bool) -> list[Any] | None:
    """The golden outputs that belong to them."""
    golden = contract.card.golden
    names = [output.name for output in contract.outputs]
    if golden is None or not _are_rows(golden.outputs, names):
        return None
    columns = {o.name: golden.outputs[o.name][:count] for o in contract.outputs}
    if plain:
        columns = {o.name: _plain(columns[o.name], o.shape or ()) for o in contract.outputs}
    return columns[names[0]] if len(names) == 1 else _rows(columns)


def _are_rows(columns: Columns, names: Sequence[str]) -> bool:
    return set(columns) == set(names) and len(set(map(len, columns.values()))) == 1


def _plain(values: list[Any], shape: tuple[int | None, ...]) -> list[Any]:
    return [value[0] if isinstance(value, list) else value for value in values] if shape[1:] == (1,) else values


def _rows(columns: Columns) -> list[Any]:
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def data(contract: Contract) -> Any:
    """What stands in `{"data": ...}`: the first golden instance in an array, else a value of the form.

    Returns:
        The example; None where it would be too large to be of use, as an image's is.
    """
    sizes = [math.prod(size or 1 for size in feature.shape) for feature in contract.features]
    return instances(contract, 1) or (contract.data.example() if sum(sizes) <= MAX_VALUES else None)


def predict_answer(contract: Contract, model: str, version: int) -> dict[str, Any] | None:
    """The answer to it, where it is known."""
    known = predictions(contract, 1, plain=True) if instances(contract, 1) else None
    if known is None:
        return None
    warnings = contract.warnings(_parsed(contract), ())
    return {"prediction": known, "model": model, "version": version, **({"warnings": warnings} if warnings else {})}


def predict_request(contract: Contract) -> dict[str, Any] | None:
    """A request to `/predict`."""
    return None if (given := data(contract)) is None else {"data": given}


def v1_request(contract: Contract) -> dict[str, Any] | None:
    """The same as a request of TensorFlow Serving's REST API."""
    return None if (given := data(contract)) is None else {"instances" if contract.instances else "inputs": given}


def v2_request(contract: Contract) -> dict[str, Any] | None:
    """The same as a request of the Open Inference Protocol."""
    if data(contract) is None:
        return None
    return {
        "inputs": [
            {
                "name": column.feature.name,
                "shape": column.shape,
                "datatype": column.feature.leaf.dtype.datatype,
                "data": column.values,
            }
            for column in _parsed(contract).columns
        ]
    }


def _parsed(contract: Contract) -> Batch:
    return contract.parse(contract.data, msgspec.json.encode(data(contract)), "/data")
