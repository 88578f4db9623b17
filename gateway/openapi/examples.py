"""Real examples of requests and answers: the golden ones of the model card, else made up from the form."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from gateway.contract import Batch, Contract

MAX_VALUES = 1000  # in an example that is made up
Columns = Mapping[str, list[Any]]


def _golden_input(contract: Contract) -> list[Any] | None:
    """The first golden input as an array of one instance; None where there is none that fits."""
    golden = contract.card.golden
    if golden is None or not contract.batched or not _are_rows(golden.inputs, [f.name for f in contract.features]):
        return None
    return _row({f.name: (golden.inputs[f.name][:1], f.shape) for f in contract.features})


def _golden_output(contract: Contract) -> list[Any] | None:
    """The golden output that belongs to it."""
    golden = contract.card.golden
    if golden is None or not _are_rows(golden.outputs, [o.name for o in contract.outputs]):
        return None
    return _row({o.name: (golden.outputs[o.name][:1], o.shape or ()) for o in contract.outputs})


def _are_rows(columns: Columns, names: Sequence[str]) -> bool:
    lengths = set(map(len, columns.values()))
    return set(columns) == set(names) and len(lengths) == 1 and lengths != {0}


def _row(columns: Mapping[str, tuple[list[Any], tuple[int | None, ...]]]) -> list[Any]:
    """The values and shapes of columns of one row, in an array: the only value itself, else an object."""
    plain = {
        name: value[0] if shape[1:] == (1,) and isinstance(value, list) else value
        for name, ((value, *_), shape) in columns.items()
    }
    return [next(iter(plain.values())) if len(plain) == 1 else plain]


def data(contract: Contract) -> Any:
    """What stands in `{"data": ...}`: the first golden instance in an array, else a value of the form.

    Returns:
        The example; None where it would be too large to be of use, as an image's is.
    """
    sizes = [math.prod(size or 1 for size in feature.shape) for feature in contract.features]
    return _golden_input(contract) or (contract.data.example() if sum(sizes) <= MAX_VALUES else None)


def predict_answer(contract: Contract, model: str, version: int) -> dict[str, Any] | None:
    """The answer to it, where it is known."""
    known = _golden_output(contract) if _golden_input(contract) else None
    if known is None:
        return None
    warnings = contract.warnings(_parsed(contract), ())
    answer = {"prediction": known, "model": model, "version": version}
    return answer | ({"warnings": warnings} if warnings else {})


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
