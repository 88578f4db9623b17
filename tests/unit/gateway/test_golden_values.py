"""The golden check: which answers are those that the model card has."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from gateway import tf_serving_pb2 as pb
from gateway.dtypes import DTYPES
from gateway.golden import differs
from tests.protos import pack
from tests.unit.gateway.cards import card
from tests.unit.gateway.fake_server import FakeServer, info


def causes(caplog: pytest.LogCaptureFixture, message: str = "golden check failed") -> list[str]:
    """The causes in the log lines that begin with a message."""
    return [record.__dict__["cause"] for record in caplog.records if record.message.startswith(message)]


@pytest.mark.parametrize(
    ("inputs", "where"),
    [
        ({}, '/golden/inputs: the member "x" is missing'),
        ({"x": [[1.0]], "z": [[1.0]]}, "/golden/inputs/z: unknown member"),
        ({"x": [["a"]]}, "/golden/inputs/x/0/0: expected a number, got a string"),
        ({"x": [[1.0, 2.0]]}, "/golden/inputs/x/0: expected an array of 1 value, got 2 values"),
        ({"x": []}, "/golden/inputs/x: expected at least one instance"),
    ],
)
def test_golden_inputs_have_to_fit_the_signature(
    client: FlaskClient, fake: FakeServer, inputs: dict[str, Any], where: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A version whose golden inputs are not what it takes is not what its card describes."""
    fake.card = card(inputs, {"y": [[4.0]]})
    assert client.post("/predict", json={"data": 10}).status_code == 503
    (cause,) = causes(caplog)
    assert cause.startswith(f"the golden inputs do not fit the signature: {where}")


@pytest.mark.parametrize(
    ("outputs", "cause"),
    [
        ({"z": [[4.0]]}, "there is no output 'z'"),
        ({"y": [[4.0], [4.0]]}, "output 'y': expected 2 values, got 1"),
        ({"y": [4.0]}, "output 'y'[0]: expected 4.0, got [4.0]"),
        ({"y": [[None]]}, "output 'y'[0][0]: expected None, got 4.0"),
    ],
)
def test_golden_outputs_have_to_be_the_signatures(
    client: FlaskClient, fake: FakeServer, outputs: dict[str, Any], cause: str, caplog: pytest.LogCaptureFixture
) -> None:
    """An output that is missing, of another shape or of another kind is a difference."""
    fake.card = card({"x": [[1.0]]}, outputs)
    assert client.post("/predict", json={"data": 10}).status_code == 503
    assert causes(caplog) == [cause]


MIXED = {"text": info(pb.DT_STRING, -1), "flag": info(pb.DT_BOOL, -1), "count": info(pb.DT_INT64, -1, 2)}
VALUES = {"text": ["a", "ä"], "flag": [True, False], "count": [[1, 2**53 + 1], [-3, 4]]}


@pytest.mark.parametrize(
    ("changed", "status"),
    [({}, 200), ({"text": ["a", "b"]}, 503), ({"flag": [True, True]}, 503), ({"count": [[1, 2]] * 2}, 503)],
)
def test_golden_examples_are_of_any_kind(
    client: FlaskClient, fake: FakeServer, changed: dict[str, Any], status: int
) -> None:
    """Strings, booleans and integers are compared as well as numbers."""
    fake.inputs = fake.outputs = MIXED
    fake.answer = lambda request: dict(request.inputs)
    fake.card = card(VALUES, VALUES | changed)
    body = {"data": {"text": "b", "flag": True, "count": [1, 2]}}
    assert client.post("/predict", json=body).status_code == status


def test_a_golden_value_may_be_no_number(client: FlaskClient, fake: FakeServer) -> None:
    """Where the model gave no finite number in training, it has to give none now; JSON has null for it."""
    fake.card = card({"x": [[1.0]]}, {"y": [[None]]})
    fake.answer = lambda request: {"y": pack(DTYPES[pb.DT_FLOAT], [len(request.inputs), 1], [float("nan")])}
    assert client.post("/predict", json={"data": [1]}).status_code == 200


@pytest.mark.parametrize(
    ("expected", "got", "tolerance", "same"),
    [
        (100.0, 100.0 + 0.0101, 1e-4, True),
        (100.0, 100.0 + 0.0102, 1e-4, False),
        (-100.0, -100.0 - 0.0101, 1e-4, True),
        (0.0, 1e-4, 1e-4, True),
        (0.0, 1.1e-4, 1e-4, False),
        (3, 3.0, 0.0, True),
        ("a", "a", 0.0, True),
        ("a", 1.0, 10.0, False),
        (None, 0.0, 10.0, False),
        ([], [1.0], 1e-4, False),
        ([1.0, [2.0, "b"]], [1.0, [2.0, "b"]], 1e-4, True),
    ],
)
def test_values_agree_within_the_tolerance(expected: Any, got: Any, tolerance: float, *, same: bool) -> None:
    """Numbers a and b agree if |a - b| <= tolerance * (1 + |a|); all else has to be equal."""
    assert (differs(expected, got, tolerance) == "") is same
