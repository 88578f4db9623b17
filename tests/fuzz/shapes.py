"""Inference requests of other shapes, whose values fill them: what one change at a time does not come by."""

import json
import math
import random
from typing import Any

import msgspec

from gateway.oip import LENGTH_HEADER
from tests.fuzz.request import Request

SIZES = (0, 1, 1, 2, 2, 3, 50, 51)  # 50 is the most that the fuzzed gateway takes
STRING = "\x01\x00\x00\x00a"  # as bytes: its length, then itself


def reshaped(rng: random.Random, request: Request) -> Request:
    """Give each input of a valid inference request another shape, and as many of its values as fill it.

    Args:
        rng: What all choices come from.
        request: The request; its inputs are flat, or bytes.

    Returns:
        Another one.
    """
    length = int(request.headers.get(LENGTH_HEADER, len(request.body)))
    document = json.loads(request.body[:length].encode("latin-1"))
    rest, content, rows = request.body[length:], "", rng.choice(SIZES)
    for given in document["inputs"]:
        before = math.prod(given["shape"])
        given["shape"] = [
            rows if axis == 0 else rng.choice((size, size, *SIZES)) for axis, size in enumerate(given["shape"])
        ]
        count = math.prod(given["shape"])
        if "data" in given:
            given["data"] = _filled(given["data"], count)
            continue
        size = given["parameters"]["binary_data_size"]
        part, rest = rest[:size], rest[size:]
        part = STRING * count if given["datatype"] == "BYTES" else "".join(_filled(part, size // before * count))
        given["parameters"]["binary_data_size"] = len(part)
        content += part
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode().decode("latin-1")
    headers = {LENGTH_HEADER: str(len(text))} if LENGTH_HEADER in request.headers else {}
    return msgspec.structs.replace(request, headers=headers, body=text + content)


def _filled(values: Any, count: int) -> list[Any]:
    return (list(values) * (count // len(values) + 1))[:count]
