"""The operations of the document: paths, their requests and their answers."""

from typing import Any

from gateway.openapi import headers
from gateway.openapi.schemas import Schema

JSON = "application/json"
BINARY = "application/octet-stream"
PROBLEM_JSON = "application/problem+json"
PREDICT, V1, V2, HEALTH = "Predict", "TensorFlow Serving REST v1", "Open Inference Protocol v2", "Health"
TAGS = [
    {"name": PREDICT, "description": "The default model, in the shortest form."},
    {"name": V1, "description": "As TensorFlow Serving's own REST API, Vertex AI and KServe v1 have it."},
    {"name": V2, "description": "As KServe and Triton Inference Server have it."},
    {"name": HEALTH, "description": "For whoever starts, stops and watches the gateway."},
]

REFUSALS = {
    "400": "The body is no JSON, a header is wrong, or the model refused the values.",
    "404": "There is no such model or version.",
    "405": "This path does not take this method.",
    "413": "The body is too large.",
    "415": "The body says that it is something other than JSON.",
    "422": "The request is JSON, but not what the model takes; `errors` points at the places.",
    "429": "The model server is busy.",
    "501": "The model has something that this gateway cannot speak for.",
    "502": "The model server answered with an error.",
    "503": "The model server cannot be reached now, no version of the model may be served, or there is no room.",
    "504": "There was no answer in time.",
}
READING = ("404", "405", "429", "501", "502", "503", "504")  # what can go wrong without a body


def refusals(*statuses: str, foreign: bool) -> dict[str, Any]:
    """The answers of a route that are errors.

    Args:
        statuses: Which; all of them if none is named.
        foreign: Whether the route's protocol has errors of its own.
    """
    chosen = statuses or tuple(status for status in REFUSALS if not (foreign and status == "422"))
    return {status: refusal(REFUSALS[status], foreign=foreign) for status in chosen}


def refusal(description: str, *, foreign: bool) -> Schema:
    """An answer that is an error.

    Args:
        description: When it is given.
        foreign: Whether the route's protocol has errors of its own.
    """
    media, name = (JSON, "Error") if foreign else (PROBLEM_JSON, "Problem")
    return {"description": description, "content": {media: {"schema": _reference(name)}}}


def post(
    operation: str,
    tag: str,
    summary: str,
    *,
    request: str,
    example: Any,
    answer: str,
    answer_example: Any = None,
    description: str = "",
    beyond: str = "",
    binary: bool = False,
    canary: bool = False,
) -> Schema:
    """A prediction.

    Args:
        operation: The operation's id.
        tag: Its group.
        summary: One line.
        request: The name of the body's schema.
        example: A body; None if there is none worth showing.
        answer: The name of the answer's schema.
        answer_example: The answer to the example, where it is known.
        description: More lines.
        beyond: What a request has to fulfil that JSON Schema cannot say.
        binary: Whether the answer may have bytes behind its JSON.
        canary: Whether the canary may answer, as the request's headers have it.

    Returns:
        The path item.
    """
    answered: Schema = {"schema": _reference(answer)}
    if answer_example is not None:
        answered["example"] = answer_example
    asked: Schema = {"schema": _reference(request)}
    if example is not None:
        asked["examples"] = {"example": {"value": example}}
    return {
        "post": {
            "operationId": operation,
            "tags": [tag],
            "summary": summary,
            **({"description": text} if (text := f"{description} {beyond}".strip()) else {}),
            "x-beyond-schema": bool(beyond),
            "parameters": [*(headers.CANARY if canary else []), headers.TIMEOUT],
            "requestBody": {"required": True, "content": {JSON: asked}},
            "responses": {
                "200": {
                    "description": "The predictions.",
                    "headers": headers.ANSWER,
                    "content": {JSON: answered} | ({BINARY: {}} if binary else {}),
                },
                **refusals(foreign=tag != PREDICT),
            },
        }
    }


def get(operation: str, tag: str, summary: str, answer: Schema, *parameters: Schema, errors: tuple[str, ...]) -> Schema:
    """Something to read.

    Args:
        operation: The operation's id.
        tag: Its group.
        summary: One line.
        answer: The answer's schema.
        parameters: The path's.
        errors: The statuses of errors.

    Returns:
        The path item.
    """
    item: Schema = {
        "operationId": operation,
        "tags": [tag],
        "summary": summary,
        "responses": {
            "200": {"description": "What was asked for.", "content": {JSON: {"schema": answer}}},
            **refusals(*errors, foreign=tag != HEALTH),
        },
    }
    return {"get": item | ({"parameters": list(parameters)} if parameters else {})}


def _reference(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}
