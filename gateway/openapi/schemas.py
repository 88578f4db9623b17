"""JSON Schemas of requests and answers."""

from collections.abc import Sequence
from typing import Any

from gateway.contract import Contract
from gateway.contract.features import Feature
from gateway.contract.outputs import Output
from gateway.envelopes import PREDICT, V1
from gateway.oip.request import OUTPUT, PARAMETERS, REQUEST, TENSOR

Schema = dict[str, Any]

NEVER: Schema = {"not": {}}
PLACE: Schema = {
    "type": "object",
    "properties": {
        "pointer": {"type": "string", "description": "A JSON pointer (RFC 6901) into the request."},
        "detail": {"type": "string"},
    },
    "required": ["pointer", "detail"],
}
PROBLEM: Schema = {
    "type": "object",
    "description": "A problem document (RFC 9457).",
    "properties": {
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "request_id": {"type": "string", "description": "Stands in the gateway's log, too."},
        "errors": {"type": "array", "items": PLACE, "maxItems": 20},
    },
    "required": ["title", "status", "detail", "request_id"],
}
ERROR: Schema = {"type": "object", "properties": {"error": {"type": "string"}}, "required": ["error"]}


def _filled(envelope: Schema, **members: Schema) -> Schema:
    """A protocol's envelope, with what the contract puts in it."""
    return envelope | {"properties": envelope["properties"] | members}


def predict_request(contract: Contract) -> Schema:
    """The body of POST /predict."""
    return _filled(PREDICT.schema(), data=contract.data.schema())


def predict_answer(contract: Contract, model: str) -> Schema:
    """What POST /predict answers."""
    one = _row(contract.outputs, contract) if contract.batched else _tensors(contract.outputs)
    prediction = {"anyOf": [{"type": "array", "items": one}, one]} if contract.batched else one
    members = {
        "prediction": prediction,
        "model": {"type": "string", "const": model},
        "version": {"type": "integer", "description": "The version that made the prediction."},
        "label": {"type": "string", "description": "`canary`, if that is what answered."},
        "warnings": {
            "type": "array",
            "items": PLACE,
            "maxItems": 20,
            "description": "What to know of the prediction: values outside the range seen in training, for example.",
        },
    }
    return {"type": "object", "properties": members, "required": ["prediction", "model", "version"]}


def _row(outputs: Sequence[Output], contract: Contract) -> Schema:
    rows = {output.name: output.row_schema(plain=contract.batched) for output in outputs}
    return next(iter(rows.values())) if len(rows) == 1 else _object(rows)


def _tensors(outputs: Sequence[Output]) -> Schema:
    tensors = {output.name: output.schema() for output in outputs}
    return next(iter(tensors.values())) if len(tensors) == 1 else _object(tensors)


def _object(members: Schema) -> Schema:
    return {"type": "object", "properties": members, "required": list(members)}


def v1_request(contract: Contract, signatures: Sequence[str]) -> Schema:
    """The body of a predict request as TensorFlow Serving's REST API has it.

    Args:
        contract: Of the signature.
        signatures: The names under which it is asked for.
    """
    schema = _filled(
        V1.schema(),
        instances=contract.instances.schema() if contract.instances else NEVER,
        inputs=contract.inputs.schema(),
        signature_name={"type": "string", "enum": ["", *signatures]},
    )
    return schema | {"oneOf": [{"required": ["instances"]}, {"required": ["inputs"]}]}


def v1_answer(contract: Contract) -> Schema:
    """What such a request is answered with."""
    outputs = {"outputs": _tensors(contract.outputs)}
    if not contract.batched:
        return _object(outputs)
    one = {output.name: output.row_schema(plain=False) for output in contract.outputs}
    predictions = {"type": "array", "items": next(iter(one.values())) if len(one) == 1 else _object(one)}
    return {"anyOf": [_object({"predictions": predictions}), _object(outputs)]}


def v2_request(contract: Contract) -> Schema:
    """The body of an inference request as the Open Inference Protocol has it, all of it in JSON."""
    count = len(contract.features)
    inputs = {
        "type": "array",
        "items": {"anyOf": [_v2_input(feature, contract) for feature in contract.features]},
        "minItems": count,
        "maxItems": count,
        "allOf": [{"contains": _named(feature.name)} for feature in contract.features],
    }
    names = {"type": "string", "enum": [output.name for output in contract.outputs]}
    output = _filled(OUTPUT.schema(), name=names, parameters=_parameters(classification=NEVER))
    outputs = {
        "type": ["array", "null"],
        "items": output,
        "allOf": [{"contains": _named(output.name), "minContains": 0, "maxContains": 1} for output in contract.outputs],
    }
    return _filled(REQUEST.schema(), inputs=inputs, outputs=outputs)


def _named(name: str) -> Schema:
    return {"properties": {"name": {"const": name}}}


def _parameters(**members: Schema) -> Schema:
    return {"anyOf": [_filled(PARAMETERS.schema(), **members), {"type": "null"}]}


def _v2_input(feature: Feature, contract: Contract) -> Schema:
    sizes: list[Schema] = [
        {"type": "integer", "minimum": 1} if size is None else {"const": size} for size in feature.shape
    ]
    if contract.batched:
        sizes[0]["maximum"] = contract.max_rows
    schema = _filled(
        TENSOR.schema(),
        name={"const": feature.name},
        datatype={"const": feature.leaf.dtype.datatype},
        shape={"type": "array", "prefixItems": sizes, "minItems": len(sizes), "maxItems": len(sizes)},
        parameters=_parameters(binary_data_size=NEVER, shared_memory_region=NEVER),
        data=feature.values.schema(),
    )
    return schema | {"required": ["name", "shape", "datatype", "data"]} | feature.notes()


def v2_answer(contract: Contract) -> Schema:
    """What such a request is answered with."""
    tensors = [
        {
            "type": "object",
            "properties": {
                "name": {"const": output.name},
                "datatype": {"const": output.dtype.datatype},
                "shape": {"type": "array", "items": {"type": "integer"}},
                "data": {"type": "array", "items": output.leaf_schema()},
                "parameters": PARAMETERS.schema(),
            },
            "required": ["name", "datatype", "shape"],
        }
        for output in contract.outputs
    ]
    text = {"type": "string"}
    members = {"model_name": text, "model_version": text, "outputs": {"type": "array", "items": {"anyOf": tensors}}}
    return {"type": "object", "properties": members | {"id": text}, "required": list(members)}
