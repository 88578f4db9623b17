"""The golden check: whether a served version gives the answers that the model gave where it was trained."""

from collections.abc import Mapping
from typing import Any

import grpc
import msgspec

from gateway.card import Golden
from gateway.contract import Contract
from gateway.errors import ModelServerError, NotSupportedError, RefusedError
from gateway.model_server import ModelServer
from gateway.servable import Servable
from gateway.signature import Selector, Signature
from gateway.tensors import Tensor

# These tell of the server or of the moment, not of the version.
PASSING = {
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.ABORTED,
    grpc.StatusCode.UNKNOWN,
    grpc.StatusCode.NOT_FOUND,
}

ATTEMPTS = 3


def check(server: ModelServer, servable: Servable) -> str:
    """Replay the golden examples of a version's card.

    Args:
        server: The model server.
        servable: The version.

    Returns:
        What is wrong; nothing if all is as it was, or there are no golden examples.

    Raises:
        ModelServerError: The server cannot say now.
    """
    golden = servable.card.golden
    try:
        contract = servable.contract()
    except NotSupportedError:
        return ""  # whoever asks for a prediction is told
    try:
        return _replay(server, servable, contract.signature, golden) if golden else ""
    except RefusedError as error:
        places = "; ".join(f"{place.pointer}: {place.detail}" for place in error.errors)
        return f"the golden inputs do not fit the signature: {places}"
    except ModelServerError as error:
        if error.code in PASSING:
            raise
        return f"the golden inputs cannot be answered: {error.cause}"
    except (ValueError, OverflowError) as error:  # of an integer of hundreds of digits, or a shape that cannot be
        return f"the golden examples cannot be compared: {error}"


def ask(
    server: ModelServer, model: str, version: int, signature: str, inputs: Mapping[str, Tensor]
) -> Mapping[str, Tensor]:
    """Ask one version. Of several servers behind one name some may not have it yet, so one miss is no answer.

    Args:
        server: The model server.
        model: The model's name.
        version: The version's number.
        signature: The signature's name.
        inputs: One tensor an input.

    Returns:
        The outputs.

    Raises:
        ModelServerError: The server did not answer, or answered with an error; with NOT_FOUND, ATTEMPTS times.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            return server.predict(model, Selector(version), signature, inputs).outputs
        except ModelServerError as error:
            if error.code is not grpc.StatusCode.NOT_FOUND:
                raise
    return server.predict(model, Selector(version), signature, inputs).outputs


def _replay(server: ModelServer, servable: Servable, signature: Signature, golden: Golden) -> str:
    rows = max(map(len, golden.inputs.values()), default=1)  # the limit of a client's request is none of theirs
    contract = Contract(servable.model, signature, servable.card, max_rows=rows)
    batch = contract.parse(contract.inputs, msgspec.json.encode(golden.inputs), "/golden/inputs")
    outputs = ask(server, servable.model, servable.version, signature.name, batch.inputs)
    results = {result.name: _lists(result.nested()) for result in contract.read(outputs)}
    for name, expected in golden.outputs.items():
        if name not in results:
            return f"there is no output {name!r}"
        if place := differs(expected, results[name], golden.tolerance):
            return f"output {name!r}{place}"
    return ""


def _lists(nested: Any) -> Any:
    return list(map(_lists, nested)) if isinstance(nested, list | tuple) else nested


def differs(expected: Any, got: Any, tolerance: float, place: str = "") -> str:
    """Where two nested values differ, in words; nothing if they agree.

    Args:
        expected: Nested lists of golden values.
        got: What came, nested alike.
        tolerance: Numbers a and b agree if |a - b| <= tolerance * (1 + |a|).
        place: Where they stand.

    Returns:
        The first difference, such as `[3][0]: expected 31.0, got 12.5`.
    """
    if isinstance(expected, list) and isinstance(got, list):
        if len(expected) != len(got):
            return f"{place}: expected {len(expected)} values, got {len(got)}"
        parts = (differs(a, b, tolerance, f"{place}[{i}]") for i, (a, b) in enumerate(zip(expected, got, strict=True)))
        return next(filter(None, parts), "")
    if {type(expected), type(got)} <= {int, float}:
        same = abs(expected - got) <= tolerance * (1 + abs(expected))
    else:
        same = expected == got
    return "" if same else f"{place}: expected {expected!r}, got {got!r}"
