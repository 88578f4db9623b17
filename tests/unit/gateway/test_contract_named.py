"""Features by name, and every fault of a request at its place."""

import pytest

from gateway import tf_serving_pb2 as pb
from gateway.contract.decoding import decode
from gateway.envelopes import PREDICT
from gateway.errors import InvalidInputError, Place
from gateway.routes.predict import DECODER
from gateway.tensors import unpack
from tests.unit.gateway.contracts import contract, of_shape, parse, refusal
from tests.unit.gateway.fake_server import FLOAT_COLUMN, info

PAIR = contract({"a": FLOAT_COLUMN, "n": info(pb.DT_INT8, -1)})
ODD_NAMES = contract({"a/b": info(pb.DT_FLOAT, -1), "~1": info(pb.DT_FLOAT, -1, 2), "n" * 120: info(pb.DT_FLOAT, -1)})


@pytest.mark.parametrize(
    ("data", "a", "n", "single"),
    [
        ('{"a": 1, "n": 2}', [1], [2], True),
        ('{"n": 2, "a": [1]}', [1], [2], True),
        ('[{"a": 1, "n": 2}]', [1], [2], False),
        ('[{"a": 1, "n": 2}, {"n": 4, "a": [3]}]', [1, 3], [2, 4], False),
    ],
)
def test_takes_one_instance_or_many(data: str, a: list[int], n: list[int], *, single: bool) -> None:
    """Features come by name in any order; one of shape (1,) is a plain value or an array of one, as it likes."""
    batch = parse(PAIR, data)
    assert unpack(batch.inputs["a"]) == (a, [len(a), 1])
    assert unpack(batch.inputs["n"]) == (n, [len(n)])
    assert (batch.rows, batch.single) == (len(a), single)


@pytest.mark.parametrize(
    ("data", "shape"), [("1", [1, 1]), ('{"x": 1}', [1, 1]), ('[{"x": [1]}, {"x": 2}]', [2, 1]), ("[1, 2]", [2, 1])]
)
def test_a_single_feature_may_be_named_or_not(data: str, shape: list[int]) -> None:
    """A model of one input takes its values with its name and without."""
    assert unpack(parse(of_shape(1), data).inputs["x"])[1] == shape


@pytest.mark.parametrize(
    ("text", "form", "a", "n"),
    [
        ('{"a": [1, [3]], "n": [2, 4]}', "inputs", [1, 3], [2, 4]),
        ('{"a": [[1]], "n": [2, 4]}', "inputs", [1], [2, 4]),
        ('[{"a": 1, "n": 2}]', "instances", [1], [2]),
    ],
)
def test_takes_whole_tensors_by_name(text: str, form: str, a: list[int], n: list[int]) -> None:
    """In `inputs`, each feature has all of its instances together; it is the model that needs them to be as many."""
    batch = parse(PAIR, text, form)
    assert (unpack(batch.inputs["a"])[0], unpack(batch.inputs["n"])[0]) == (a, n)


def test_takes_a_single_whole_tensor_without_its_name() -> None:
    """In `inputs`, a model of one input takes its tensor alone; one instance has to stand in an array."""
    made = of_shape(2)
    for text in ("[[1, 2], [3, 4]]", '{"x": [[1, 2], [3, 4]]}'):
        assert unpack(parse(made, text, "inputs").inputs["x"]) == ([1, 2, 3, 4], [2, 2])
    assert refusal(of_shape(), "5", "inputs") == [Place("/inputs", "expected an array of instances, got 5")]
    assert refusal(of_shape(), "[1, 2, 3, 4, 5, 6]", "inputs") == [
        Place("/inputs", "expected at most 5 instances, got 6")
    ]


