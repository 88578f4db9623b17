"""The headers of predictions."""

from gateway.admission import SECONDS, TIMEOUT_HEADER
from gateway.logs import LABEL_HEADER, VERSION_HEADER
from gateway.openapi.schemas import Schema
from gateway.routes.answering import CANARY_HEADER, KEY_HEADER, WISHES

TIMEOUT: Schema = {
    "name": TIMEOUT_HEADER,
    "in": "header",
    "description": "How long the request may take, in seconds, where that is less than the gateway's own limit.",
    "schema": {"type": "string", "pattern": f"^{SECONDS.pattern}$"},
}
CANARY: list[Schema] = [
    {
        "name": CANARY_HEADER,
        "in": "header",
        "description": "Whether the version labelled `canary` is to answer, if it can. Without it, a share decides.",
        "schema": {"type": "string", "enum": list(WISHES)},
    },
    {
        "name": KEY_HEADER,
        "in": "header",
        "description": "Requests of one key are all in the canary's share, or none is. Without it, the first address "
        "in X-Forwarded-For is the key.",
        "schema": {"type": "string"},
    },
]
ANSWER: dict[str, Schema] = {
    VERSION_HEADER: {
        "description": "The version that made the prediction.",
        "required": True,
        "schema": {"type": "integer"},
    },
    LABEL_HEADER: {
        "description": "The label that it was chosen by: `stable`, `canary` or the request's own; absent if none.",
        "schema": {"type": "string"},
    },
}
