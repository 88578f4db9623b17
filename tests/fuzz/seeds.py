"""Valid requests of every route: what the mutations begin with."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gateway.dtypes import DTYPES
from gateway.oip import LENGTH_HEADER, binary
from gateway.tensors import pack
from tests.fuzz.request import Request
from tests.fuzz.served import MODELS, ROWS

UNBATCHED = {"scalar", "matrix"}
GETS = [
    "/",
    "/livez",
    "/readyz",
    "/openapi.json",
    "/docs",
    "/redoc",
    "/docs/assets/redoc.js",
    "/static/page.js",
    "/v1/models",
    "/v2",
    "/v2/health/live",
    "/v2/health/ready",
    *("/v1/models/{}" + end for end in ("", "/metadata", "/versions/7", "/versions/7/metadata", "/labels/stable")),
    *("/v2/models/{}" + end for end in ("", "/ready", "/versions/7", "/versions/7/ready")),
]


def seeds() -> list[Request]:
    """All of them; those of the model that the gateway cannot speak for are answered with 501."""
    return [seed for model, row in ROWS.items() for seed in _of(model, row)]


def _of(model: str, row: Mapping[str, Any]) -> Iterator[Request]:
    plain = next(iter(row.values())) if len(row) == 1 else row
    columns = row if model in UNBATCHED else {name: [value, value] for name, value in row.items()}
    column = next(iter(columns.values())) if len(row) == 1 else columns
    one = [row, plain] if model not in UNBATCHED else [columns, column]
    many = [[row, row], [plain, plain]] if model not in UNBATCHED else []
    for data in one + many:
        yield Request("POST /predict", model, "/predict", body=_json({"data": data}))
    v1 = f"/v1/models/{model}"
    for instances in many:
        yield Request("POST /v1 predict", model, f"{v1}:predict", body=_json({"instances": instances}))
    for inputs in (columns, column):
        body = _json({"signature_name": "serving_default", "inputs": inputs})
        for version in ("", "/versions/7", "/labels/stable"):
            yield Request("POST /v1 predict", model, f"{v1}{version}:predict", body=body)
    if model != "complex":
        yield from _infer(model, columns)
    for path in GETS:
        yield Request("GET", model, path.format(model), method="GET")


def _infer(model: str, columns: Mapping[str, Any]) -> Iterator[Request]:
    path = f"/v2/models/{model}/infer"
    flat, nested, headed, content = [], [], [], b""
    for name, column in columns.items():
        dtype, values = DTYPES[MODELS[model].inputs[name].dtype], list(_flat(column))
        sizes = [dim.size for dim in MODELS[model].inputs[name].tensor_shape.dim]
        shape = [_length(column, axis) if size < 0 else size for axis, size in enumerate(sizes)]
        head = {"name": name, "shape": shape, "datatype": dtype.datatype}
        part = _bytes(dtype.number, shape, values)
        flat.append(head | {"data": values})
        nested.append(head | {"data": column if shape else [column]})
        headed.append(head | {"parameters": {"binary_data_size": len(part)}})
        content += part
    outputs = [{"name": f"{name}_out", "parameters": {"binary_data": True}} for name in columns]
    yield Request("POST /v2 infer", model, path, body=_json({"id": "1", "inputs": flat}))
    yield Request("POST /v2 infer", model, path, body=_json({"inputs": nested, "outputs": outputs}))
    text = _json({"inputs": headed, "parameters": {"binary_data_output": True}})
    length = {LENGTH_HEADER: str(len(text))}
    yield Request("POST /v2 binary", model, path, headers=length, body=text + content.decode("latin-1"))


def _flat(value: Any) -> Iterator[Any]:
    if not isinstance(value, list):
        yield value
        return
    for item in value:
        yield from _flat(item)


def _length(value: Any, axis: int) -> int:
    return len(value) if axis == 0 else _length(value[0], axis - 1)


def _bytes(dtype: int, shape: Sequence[int], values: list[Any]) -> bytes:
    if DTYPES[dtype].kind == "string":
        values = [value.encode() for value in values]
    return binary.write(pack(DTYPES[dtype], shape, values))


def _json(document: Any) -> str:
    """JSON whose characters are its UTF-8 bytes."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode().decode("latin-1")
