"""What is no JSON, and what is JSON but cannot be pointed into."""

import pytest

from gateway import tf_serving_pb2 as pb
from gateway.contract.decoding import decode
from gateway.envelopes import PREDICT
from gateway.errors import NotJsonError, Place
from gateway.routes.predict import DECODER
from tests.unit.gateway.contracts import contract, of_shape, parse, refusal
from tests.unit.gateway.fake_server import FLOAT_COLUMN

NO_NUMBER = "The body is not JSON: JSON is malformed: invalid character (byte 13) (NaN and Infinity are no JSON)."


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"", "The body is empty; expected a JSON document."),
        (b" \n", "The body is empty; expected a JSON document."),
        (b'{"data": 1', "The body is not JSON: Input data was truncated."),
        (b'{"data": 1} 2', "The body is not JSON: JSON is malformed: trailing characters (byte 13)."),
        (b'{"data": [1, NaN]}', NO_NUMBER),
        (b'{"data": [1, Infinity]}', NO_NUMBER),
        (b'{"data": [1, nul]}', "The body is not JSON: JSON is malformed: invalid character (byte 14)."),
        (b"{'data': 1}", "The body is not JSON: JSON is malformed: object keys must be strings (byte 1)."),
        (b'{"\xff": 1}', "The body is not UTF-8."),
        (b"[" * 100_000, "The body is nested too deeply."),
        (b'{"data": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "The body is nested too deeply."),
    ],
)
def test_refuses_what_is_no_json(body: bytes, detail: str) -> None:
    """A body that is no JSON is refused with the byte where it ends to be."""
    with pytest.raises(NotJsonError) as caught:
        decode(DECODER, body, PREDICT)
    assert caught.value.detail == detail


@pytest.mark.parametrize(
    ("data", "detail"),
    [
        (b'"\xff"', "The body is not UTF-8."),
        (b'["\xed\xa0\x80"]', "The body is not UTF-8."),
        (b"9" * 5000, "The body has an integer of more digits than can be read."),
        (b"[" * 3000 + b"]" * 3000, "The body is nested too deeply."),
    ],
)
@pytest.mark.parametrize("dtype", [pb.DT_STRING, pb.DT_INT64])
def test_refuses_values_that_cannot_be_read(dtype: int, data: bytes, detail: str) -> None:
    """What only turns out where the value itself is read is no JSON either, whatever the model takes."""
    made = of_shape(dtype=dtype)
    with pytest.raises(NotJsonError) as caught:
        made.parse(made.data, data, "/data")
    assert caught.value.detail == detail


@pytest.mark.parametrize(
    ("data", "places"),
    [
        ('{"x": "1", "x": 1}', [Place("/data", "a member is stated more than once, and does not fit each time")]),
        ('{"x": 1, "x": "1"}', [Place("/data/x", "expected a number, got a string")]),
    ],
)
def test_refuses_a_member_that_fits_only_once(data: str, places: list[Place]) -> None:
    """Where a member is stated twice, both have to fit; if only the last does, the fault is said of the whole."""
    assert refusal(contract({"x": FLOAT_COLUMN}), data) == places


def test_of_two_members_of_one_name_the_last_counts() -> None:
    """A member that is stated twice, and fits each time, has its last value."""
    batch = parse(contract({"x": FLOAT_COLUMN}), '{"x": 1, "x": 2}')
    assert [list(column.values) for column in batch.columns] == [[2]]
