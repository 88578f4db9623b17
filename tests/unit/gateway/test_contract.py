from typing import Any

import pytest

from gateway import tf_serving_pb2 as pb
from gateway.contract import Contract
from gateway.errors import InvalidInputError, NotJsonError, NotSupportedError, Place
from gateway.model_server import Signature
from gateway.tensors import pack, unpack
from tests.unit.gateway.fake_server import FLOAT_COLUMN, info

A_NUMBER = "expected a number or an array"
FLOAT32 = "expected a float32, -3.40282e+38 to 3.40282e+38"


def contract(*shape: int, dtype: int = pb.DT_FLOAT) -> Contract:
    """The contract of a model whose input has this shape behind the batch dimension."""
    return Contract("line", Signature(1, {"x": info(dtype, -1, *shape)}, {"y": FLOAT_COLUMN}))


def refusal(contract: Contract, data: str) -> Place:
    """The one place that is wrong in `{"data": <data>}`."""
    with pytest.raises(InvalidInputError) as caught:
        contract.parse(f'{{"data": {data}}}'.encode(), max_rows=5)
    (place,) = caught.value.errors
    return place


@pytest.mark.parametrize(
    ("data", "pointer", "detail"),
    [
        ('"10"', "/data", f"{A_NUMBER}, got a string"),
        ("true", "/data", f"{A_NUMBER}, got a boolean"),
        ("[1, false]", "/data/1", f"{A_NUMBER}, got a boolean"),
        ("null", "/data", f"{A_NUMBER}, got null"),
        ('{"x": 1}', "/data", f"{A_NUMBER}, got an object"),
        ("[1, null]", "/data/1", f"{A_NUMBER}, got null"),
        ('[[1], ["2"]]', "/data/1/0", "expected a number, got a string"),
        ("[]", "/data", "expected at least one value, got an empty array"),
        ("[[]]", "/data/0", "expected at least one value, got an empty array"),
        ("[[1], []]", "/data/1", "expected at least one value, got an empty array"),
        ("[[1], [2, 3]]", "/data/1", "expected an array of 1 value, got 2 values"),
        ("[[1], 2]", "/data/1", "expected an array of 1 value, got a number"),
        ("[1, [2]]", "/data/1", "expected a number, got an array"),
        ("[[[1]]]", "/data/0/0", "expected a number, got an array"),
        ("[1, 1e39]", "/data/1", f"{FLOAT32}, got 1e+39"),
        ("-1e39", "/data", f"{FLOAT32}, got -1e+39"),
        ("[[1], [-1e39]]", "/data/1/0", f"{FLOAT32}, got -1e+39"),
        ("1e400", "/data", f"{FLOAT32}; got: number out of range"),
        ("[1, 2, 3, 4, 5, 6]", "/data", "expected at most 5 instances, got 6"),
    ],
)
def test_refuses_what_is_no_column_of_float32(data: str, pointer: str, detail: str) -> None:
    """Each wrong value of the notebook's model is pointed at, with what was expected and what came."""
    assert refusal(contract(1), data) == Place(pointer, detail)


@pytest.mark.parametrize(
    ("shape", "data", "tensor_shape"),
    [
        ((), "10", [1]),
        ((), "[10, 11]", [2]),
        ((1,), "10", [1, 1]),
        ((1,), "[10, 11]", [2, 1]),
        ((1,), "[[10], [11]]", [2, 1]),
        ((2,), "[1, 2]", [1, 2]),
        ((2,), "[[1, 2], [3, 4]]", [2, 2]),
        ((-1,), "[1, 2, 3]", [1, 3]),
        ((-1,), "[[1, 2, 3]]", [1, 3]),
        ((2, 2), "[[1, 2], [3, 4]]", [1, 2, 2]),
        ((2, 2), "[[[1, 2], [3, 4]]]", [1, 2, 2]),
    ],
)
def test_takes_one_instance_or_many(shape: tuple[int, ...], data: str, tensor_shape: list[int]) -> None:
    """One instance or a list of them, of the signature's shape, becomes a tensor with the batch dimension first."""
    batch = contract(*shape).parse(f'{{"data": {data}}}'.encode(), max_rows=5)
    assert unpack(batch.tensor)[1] == tensor_shape
    assert batch.rows == tensor_shape[0]


