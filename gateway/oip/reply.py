"""The answer to an inference request: JSON, and behind it the tensors that were asked for as bytes."""

from collections.abc import Mapping
from typing import Any

import msgspec

from gateway.contract.answers import read
from gateway.contract.outputs import Output
from gateway.document import Document
from gateway.oip import LENGTH_HEADER, binary
from gateway.oip.request import parameter, refuse
from gateway.predictor import Prediction
from gateway.tensors import Tensor
from gateway.wording import quoted


def wanted(outputs: list[Output], request: Any) -> list[tuple[Output, bool]]:
    """What the client asks for.

    Args:
        outputs: What the model answers.
        request: The decoded JSON.

    Returns:
        The outputs, each with whether it is wanted as bytes; all of them where none is named.

    Raises:
        InvalidInputError: There is no such output, or it is wanted twice, or as classes.
    """
    as_bytes = bool(parameter(request, "binary_data_output"))
    if not request.outputs:  # not stated, null or empty
        return [(output, as_bytes) for output in outputs]
    left = {output.name: output for output in outputs}
    chosen = []
    for index, named in enumerate(request.outputs):
        if named.name not in left:  # each once: a few bytes would ask for a lot
            names = ", ".join(map(quoted, left)) or "no more outputs"
            raise refuse(f"/outputs/{index}/name", f"expected {names}; got {quoted(named.name)}")
        if parameter(named, "classification"):
            raise refuse(f"/outputs/{index}/parameters/classification", "classification is not offered here")
        binary_data = parameter(named, "binary_data")
        chosen.append((left.pop(named.name), as_bytes if binary_data is None else binary_data))
    return chosen


def reply(model: str, answer: Prediction, request: Any) -> Document:
    """Write the answer.

    Args:
        model: The model's name.
        answer: What it predicted.
        request: The decoded JSON.

    Returns:
        The reply.

    Raises:
        InvalidInputError: As for `wanted`.
        ModelServerError: An output is missing or cannot be read.
    """
    document: dict[str, Any] = {"model_name": model, "model_version": str(answer.version)}
    if isinstance(request.id, str):
        document["id"] = request.id
    chosen = wanted(answer.contract.outputs, request)
    parts = [_output(output, answer.outputs, as_bytes=as_bytes) for output, as_bytes in chosen]
    text = msgspec.json.encode(document | {"outputs": [tensor for tensor, _ in parts]})
    if all(content is None for _, content in parts):
        return Document(text)
    content = b"".join(content or b"" for _, content in parts)
    return Document(text + content, media_type="application/octet-stream", headers=[(LENGTH_HEADER, str(len(text)))])


def _output(output: Output, tensors: Mapping[str, Tensor], *, as_bytes: bool) -> tuple[dict[str, Any], bytes | None]:
    (result,) = read([output], tensors, base64_names=False)
    tensor: dict[str, Any] = {"name": output.name, "datatype": output.dtype.datatype, "shape": result.shape}
    if not as_bytes:
        return tensor | {"data": result.values}, None
    content = binary.write(tensors[output.name])
    return tensor | {"parameters": {"binary_data_size": len(content)}}, content
