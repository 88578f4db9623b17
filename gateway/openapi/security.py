"""What the document says where keys are asked for."""

from typing import Any

from gateway.auth import KEY_HEADER, OPEN
from gateway.openapi.operations import V1, V2, refusal
from gateway.openapi.schemas import Schema

SCHEMES: dict[str, Schema] = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "The key as it is."},
    "header": {"type": "apiKey", "in": "header", "name": KEY_HEADER, "description": "The key as it is."},
    "basic": {"type": "http", "scheme": "basic", "description": "The key as the password, with any user name."},
}
NEEDED = "The request gives no key that is known here."


def secured(document: dict[str, Any]) -> dict[str, Any]:
    """Add to a document that a key is needed, on all routes but those that tell of the gateway's health.

    Args:
        document: The document without keys; stays as it is.

    Returns:
        The document.
    """
    paths = {
        path: item if path in OPEN else {method: _secured(operation) for method, operation in item.items()}
        for path, item in document["paths"].items()
    }
    components = document["components"] | {"securitySchemes": SCHEMES}
    return document | {"paths": paths, "components": components}


def _secured(operation: Schema) -> Schema:
    foreign = operation["tags"][0] in (V1, V2)
    answers = {"401": refusal(NEEDED, foreign=foreign)} | operation["responses"]
    return operation | {"security": [{name: []} for name in SCHEMES], "responses": answers}
