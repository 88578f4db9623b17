"""An inference request: checked against the contract and packed."""

import itertools
import math
from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from gateway import tf_serving_pb2 as pb
from gateway.contract import Batch, Contract
from gateway.contract.choice import Form
from gateway.contract.decoding import decode, refusal
from gateway.contract.features import Feature
from gateway.contract.given import TEXT, Given, Undecoded
from gateway.contract.members import Members
from gateway.contract.nodes import Array, Node
from gateway.contract.tensor_info import Shape
from gateway.errors import InvalidInputError, Place
from gateway.oip import binary
from gateway.tensors import pack
from gateway.wording import quoted

SIZE = Annotated[int, Meta(ge=0, le=2**63 - 1)]
SHAPE = Given(list[SIZE], {"type": "array", "items": {"type": "integer", "minimum": 0}}, "an array of sizes")
# Those that mean something here; others are passed over.
_parameters: dict[str, Node] = {
    "binary_data_size": Given(SIZE, {"type": "integer", "minimum": 0}, "a number of bytes"),
    "binary_data": Given(bool, {"type": "boolean"}, "a boolean"),
    "binary_data_output": Given(bool, {"type": "boolean"}, "a boolean"),
    "shared_memory_region": TEXT,
}
PARAMETERS = Members(_parameters, optional=frozenset(_parameters), open=True, own_names=True)
CLASSES = Given(int, {"type": "integer"}, "an integer")


TENSOR = Members(
    {"name": TEXT, "shape": SHAPE, "datatype": TEXT, "parameters": PARAMETERS, "data": Undecoded()},
    optional=frozenset({"parameters", "data"}),
    open=True,
    own_names=True,
)
OUTPUT = Members(
    {"name": TEXT, "parameters": PARAMETERS, "classification": CLASSES},
    optional=frozenset({"parameters", "classification"}),
    open=True,
    own_names=True,
)
REQUEST = Members(
    {
        "inputs": Array(TENSOR, noun="input"),
        "id": TEXT,
        "parameters": PARAMETERS,
        "outputs": Array(OUTPUT, noun="output"),
    },
    optional=frozenset({"id", "parameters", "outputs"}),
    open=True,
    own_names=True,
)
DECODER = msgspec.json.Decoder(REQUEST.type)


def parameter(stated: Any, name: str) -> Any:
    """A parameter of a request, an input or an output; None if it is not stated."""
    value = msgspec.UNSET if stated.parameters is msgspec.UNSET else getattr(stated.parameters, name)
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
    tensors: dict[str, pb.TensorProto] = {}
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
        size = parameter(given, "binary_data_size")
        if size is None:
            yield given, None
            continue
        if size > len(content) - start:
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
    if not fits or 0 in shape:
        got = str(list(shape)) if len(shape) <= len(feature.shape) else f"{len(shape)} sizes"
        raise refuse(f"{place}/shape", f"expected {_sizes(feature.shape)}, got {got}")
    if contract.batched and shape[0] > contract.max_rows:
        raise refuse(f"{place}/shape/0", f"expected at most {contract.max_rows} instances, got {shape[0]}")


def _sizes(shape: Shape) -> str:
    sizes = ["one or more" if size is None else str(size) for size in shape]
    return f"[{', '.join(sizes)}]"


def _tensor(feature: Feature, given: Any, part: bytes | None, place: str) -> pb.TensorProto:
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


def _check_vocabulary(feature: Feature, tensor: pb.TensorProto, place: str) -> None:
    known = {text.encode() for text in feature.leaf.vocabulary}
    for index, text in enumerate(tensor.string_val if known else ()):
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
