"""What every reply of the gateway has to be while its model server is well."""

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from gateway.oip import LENGTH_HEADER
from tests.fuzz.models import VERSION
from tests.fuzz.request import Request

ORDINARY = {200, 400, 404, 405, 413, 415, 422}
OF_FILES = {206, 304, 416}
NOT_SERVED = {501, 503}  # of the one model that the gateway cannot speak for
BODILESS_METHODS = ("HEAD", "OPTIONS")
# No reply to a body is larger: two bytes of a number may make 23 characters, but not two bytes a whole tensor.
MOST_BYTES, MOST_TIMES = 10_000, 16


def hold(request: Request, status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Hold a reply against the rules.

    Args:
        request: What it replies to.
        status: Its status.
        headers: Its headers.
        body: Its body.

    Raises:
        AssertionError: It breaks one.
        Exception: It cannot even be read.
    """
    assert status in _allowed(request), f"status {status}: {body[:1000]!r}"
    assert headers.get("X-Request-ID"), "no X-Request-ID"
    if request.method in BODILESS_METHODS or status == 304:
        return
    assert body, f"status {status} without a body"
    assert int(headers["Content-Length"]) == len(body), f"Content-Length: {headers['Content-Length']}"
    most = MOST_BYTES + MOST_TIMES * len(request.body)
    assert request.method == "GET" or len(body) <= most, f"{len(body)} bytes are too many"
    media_type = headers["Content-Type"]
    if status >= 400:
        _hold_refusal(request, status, media_type, body)
    elif media_type == "application/json":
        _hold_answer(request, msgspec.json.decode(body))
    elif media_type == "application/octet-stream":
        _hold_binary(body, int(headers[LENGTH_HEADER]))
    else:
        assert request.method == "GET", f"{media_type} for {request.method}"


def _allowed(request: Request) -> set[int]:
    allowed = set(ORDINARY)
    if "complex" in (request.model, *request.path.replace(":", "/").replace("?", "/").split("/")):
        allowed |= NOT_SERVED
    if request.path.startswith(("/docs/", "/static/")):
        allowed |= OF_FILES
    return allowed


def _hold_refusal(request: Request, status: int, media_type: str, body: bytes) -> None:
    document = msgspec.json.decode(body)
    assert b"more than once" not in body or _has_member_twice(request), "no member is stated more than once"
    path = request.path.partition("?")[0].lstrip("/")
    if f"{path}/".startswith(("v1/", "v2/")):
        assert media_type == "application/json", media_type
        assert list(document) == ["error"], document
        text = document["error"]
        assert "does not fit" not in text or ": " in text, f"no place: {text}"
        return
    assert media_type == "application/problem+json", media_type
    assert document["status"] == status, document
    assert all(document[member] for member in ("title", "detail", "request_id")), document
    places = document.get("errors", [])
    assert status != 422 or places, f"no place: {document}"
    assert all(place["detail"] and place["pointer"][:1] in ("", "/") for place in places), document


def _has_member_twice(request: Request) -> bool:
    found = False

    def members(pairs: list[tuple[str, Any]]) -> None:
        nonlocal found
        found = found or len(dict(pairs)) < len(pairs)

    length = int(request.headers.get(LENGTH_HEADER, len(request.body)))
    json.loads(request.body[:length].encode("latin-1"), object_pairs_hook=members)
    return found


def _hold_answer(request: Request, document: dict[str, Any]) -> None:
    if request.method == "POST" and request.path == "/predict":
        assert document.keys() - {"warnings"} == {"prediction", "model", "version"}, document
        assert document["version"] == VERSION, document
    elif request.method == "POST" and "outputs" in document and request.path.startswith("/v2"):
        _hold_outputs(document["outputs"])


def _hold_binary(body: bytes, length: int) -> None:
    tensors = msgspec.json.decode(body[:length])["outputs"]
    _hold_outputs(tensors)
    sizes = [tensor["parameters"]["binary_data_size"] for tensor in tensors if "data" not in tensor]
    assert length + sum(sizes) == len(body), f"{length} + {sizes} are not {len(body)} bytes"


def _hold_outputs(tensors: list[dict[str, Any]]) -> None:
    """Each at most once: a few bytes of a request would else ask for a lot."""
    names = [tensor["name"] for tensor in tensors]
    assert len(set(names)) == len(names), f"outputs {names}"