@pytest.mark.parametrize(
    ("data", "pointer", "detail"),
    [
        ("1", "/data", 'expected an object with "a", "n", got 1'),
        ("[1]", "/data/0", 'expected an object with "a", "n", got 1'),
        ("[]", "/data", "expected at least one instance, got an empty array"),
        ('{"a": 1}', "/data", 'the member "n" is missing'),
        ('[{"a": 1, "n": 1}, {"n": 1}]', "/data/1", 'the member "a" is missing'),
        ('{"a": 1, "n": 1, "b": 2}', "/data/b", 'unknown member; expected only "a", "n"'),
        ('{"a": 1, "n": 1, "x/y~z": 2}', "/data/x~1y~0z", 'unknown member; expected only "a", "n"'),
        (f'{{"a": 1, "n": 1, "{"b" * 120}": 2}}', "/data/" + "b" * 100, 'unknown member; expected only "a", "n"'),
        ('{"a": {}, "n": 1}', "/data/a", "expected a number, got an object"),
        ('{"a": [1, 2], "n": 1}', "/data/a", "expected an array of 1 value, got 2 values"),
        ('{"a": ["1"], "n": 1}', "/data/a/0", "expected a number, got a string"),
        ('{"a": 1, "n": 128}', "/data/n", "expected an int8, -128 to 127, got 128"),
    ],
)
def test_points_at_the_fault(data: str, pointer: str, detail: str) -> None:
    """A fault within named features is pointed at; names are escaped as RFC 6901 says, unknown ones cut where long."""
    assert refusal(PAIR, data) == [Place(pointer, detail)]


def test_points_into_features_of_odd_names() -> None:
    """Known names are escaped, and whole however long they are."""
    data = f'{{"a/b": null, "~1": [1, "2"], "{"n" * 120}": []}}'
    assert refusal(ODD_NAMES, data) == [
        Place("/data/a~1b", "expected a number, got null"),
        Place("/data/~01/1", "expected a number, got a string"),
        Place("/data/" + "n" * 120, "expected a number, got an array"),
    ]


def test_lists_every_fault_in_the_order_of_the_request() -> None:
    """One answer tells all that is wrong."""
    assert refusal(PAIR, '[{"n": 1.5, "b": 1, "a": "1"}, 7, {"a": [[1]]}]') == [
        Place("/data/0/n", "expected an integer, got 1.5"),
        Place("/data/0/b", 'unknown member; expected only "a", "n"'),
        Place("/data/0/a", "expected a number, got a string"),
        Place("/data/1", 'expected an object with "a", "n", got 7'),
        Place("/data/2", 'the member "n" is missing'),
        Place("/data/2/a/0", "expected a number, got an array"),
    ]


@pytest.mark.parametrize(
    ("count", "listed", "detail"),
    [
        (20, 20, "The request does not fit what the model takes."),
        (21, 20, "The request does not fit what the model takes. The first 20 faults:"),
    ],
)
def test_lists_at_most_twenty_faults(count: int, listed: int, detail: str) -> None:
    """Where there are more than twenty faults, the answer says that these are the first."""
    with pytest.raises(InvalidInputError) as caught:
        parse(of_shape(count), f"[{', '.join(['null'] * count)}]")
    assert [place.pointer for place in caught.value.errors] == [f"/data/{index}" for index in range(listed)]
    assert caught.value.detail == detail


@pytest.mark.parametrize(
    ("body", "places"),
    [
        ("{}", [Place("", 'the member "data" is missing')]),
        ("[1]", [Place("", 'expected an object with "data", got an array')]),
        ('"data"', [Place("", 'expected an object with "data", got a string')]),
        ('{"data": 1, "a/b~c": 2}', [Place("/a~1b~0c", 'unknown member; expected only "data"')]),
        (
            '{"instances": [1]}',
            [Place("", 'the member "data" is missing'), Place("/instances", 'unknown member; expected only "data"')],
        ),
    ],
)
def test_refuses_other_documents(body: str, places: list[Place]) -> None:
    """A document that is no object with the one member `data` is refused."""
    with pytest.raises(InvalidInputError) as caught:
        decode(DECODER, body.encode(), PREDICT)
    assert list(caught.value.errors) == places
