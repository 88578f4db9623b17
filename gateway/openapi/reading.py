"""The operations that need no contract: states, metadata, health."""

from collections.abc import Sequence

from gateway.openapi.operations import HEALTH, READING, V1, V2, get
from gateway.openapi.schemas import Schema

TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
VERSIONS: Schema = {"type": "array", "items": TEXT}


def _object(**members: Schema) -> Schema:
    return {"type": "object", "properties": members, "required": list(members)}


def _tensors() -> Schema:
    shape = {"type": "array", "items": {"type": "integer", "minimum": -1}}
    return {"type": "array", "items": _object(name=TEXT, datatype=TEXT, shape=shape)}


STATUS = _object(
    model_version_status={
        "type": "array",
        "items": _object(version=TEXT, state=TEXT, status=_object(error_code=TEXT, error_message=TEXT)),
    },
    name=TEXT,
    ready=FLAG,
)
METADATA = _object(
    model_spec=_object(name=TEXT, signature_name=TEXT, version=TEXT),
    metadata=_object(signature_def=_object(signature_def={"type": "object"})),
)
MODEL = _object(name=TEXT, versions=VERSIONS, platform=TEXT, inputs=_tensors(), outputs=_tensors())
READY = _object(status=TEXT, models={"type": "object", "additionalProperties": {"type": "array"}})


def paths(models: Sequence[str]) -> dict[str, Schema]:
    """The operations.

    Args:
        models: The configured models.

    Returns:
        Path items by path.
    """
    model: Schema = {
        "name": "model",
        "in": "path",
        "required": True,
        "schema": {"type": "string", "enum": list(models)},
    }
    number = {"type": "integer", "minimum": 0, "maximum": 2**63 - 1}
    version: Schema = {"name": "version", "in": "path", "required": True, "schema": number}
    label = {
        "name": "label",
        "in": "path",
        "required": True,
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9_]+$"},
    }
    found = {
        "/v1/models": get("v1_models", V1, "The models", _object(models=VERSIONS), errors=("405",)),
        "/v2": get(
            "v2_server", V2, "The server", _object(name=TEXT, version=TEXT, extensions=VERSIONS), errors=("405",)
        ),
        "/v2/health/live": get("v2_live", V2, "Whether the process is up", _object(live=FLAG), errors=("405",)),
        "/v2/health/ready": get("v2_ready", V2, "Whether it can answer", _object(ready=FLAG), errors=("405", "503")),
        "/livez": get("livez", HEALTH, "Whether the process is up", _object(status=TEXT), errors=("405",)),
        "/readyz": get("readyz", HEALTH, "Whether every model can answer", READY, errors=("405", "503")),
    }
    of_all = (("", "", ()), ("/versions/{version}", "_version", (version,)), ("/labels/{label}", "_label", (label,)))
    for path, name, more in of_all:
        v1 = f"/v1/models/{{model}}{path}"
        found[v1] = get(f"v1_status{name}", V1, "The state of a model", STATUS, model, *more, errors=READING)
        found[f"{v1}/metadata"] = get(
            f"v1_metadata{name}", V1, "The signatures of a model", METADATA, model, *more, errors=READING
        )
    ready = _object(name=TEXT, ready=FLAG)
    for path, name, more in of_all[:2]:
        v2 = f"/v2/models/{{model}}{path}"
        found[v2] = get(f"v2_metadata{name}", V2, "What a model takes and answers", MODEL, model, *more, errors=READING)
        found[f"{v2}/ready"] = get(
            f"v2_model_ready{name}", V2, "Whether a model can answer", ready, model, *more, errors=READING
        )
    return found
