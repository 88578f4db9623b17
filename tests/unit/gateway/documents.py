"""Strategies: contracts of random signatures, and JSON that fits a schema, nearly fits it, or is anything."""

import base64
import json
import math
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from gateway import tf_serving_pb2 as pb
from gateway.card import Card, FeatureCard
from gateway.contract import Contract
from gateway.dtypes import DTYPES
from tests.unit.gateway.contracts import contract
from tests.unit.gateway.fake_server import FLOAT_COLUMN, info

# Names that could be taken for something else: for base64, for a field of the decoder's, for parts of a JSON pointer.
NAMES = (
    st.sampled_from(["x", "b64"])
    | st.sampled_from(["", "f0", "f1", "0", "a/b", "~1", "é", "n" * 120])
    | st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters='"\\'), max_size=3)
)
SIZES = st.sampled_from([1, 2, 3, -1])
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=3),
    lambda parts: st.lists(parts, max_size=3) | st.dictionaries(NAMES, parts, max_size=3),
    max_leaves=6,
).map(json.dumps)
ODD_NUMBERS = ["0.5", "-1", "2.0", "2e0", "20e-1", "1e400", "-1e400", "9" * 30, "9" * 400, "-" + "9" * 400]
ODD_STRINGS = ['"0"', '"true"', '""', '"\\n"', '{"b64": ""}', '{"b64": "aGk"}', '{"b64": "aGk=\\n"}', '{"b64": 1}']
ODD = [*ODD_NUMBERS, *ODD_STRINGS, '{"b64": "aGk=", "x": 1}', '{"\\u006264": ""}', "null", "true", "[]", "[[]]", "{}"]


@st.composite
def contracts(draw: st.DrawFn) -> Contract:
    """The contract of a model with one to four inputs of any dtype and shape, with or without a batch dimension."""
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    batched = draw(st.booleans())
    inputs, cards = {}, []
    for name in names:
        dtype = draw(st.sampled_from(list(DTYPES)) | st.just(pb.DT_STRING))
        shape = [-1] * batched + draw(st.lists(SIZES, max_size=3 - batched))
        inputs[name] = info(dtype, *shape)
        if dtype == pb.DT_STRING and draw(st.booleans()):
            known = draw(st.lists(st.text(max_size=2) | st.just("b64"), min_size=1, max_size=3, unique=True))
            cards.append(FeatureCard(name, vocabulary=tuple(known)))
    return contract(inputs, {"y": FLOAT_COLUMN if batched else info(pb.DT_FLOAT)}, Card(features=cards))


class Writer:
    """Writes a JSON text for a schema, with faults of one kind as long as some are left to make.

    Arrays of the same place in a schema get the same length: where any length goes, it still has to be one.
    """

    def __init__(self, draw: st.DrawFn, faults: int) -> None:
        self._draw = draw
        self._faults = faults
        self._kind = draw(st.sampled_from(["value", "array", "object", "part"]))
        self._lengths: dict[str, int] = {}

    def write(self, schema: dict[str, Any], place: str = "") -> str:
        """A text for the part of a schema at a place."""
        if "anyOf" in schema:
            return self.write(self._draw(st.sampled_from(schema["anyOf"])), place)
        if self._fault("part"):
            return self._draw(st.sampled_from(ODD) | ANYTHING)
        write: Callable[[dict[str, Any], str], str] = getattr(self, f"_{schema['type']}")
        return write(schema, place)

    def _fault(self, kind: str) -> bool:
        if not self._faults or kind != self._kind or self._draw(st.integers(0, 2)) < 2:
            return False
        self._faults -= 1
        return True

    def _number(self, schema: dict[str, Any], _place: str) -> str:
        low, high = schema["minimum"], schema["maximum"]
        if self._fault("value"):
            beyond = [math.nextafter(low, -math.inf), math.nextafter(high, math.inf)]
            return self._draw(
                st.sampled_from([f"{value:.17g}".replace("inf", "1e400") for value in beyond]) | st.sampled_from(ODD)
            )
        return repr(self._draw(st.sampled_from([low, high, 0, -0.0]) | st.floats(low, high) | st.integers(-9, 9)))

    def _integer(self, schema: dict[str, Any], _place: str) -> str:
        low, high = schema["minimum"], schema["maximum"]
        if self._fault("value"):
            beyond = [str(low - 1), str(high + 1), f"{low - 1}.0", f"{high + 1}e0", f"{high}.5", f"{high}.0"]
            return self._draw(st.sampled_from(beyond) | st.sampled_from(ODD))
        value = self._draw(st.sampled_from([low, high]) | st.integers(low, high))
        exact = ["{}", "{}.0", "{}e0"] if abs(value) <= 2**53 else ["{}"]
        return self._draw(st.sampled_from(exact)).format(value)

    def _boolean(self, _schema: dict[str, Any], _place: str) -> str:
        return self._draw(st.sampled_from(ODD if self._fault("value") else ["false", "true"]))

    def _string(self, schema: dict[str, Any], _place: str) -> str:
        if self._fault("value"):
            return self._draw(st.sampled_from(ODD_STRINGS) | st.sampled_from(ODD))
        if "contentEncoding" in schema:
            return json.dumps(base64.b64encode(self._draw(st.binary(max_size=4))).decode())
        value = self._draw(st.sampled_from(schema["enum"]) if "enum" in schema else st.text(max_size=3))
        return json.dumps(value, ensure_ascii=self._draw(st.booleans()))

    def _array(self, schema: dict[str, Any], place: str) -> str:
        least, most = schema["minItems"], schema.get("maxItems")
        if place not in self._lengths:
            self._lengths[place] = self._draw(st.integers(least, 3 if most is None else most))
        length = self._lengths[place]
        if self._fault("array"):
            length = self._draw(st.sampled_from([0, max(0, length - 1), length + 1, (most or length) + 1]))
        items = [self.write(schema["items"], f"{place}/items") for _ in range(length)]
        if items and self._fault("array"):
            return self._draw(st.sampled_from([items[0], f"[[{items[0]}]]", f"[{items[0]}, [{items[0]}]]"]))
        return f"[ {', '.join(items)}]"

    def _object(self, schema: dict[str, Any], place: str) -> str:
        members = {name: self.write(node, f"{place}/{name}") for name, node in schema["properties"].items()}
        if self._fault("object"):
            del members[self._draw(st.sampled_from(list(members)))]
        if self._fault("object"):
            members.setdefault(self._draw(NAMES), "0")
        texts = [f"{json.dumps(name)} :{text}" for name, text in members.items()]
        return f"{{ {','.join(self._draw(st.permutations(texts)))}}}"


@st.composite
def texts(draw: st.DrawFn, schema: dict[str, Any], faults: int = 0) -> str:
    """JSON that a schema takes, but for at most so many faults."""
    return Writer(draw, faults).write(schema)
