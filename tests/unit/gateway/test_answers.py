"""From the model server's answer to JSON."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import grpc
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import tf_serving_pb2 as pb
from gateway.card import Card, FeatureCard, OutputCard
from gateway.contract import Contract
from gateway.contract.answers import by_name, by_row, nest
from gateway.dtypes import DTYPES
from gateway.errors import ModelServerError, Place
from gateway.tensors import Tensor, pack
from tests.unit.gateway.contracts import contract, of_shape, parse
from tests.unit.gateway.fake_server import FLOAT_COLUMN, info

PAIR = contract({"a": FLOAT_COLUMN, "b": FLOAT_COLUMN})


def floats(shape: Sequence[int], *values: float) -> Tensor:
    """A float32 tensor."""
    return pack(DTYPES[pb.DT_FLOAT], shape, values)


def strings(*values: bytes) -> Tensor:
    """A tensor of strings, one an instance."""
    return pack(DTYPES[pb.DT_STRING], [len(values)], values)


def answer(made: Contract, text: str, outputs: Mapping[str, Tensor]) -> Any:
    """What is answered to a request, as JSON has it."""
    return msgspec.json.decode(msgspec.json.encode(made.predictions(parse(made, text), made.read(outputs))))


@pytest.mark.parametrize(
    ("made", "text", "output", "prediction"),
    [
        (of_shape(), "10", floats([1, 1], 31), 31),
        (of_shape(), "10", floats([1], 31), 31),
        (of_shape(1), "10", floats([1, 1], 31), 31),
        (of_shape(1), "[10]", floats([1, 1], 31), [31]),
        (of_shape(1), "[10, 11]", floats([2, 1], 31, 34), [31, 34]),
        (of_shape(1), "[[10], [11]]", floats([2, 1], 31, 34), [[31], [34]]),
        (of_shape(1), "[[10], [11]]", floats([2], 31, 34), [31, 34]),
        (of_shape(2), "[1, 2]", floats([1, 1], 3), [3]),
        (of_shape(2), "[[1, 2]]", floats([1, 1], 3), [[3]]),
        (of_shape(1), "10", floats([1, 2], 1, 2), [1, 2]),
        (of_shape(1), "[10, 11]", floats([2, 2, 1], 1, 2, 3, 4), [[[1], [2]], [[3], [4]]]),
        (PAIR, '{"a": 1, "b": 2}', floats([1, 1], 3), 3),
        (PAIR, '{"a": 1, "b": [2]}', floats([1, 1], 3), [3]),
        (PAIR, '[{"a": 1, "b": 2}, {"a": 3, "b": 4}]', floats([2, 1], 3, 7), [3, 7]),
        (PAIR, '[{"a": 1, "b": 2}, {"a": [3], "b": 4}]', floats([2, 1], 3, 7), [[3], [7]]),
    ],
)
def test_mirrors_the_form_of_the_request(made: Contract, text: str, output: Tensor, prediction: Any) -> None:
    """One for one, a list for a list; an output of one number is plain if no feature came as an array."""
    assert answer(made, text, {"y": output}) == prediction


def test_names_several_outputs_in_the_order_of_the_card() -> None:
    """A model with several outputs answers an object an instance."""
    outputs = {"a": FLOAT_COLUMN, "label": info(pb.DT_STRING, -1), "n": info(pb.DT_INT64, -1, 2)}
    card = Card(features=[FeatureCard("x")], outputs=[OutputCard("label"), OutputCard("n")])
    made = contract({"x": FLOAT_COLUMN}, outputs, card)
    came = {
        "a": floats([2, 1], 0.5, 1.5),
        "label": strings(b"yes", b"no"),
        "n": pack(DTYPES[pb.DT_INT64], [2, 2], [1, 2, 3, 4]),
    }
    expected = [{"label": "yes", "n": [1, 2], "a": 0.5}, {"label": "no", "n": [3, 4], "a": 1.5}]
    got = answer(made, "[1, 2]", came)
    assert got == expected
    assert list(got[0]) == ["label", "n", "a"]
    assert answer(made, "[[1], [2]]", came)[0] == {"label": "yes", "n": [1, 2], "a": [0.5]}


def test_answers_whole_tensors_where_there_is_no_batch() -> None:
    """Without instances, each output is answered as it is; a single one alone."""
    made = contract({"x": info(pb.DT_FLOAT)}, {"y": info(pb.DT_FLOAT), "z": info(pb.DT_FLOAT, -1)})
    assert answer(made, "1", {"y": floats([], 2), "z": floats([2], 3, 4)}) == {"y": 2, "z": [3, 4]}
    assert answer(contract({"x": info(pb.DT_FLOAT)}, {"y": info(pb.DT_FLOAT)}), "1", {"y": floats([], 2)}) == 2


def test_text_is_answered_as_it_is_and_other_bytes_in_base64() -> None:
    """A string that is not UTF-8 becomes an object with its base64, as it could be sent."""
    made = contract({"x": FLOAT_COLUMN}, {"y": info(pb.DT_STRING, -1)})
    assert answer(made, "[1, 2, 3]", {"y": strings("é".encode(), b"", b"\xff\x00")}) == ["é", "", {"b64": "/wA="}]


@pytest.mark.parametrize(
    ("name", "base64_names", "value"),
    [("y_bytes", True, {"b64": "aGk="}), ("y_bytes", False, "hi"), ("y", True, "hi"), ("bytes", True, "hi")],
)
def test_outputs_named_bytes_can_be_base64_always(name: str, base64_names: bool, value: Any) -> None:  # noqa: FBT001 - a parameter of the test
    """TensorFlow Serving's clients expect base64 wherever an output's name ends so, text or not."""
    made = contract({"x": FLOAT_COLUMN}, {name: info(pb.DT_STRING, -1)})
    results = made.read({name: strings(b"hi")}, base64_names=base64_names)
    assert by_row(results, 1, plain=False) == [value]
    assert by_name(results) == [value]


@pytest.mark.parametrize(
    ("made", "text", "output", "prediction", "warnings"),
    [
        (of_shape(1), "[1, 2]", floats([2, 1], 1, math.inf), [1, None], [("/data/1", "inf")]),
        (of_shape(1), "1", floats([1, 1], -math.inf), None, [("/data", "-inf")]),
        (of_shape(1), "[[1], [2]]", floats([2, 2], 1, math.nan, 3, 4), [[1, None], [3, 4]], [("/data/0", "nan")]),
        (
            of_shape(1),
            "[1, 2, 3]",
            floats([3, 2], math.inf, math.nan, 1, 2, 3, math.nan),
            [[None, None], [1, 2], [3, None]],
            [("/data/0", "inf"), ("/data/2", "nan")],
        ),
        (
            contract({"x": FLOAT_COLUMN}, {"y": info(pb.DT_FLOAT)}),
            "[[1]]",
            floats([3], math.nan, 1, math.inf),
            [None, 1, None],
            [("/data", "nan")],
        ),
    ],
)
def test_null_stands_for_what_json_cannot_say(
    made: Contract, text: str, output: Tensor, prediction: Any, warnings: list[tuple[str, str]]
) -> None:
    """A prediction that is not finite is null, and a warning points at its instance once, with what it was."""
    batch, results = parse(made, text), made.read({"y": output})
    assert answer(made, text, {"y": output}) == prediction
    assert made.warnings(batch, results) == [
        Place(pointer, f'null stands for {value}: "y" has no finite value here') for pointer, value in warnings
    ]


def test_lost_predictions_come_before_values_out_of_range_and_twenty_places_are_enough() -> None:
    """Of all warnings, those for instances without a finite prediction stand first."""
    card = Card(features=[FeatureCard("x", min=0, max=1)])
    made = contract({"x": info(pb.DT_FLOAT, -1, 8)}, card=card)
    batch = parse(made, f"[{', '.join(['[2, 2, 2, 2, 2, 2, 2, 2]'] * 3)}]")
    warnings = made.warnings(batch, made.read({"y": floats([3, 1], 1, math.nan, math.inf)}))
    assert [place.pointer for place in warnings[:3]] == ["/data/1", "/data/2", "/data/0/0"]
    assert len(warnings) == 20


@pytest.mark.parametrize(
    "outputs",
    [
        {},
        {"z": floats([1, 1], 1)},
        {"y": floats([2, 1], 1, 2)},
        {"y": floats([], 1)},
        {"y": strings(b"1")},
        {"y": pack(DTYPES[pb.DT_DOUBLE], [1, 1], [1.0])},
    ],
)
def test_an_answer_that_cannot_be_read_is_the_model_servers_failure(outputs: Mapping[str, Tensor]) -> None:
    """An output that is missing, of another dtype, or not one part an instance is an internal error."""
    with pytest.raises(ModelServerError) as caught:
        answer(of_shape(1), "1", outputs)
    assert (caught.value.status, caught.value.code) == (502, grpc.StatusCode.INTERNAL)


@given(st.lists(st.integers(0, 4), min_size=1, max_size=4))
def test_nesting_gives_each_value_its_place(shape: list[int]) -> None:
    """Flat values, nested, are found where row-major order has them."""
    values = list(range(math.prod(shape)))
    nested = nest(values, shape)
    for value in values:
        found, rest = nested, value
        for axis, size in enumerate(shape):
            assert len(found) == size
            place, rest = divmod(rest, math.prod(shape[axis + 1 :]))
            found = found[place]
        assert found == value  # type: ignore[comparison-overlap]  # the last level holds the values
