"""An inference request: checked against the contract and packed."""

import itertools
import math
from collections.abc import Iterator
from typing import Any

import msgspec

from gateway import tf_serving_pb2 as pb
from gateway.contract import Batch, Contract
from gateway.contract.choice import Form
from gateway.contract.decoding import decode, refusal
from gateway.contract.features import Feature
from gateway.contract.given import TEXT, Nullable, Undecoded
from gateway.contract.leaves import Leaf
from gateway.contract.members import Members
from gateway.contract.nodes import Array, Node
from gateway.contract.tensor_info import Shape
from gateway.dtypes import DTYPES
from gateway.errors import InvalidInputError, Place
from gateway.oip import binary
from gateway.tensors import Tensor, pack
from gateway.wording import quoted

# A size is an integer however it is written, as in a model's own values.
SIZE = Leaf(DTYPES[pb.DT_INT64])
FLAG = Leaf(DTYPES[pb.DT_BOOL])
# Those that mean something here; others are passed over.
_parameters: dict[str, Node] = {
    "binary_data_size": SIZE,
    "binary_data": FLAG,
    "binary_data_output": FLAG,
    "classification": SIZE,
    "shared_memory_region": TEXT,
}
PARAMETERS = Members(_parameters, optional=frozenset(_parameters), open=True, own_names=True)
TENSOR = Members(
    {
        "name": TEXT,
        "shape": Array(SIZE, least=0, noun="size"),
        "datatype": TEXT,
        "parameters": Nullable(PARAMETERS),
        "data": Undecoded(),
    },
    optional=frozenset({"parameters", "data"}),
    open=True,
    own_names=True,
)
OUTPUT = Members(
    {"name": TEXT, "parameters": Nullable(PARAMETERS)}, optional=frozenset({"parameters"}), open=True, own_names=True
)
REQUEST = Members(
    {
        "inputs": Array(TENSOR, noun="input"),
        "id": Nullable(TEXT),
        "parameters": Nullable(PARAMETERS),
        "outputs": Nullable(Array(OUTPUT, least=0, noun="output")),
    },
    optional=frozenset({"id", "parameters", "outputs"}),
    open=True,
    own_names=True,
)
DECODER = msgspec.json.Decoder(REQUEST.type)


def parameter(stated: Any, name: str) -> Any:
    """A parameter of a request, an input or an output; None if it is not stated."""
    value = getattr(stated.parameters, name) if stated.parameters else None
    return None if value is msgspec.UNSET else value


def refuse(pointer: str, detail: str) -> InvalidInputError:
    """The exception for one place."""
    return InvalidInputError(Place(pointer, detail))


def parse(contract: Contract, request: Any, content: bytes) -> Batch:
    """Check and pack a request's inputs.

    Args:
        contract: What the model takes.
        request: The decoded JSON.
        content: The bytes behind it.

    Returns:
        The batch.

    Raises:
        InvalidInputError: An input is missing, unknown, or not what the model takes.
    """
    features = {feature.name: feature for feature in contract.features}
    tensors: dict[str, Tensor] = {}
    rows = 1
    for index, (given, part) in enumerate(_with_bytes(request.inputs, content)):
        place = f"/inputs/{index}"
        if given.name in tensors or given.name not in features:
            left = ", ".join(quoted(name) for name in features if name not in tensors) or "no more inputs"
            raise refuse(f"{place}/name", f"expected {left}; got {quoted(given.name)}")
        feature = features[given.name]
        _check_form(feature, given, place, contract)
        if contract.batched and index and given.shape[0] != rows:
            raise refuse(f"{place}/shape", f"expected {rows} instances as in the first input, got {given.shape[0]}")
        rows = given.shape[0] if contract.batched else 1
        tensors[feature.name] = _tensor(feature, given, part, place)
    if missing := features.keys() - tensors.keys():
        raise refuse("/inputs", f"the input {quoted(min(missing))} is missing")
    return Batch(tensors, rows, "/inputs")


