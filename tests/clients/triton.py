"""Speaks the Open Inference Protocol with Triton's HTTP client, for tests.

python -m tests.clients.triton HOST:PORT
    calls are on standard input, as calls.py has them: any method of tritonclient.http.InferenceServerClient
"""

import sys
from typing import Any

import tritonclient.http as triton  # type: ignore[import-not-found]  # is in the clients' own environment
from tritonclient.utils import (  # type: ignore[import-not-found]  # as above
    InferenceServerException,
    triton_to_np_dtype,
)

from tests.clients.calls import from_array, serve, to_array


def main() -> None:
    """Perform the calls on standard input."""
    client = triton.InferenceServerClient(sys.argv[1], network_timeout=30.0)
    serve(lambda method, arguments: perform(client, method, arguments), status_of)


def perform(client: Any, method: str, arguments: dict[str, Any]) -> Any:
    """Call a method of the client.

    Args:
        client: Triton's.
        method: Its name.
        arguments: Its own; `inputs` as tensors, each with a `name`, and `binary` to say how its values travel;
            `outputs` as a list of InferRequestedOutput's arguments.

    Returns:
        What it returned; for an inference the answer's `document`, and its `outputs` as arrays.
    """
    if "inputs" in arguments:
        arguments["inputs"] = [to_input(**described) for described in arguments["inputs"]]
    if "outputs" in arguments:
        arguments["outputs"] = [triton.InferRequestedOutput(**described) for described in arguments["outputs"]]
    result = getattr(client, method)(**arguments)
    if not isinstance(result, triton.InferResult):
        return result
    document = result.get_response()
    names = [output["name"] for output in document["outputs"]]
    return {"document": document, "outputs": {name: from_array(result.as_numpy(name)) for name in names}}


def to_input(*, name: str, datatype: str, values: Any, binary: bool = True) -> Any:
    """Make an input of its description; the client finds the shape of the values right or refuses them."""
    array = to_array(triton_to_np_dtype(datatype), values)
    made = triton.InferInput(name, list(array.shape), datatype)
    made.set_data_from_numpy(array, binary_data=binary)
    return made


def status_of(error: Exception) -> int | None:
    """The HTTP status that the client tells of; none where it found the mistake by itself."""
    status = error.status() if isinstance(error, InferenceServerException) else None
    return int(status) if status else None


if __name__ == "__main__":
    main()