@pytest.mark.parametrize(
    ("shape", "data", "pointer", "detail"),
    [
        ((), "[[1]]", "/data/0", "expected a number, got an array"),
        ((2,), "1", "/data", "expected one instance of shape 2, or an array of such instances, got a number"),
        ((2,), "[1, 2, 3]", "/data", "expected an array of 2 values, got 3 values"),
        ((2,), "[[1], [2, 3]]", "/data/0", "expected an array of 2 values, got 1 value"),
        ((-1,), "[[1], [2, 3]]", "/data/1", "expected an array of 1 value, got 2 values"),
        (
            (2, -1),
            "[1, 2]",
            "/data",
            "expected one instance of shape 2 x n, or an array of such instances, got 1 level of arrays",
        ),
        ((2, 2), "[[[1, 2], [3]]]", "/data/0/1", "expected an array of 2 values, got 1 value"),
    ],
)
def test_refuses_other_shapes(shape: tuple[int, ...], data: str, pointer: str, detail: str) -> None:
    """An instance of another shape than the signature's is pointed at."""
    assert refusal(contract(*shape), data) == Place(pointer, detail)


@pytest.mark.parametrize("shape", [(), (1,)])
def test_mirrors_numbers_with_numbers(shape: tuple[int, ...]) -> None:
    """Plain numbers are answered with plain numbers, whether the model takes (None,) or (None, 1)."""
    for data, expected in (("10", 31.0), ("[10, 11]", [31.0, 34.0])):
        batch = contract(*shape).parse(f'{{"data": {data}}}'.encode(), max_rows=5)
        values = expected if isinstance(expected, list) else [expected]
        outputs = {"y": pack(pb.DT_FLOAT, [len(values), 1], values)}
        assert contract(*shape).mirror(batch, outputs) == expected


def test_refuses_fractions_for_integers() -> None:
    """A model of integers takes integers only."""
    expected = "expected an integer or an array, got a number that is not written as one"
    assert refusal(contract(dtype=pb.DT_INT32), "1.5") == Place("/data", expected)


@pytest.mark.parametrize(
    ("body", "pointer", "detail"),
    [
        (b"{}", "", 'the member "data" is missing'),
        (b"[1]", "", "expected an object, got an array"),
        (b'"data"', "", "expected an object, got a string"),
        (b'{"data": 1, "a/b~c": 2}', "/a~1b~0c", 'unknown member; expected only "data"'),
        (b'{"a - at `$.data`": 1}', "/a - at `$.data`", 'unknown member; expected only "data"'),
        (b'{"' + b"a" * 200 + b'": 1}', "/" + "a" * 100, 'unknown member; expected only "data"'),
    ],
)
def test_refuses_other_documents(body: bytes, pointer: str, detail: str) -> None:
    """A document that is no object with the one member `data` is refused; pointers are escaped as RFC 6901 says."""
    with pytest.raises(InvalidInputError) as caught:
        contract(1).parse(body, max_rows=5)
    assert caught.value.errors == [Place(pointer, detail)]


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"", 'The body is empty; expected {"data": ...}.'),
        (b" \n", 'The body is empty; expected {"data": ...}.'),
        (b'{"data": 1', "The body is not JSON: Input data was truncated."),
        (
            b'{"data": [1, NaN]}',
            "The body is not JSON: JSON is malformed: invalid character (byte 13) (NaN and Infinity are no JSON).",
        ),
        (b'{"\xff": 1}', "The body is not UTF-8."),
    ],
)
def test_refuses_what_is_no_json(body: bytes, detail: str) -> None:
    """A body that is no JSON is refused with the byte where it ends to be."""
    with pytest.raises(NotJsonError) as caught:
        contract(1).parse(body, max_rows=5)
    assert caught.value.detail == detail


@pytest.mark.parametrize(
    ("inputs", "outputs", "detail"),
    [
        ({}, {"y": FLOAT_COLUMN}, "Model 'm' has 0 inputs (none); this gateway serves one."),
        (
            {"x": FLOAT_COLUMN},
            {"a": FLOAT_COLUMN, "b": FLOAT_COLUMN},
            "Model 'm' has 2 outputs (a, b); this gateway serves one.",
        ),
        (
            {"text": info(pb.DT_STRING, -1)},
            {"y": FLOAT_COLUMN},
            "The input 'text' of model 'm' is DT_STRING; this gateway serves numbers.",
        ),
        (
            {"x": info(pb.DT_FLOAT, 1, 1)},
            {"y": FLOAT_COLUMN},
            "The input 'x' of model 'm' has no free batch dimension in front.",
        ),
    ],
)
def test_says_which_models_it_cannot_speak_for(inputs: Any, outputs: Any, detail: str) -> None:
    """A signature of another kind is answered with what it is and what would be served."""
    with pytest.raises(NotSupportedError) as caught:
        Contract("m", Signature(1, inputs, outputs))
    assert (caught.value.status, caught.value.detail) == (501, detail)
