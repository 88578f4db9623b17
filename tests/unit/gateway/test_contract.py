"""What a contract takes: one instance or many, of the signature's shapes."""

from typing import Any

import pytest

from gateway import tf_serving_pb2 as pb
from gateway.card import Card, FeatureCard
from gateway.errors import NotSupportedError, Place
from gateway.tensors import unpack
from tests.unit.gateway.contracts import contract, of_shape, parse, refusal
from tests.unit.gateway.fake_server import FLOAT_COLUMN, info


@pytest.mark.parametrize(
    ("data", "pointer", "detail"),
    [
        ('"10"', "/data", "expected a number, got a string"),
        ("true", "/data", "expected a number, got a boolean"),
        ("[1, false]", "/data/1", "expected a number, got a boolean"),
        ("null", "/data", "expected a number, got null"),
        ("[1, null]", "/data/1", "expected a number, got null"),
        ('[[1], ["2"]]', "/data/1/0", "expected a number, got a string"),
        ("[]", "/data", "expected at least one instance, got an empty array"),
        ("[[]]", "/data/0", "expected an array of 1 value, got 0 values"),
        ("[[1], []]", "/data/1", "expected an array of 1 value, got 0 values"),
        ("[[1], [2, 3]]", "/data/1", "expected an array of 1 value, got 2 values"),
        ("[[1], 2]", "/data/1", "expected an array of 1 value, got 2"),
        ("[1, [2]]", "/data/1", "expected a number, got an array"),
        ("[[[1]]]", "/data/0/0", "expected a number, got an array"),
        ("[1, 2, 3, 4, 5, 6]", "/data", "expected at most 5 instances, got 6"),
        ("[[1], [2], [3], [4], [5], [6]]", "/data", "expected at most 5 instances, got 6"),
    ],
)
def test_refuses_what_is_no_column_of_numbers(data: str, pointer: str, detail: str) -> None:
    """Each wrong value of a model of one number is pointed at, with what was expected and what came."""
    assert refusal(of_shape(1), data) == [Place(pointer, detail)]


@pytest.mark.parametrize(
    ("shape", "data", "tensor_shape", "single"),
    [
        ((), "10", [1], True),
        ((), "[10, 11]", [2], False),
        ((1,), "10", [1, 1], True),
        ((1,), "[10]", [1, 1], False),
        ((1,), "[10, 11]", [2, 1], False),
        ((1,), "[[10], [11]]", [2, 1], False),
        ((1,), " [ \n[10],\t[11]]", [2, 1], False),
        ((2,), "[1, 2]", [1, 2], True),
        ((2,), "[[1, 2], [3, 4]]", [2, 2], False),
        ((-1,), "[1, 2, 3]", [1, 3], True),
        ((-1,), "[[1, 2, 3], [4, 5, 6]]", [2, 3], False),
        ((2, 2), "[[1, 2], [3, 4]]", [1, 2, 2], True),
        ((2, 2), "[[[1, 2], [3, 4]]]", [1, 2, 2], False),
        ((2, -1), "[[1, 2, 3], [4, 5, 6]]", [1, 2, 3], True),
        ((2, -1), "[[[1], [2]], [[3], [4]]]", [2, 2, 1], False),
    ],
)
def test_takes_one_instance_or_many(
    shape: tuple[int, ...], data: str, tensor_shape: list[int], *, single: bool
) -> None:
    """One instance or a list of them, of the signature's shape, becomes a tensor with the batch dimension first."""
    batch = parse(of_shape(*shape), data)
    values, got = unpack(batch.inputs["x"])
    assert (got, batch.rows, batch.single) == (tensor_shape, tensor_shape[0], single)
    assert values == [float(digits) for digits in data.replace("[", " ").replace("]", " ").replace(",", " ").split()]


@pytest.mark.parametrize(
    ("shape", "data", "pointer", "detail"),
    [
        ((), "[[1]]", "/data/0", "expected a number, got an array"),
        ((2,), "1", "/data", "expected an array of 2 values, got 1"),
        ((2,), "[1, 2, 3]", "/data", "expected an array of 2 values, got 3 values"),
        ((2,), "[[1], [2, 3]]", "/data/0", "expected an array of 2 values, got 1 value"),
        ((-1,), "5", "/data", "expected an array of values, got 5"),
        ((-1,), "[]", "/data", "expected at least one value, got an empty array"),
        ((2, -1), "[[1, 2], 3]", "/data/1", "expected an array of values, got 3"),
        ((2, 2), "[[[1, 2], [3]]]", "/data/0/1", "expected an array of 2 values, got 1 value"),
        ((2, 2), "[[[1, 2], [3, [4]]]]", "/data/0/1/1", "expected a number, got an array"),
    ],
)
def test_refuses_other_shapes(shape: tuple[int, ...], data: str, pointer: str, detail: str) -> None:
    """An instance of another shape than the signature's is pointed at."""
    assert refusal(of_shape(*shape), data) == [Place(pointer, detail)]