def _with_bytes(inputs: list[Any], content: bytes) -> Iterator[tuple[Any, bytes | None]]:
    """Each input with its share of the bytes, in the order of the inputs; None for one that is in the JSON."""
    start = 0
    for index, given in enumerate(inputs):
        place = f"/inputs/{index}/parameters"
        if parameter(given, "shared_memory_region") is not None:
            raise refuse(f"{place}/shared_memory_region", "shared memory is not offered here")
        given.shape = list(map(int, given.shape))
        stated = parameter(given, "binary_data_size")
        if stated is None:
            yield given, None
            continue
        size = int(stated)
        if not 0 <= size <= len(content) - start:
            raise refuse(f"{place}/binary_data_size", f"expected at most the {len(content) - start} bytes that follow")
        yield given, content[start : start + size]
        start += size
    if start != len(content):
        raise refuse("/inputs", f"{len(content) - start} bytes behind the JSON belong to no input")


def _check_form(feature: Feature, given: Any, place: str, contract: Contract) -> None:
    shape, datatype = tuple(given.shape), feature.leaf.dtype.datatype
    if given.datatype != datatype:
        raise refuse(f"{place}/datatype", f"expected {datatype}, got {quoted(given.datatype)}")
    fits = len(shape) == len(feature.shape) and all(
        want in (None, got) for want, got in zip(feature.shape, shape, strict=True)
    )
    if not fits or any(size < 1 for size in shape):
        got = str(list(shape)) if len(shape) <= len(feature.shape) else f"{len(shape)} sizes"
        raise refuse(f"{place}/shape", f"expected {_sizes(feature.shape)}, got {got}")
    if contract.batched and shape[0] > contract.max_rows:
        raise refuse(f"{place}/shape/0", f"expected at most {contract.max_rows} instances, got {shape[0]}")


def _sizes(shape: Shape) -> str:
    sizes = ["one or more" if size is None else str(size) for size in shape]
    return f"[{', '.join(sizes)}]"


def _tensor(feature: Feature, given: Any, part: bytes | None, place: str) -> Tensor:
    dtype, shape = feature.leaf.dtype, given.shape
    if part is not None:
        try:
            tensor = binary.read(dtype, shape, part)
        except ValueError as error:
            raise refuse(f"{place}/data", str(error)) from error
        _check_vocabulary(feature, tensor, f"{place}/data")
        return tensor
    if given.data is msgspec.UNSET:
        raise refuse(place, 'the member "data" is missing')
    form = feature.values.pick(given.data)
    values = _values(feature, form, given.data, shape, f"{place}/data")
    try:
        return pack(dtype, shape, feature.leaf.wire(values))
    except OverflowError as error:
        raise refusal(given.data, form.node, f"{place}/data") from error


def _check_vocabulary(feature: Feature, tensor: Tensor, place: str) -> None:
    known = {text.encode() for text in feature.leaf.vocabulary}
    for index, text in enumerate(tensor.content if known and isinstance(tensor.content, list) else ()):
        if text not in known:
            got = quoted(text.decode(errors="replace"))
            raise refuse(place, f"expected only strings of the vocabulary, got {got} at index {index}")


def _values(feature: Feature, form: Form, data: msgspec.Raw, shape: list[int], place: str) -> list[Any]:
    """Flat or nested, whichever the client prefers: the protocol has both."""
    decoded = decode(form.decoder, data, form.node, place)
    if form is feature.values.plain[1]:
        if len(decoded) != math.prod(shape):
            raise refuse(place, f"expected {math.prod(shape)} values for the shape {shape}, got {len(decoded)}")
        return list(decoded)
    items = [decoded]
    for size in shape:
        if set(map(len, items)) != {size}:
            raise refuse(place, f"expected arrays nested to the shape {shape}, or one flat array")
        items = list(itertools.chain.from_iterable(items))
    return items
