"""Speaks KServe's protocol v1 or the Open Inference Protocol (v2) with KServe's REST client, for tests.

python -m tests.clients.kserve_rest URL PROTOCOL
    calls are on standard input, as calls.py has them: any method of kserve.InferenceRESTClient
"""

import asyncio
import sys
from typing import Any

import httpx  # type: ignore[import-not-found]  # is in the clients' own environment
from kserve import (  # type: ignore[import-not-found]  # as above
    InferenceRESTClient,
    InferInput,
    InferRequest,
    InferResponse,
    RESTConfig,
)
from kserve.protocol.infer_type import RequestedOutput  # type: ignore[import-not-found]  # as above
from kserve.utils.numpy_codec import to_np_dtype  # type: ignore[import-not-found]  # as above

from tests.clients.calls import from_array, serve, to_array


def main() -> None:
    """Perform the calls on standard input, all in one event loop: the client keeps its connections there."""
    url, protocol = sys.argv[1:]
    client = InferenceRESTClient(RESTConfig(protocol=protocol, timeout=30))
    with asyncio.Runner() as runner:
        serve(lambda method, arguments: runner.run(perform(client, url, method, arguments)), status_of)
        runner.run(client.close())


async def perform(client: Any, url: str, method: str, arguments: dict[str, Any]) -> Any:
    """Call a method of the client.

    Args:
        client: KServe's.
        url: The server's.
        method: Its name.
        arguments: Its own, without the URL; instead of an object `data`, `request` may have what one is made of.

    Returns:
        What it returned; for an object the `document`, and its `outputs` as arrays.
    """
    if "request" in arguments:
        arguments["data"] = to_request(**arguments.pop("request"))
    result = await getattr(client, method)(url, **arguments)
    if not isinstance(result, InferResponse):
        return result
    outputs = {output.name: from_array(output.as_numpy()) for output in result.outputs}
    return {"document": {"model_name": result.model_name, "id": result.id}, "outputs": outputs}


def to_request(*, inputs: list[dict[str, Any]], outputs: list[dict[str, Any]] | None = None, **others: Any) -> Any:
    """Make a request.

    Args:
        inputs: Tensors, each with a `name`, and `binary` to say how its values travel.
        outputs: RequestedOutput's arguments, if not all are wanted.
        **others: InferRequest's own.
    """
    requested = [RequestedOutput(**described) for described in outputs or ()]
    return InferRequest(infer_inputs=[to_input(**tensor) for tensor in inputs], request_outputs=requested, **others)


def to_input(*, name: str, datatype: str, values: Any, binary: bool = True) -> Any:
    """Make an input of its description."""
    array = to_array(to_np_dtype(datatype), values)
    made = InferInput(name, list(array.shape), datatype)
    made.set_data_from_numpy(array, binary_data=binary)
    return made


def status_of(error: Exception) -> int | None:
    """The HTTP status that the client tells of; none where something else went wrong."""
    return int(error.response.status_code) if isinstance(error, httpx.HTTPStatusError) else None


if __name__ == "__main__":
    main()