def test_instances_are_always_many() -> None:
    """In `instances`, what would be one instance in `data` is refused: that form has a list of them."""
    assert refusal(of_shape(1), "10", "instances") == [Place("/instances", "expected an array of instances, got 10")]
    assert refusal(of_shape(2), "[1, 2]", "instances") == [
        Place("/instances/0", "expected an array of 2 values, got 1"),
        Place("/instances/1", "expected an array of 2 values, got 2"),
    ]


@pytest.mark.parametrize(
    ("inputs", "outputs", "text", "shapes"),
    [
        ({"x": info(pb.DT_FLOAT)}, {"y": info(pb.DT_FLOAT)}, "7", {"x": []}),
        ({"x": info(pb.DT_FLOAT, 1, 2)}, {"y": FLOAT_COLUMN}, "[[1, 2]]", {"x": [1, 2]}),
        ({"x": FLOAT_COLUMN}, {"y": info(pb.DT_FLOAT)}, "[[1], [2]]", {"x": [2, 1]}),
        (
            {"x": FLOAT_COLUMN, "scale": info(pb.DT_FLOAT)},
            {"y": FLOAT_COLUMN},
            '{"x": [[1], [2]], "scale": 3}',
            {"x": [2, 1], "scale": []},
        ),
    ],
)
def test_takes_whole_tensors_where_there_is_no_batch(
    inputs: Any, outputs: Any, text: str, shapes: dict[str, list[int]]
) -> None:
    """A signature with a tensor that has no free first dimension has no instances: it takes its tensors as they are."""
    made = contract(inputs, outputs)
    assert (made.batched, made.instances) == (False, None)
    batch = parse(made, text)
    assert {name: unpack(tensor)[1] for name, tensor in batch.inputs.items()} == shapes
    assert not batch.single


def test_features_and_outputs_have_the_order_of_the_card() -> None:
    """The card's order comes first; what it does not name follows by name."""
    tensors = dict.fromkeys(("d", "a", "c", "b"), FLOAT_COLUMN)
    made = contract(tensors, tensors, Card(features=[FeatureCard("c"), FeatureCard("gone"), FeatureCard("b")]))
    assert [feature.name for feature in made.features] == ["c", "b", "a", "d"]
    assert [output.name for output in made.outputs] == ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("inputs", "outputs", "detail"),
    [
        ({"x": FLOAT_COLUMN}, {}, "Model 'm' has no outputs."),
        (
            {"z": info(pb.DT_COMPLEX64, -1)},
            {"y": FLOAT_COLUMN},
            "The input 'z' of model 'm' is DT_COMPLEX64; this gateway serves numbers, booleans and strings.",
        ),
        (
            {"x": FLOAT_COLUMN},
            {"y": info(999, -1)},
            "The output 'y' of model 'm' is dtype 999; this gateway serves numbers, booleans and strings.",
        ),
        (
            {"x": pb.TensorInfo(dtype=pb.DT_FLOAT, tensor_shape=pb.TensorShapeProto(unknown_rank=True))},
            {"y": FLOAT_COLUMN},
            "The input 'x' of model 'm' has an unknown number of dimensions.",
        ),
        ({"x": info(pb.DT_FLOAT, -1, 0)}, {"y": FLOAT_COLUMN}, "The input 'x' of model 'm' has a dimension of size 0."),
        (
            {'x"': FLOAT_COLUMN},
            {"y": FLOAT_COLUMN},
            "The input 'x\"' of model 'm' has a quote, a backslash or a control character in its name.",
        ),
    ],
)
def test_says_which_models_it_cannot_speak_for(inputs: Any, outputs: Any, detail: str) -> None:
    """A signature that JSON has no values for is answered with what it is and what would be served."""
    with pytest.raises(NotSupportedError) as caught:
        contract(inputs, outputs)
    assert (caught.value.status, caught.value.detail) == (501, detail)
