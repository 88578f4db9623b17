"""Numbers and booleans in a request: what each dtype takes, exactly up to its bounds."""

import pytest

from gateway import tf_serving_pb2 as pb
from gateway.errors import Place
from gateway.tensors import unpack
from tests.unit.gateway.contracts import of_shape, parse, refusal

# The least and the greatest value as IEEE 754 and two's complement have them, and how messages write them.
FLOATS: dict[int, tuple[float, str]] = {
    pb.DT_HALF: (65504.0, "a float16, -65504 to 65504"),
    pb.DT_BFLOAT16: (float.fromhex("0x1.fep127"), "a bfloat16, -3.38953e+38 to 3.38953e+38"),
    pb.DT_FLOAT: (float.fromhex("0x1.fffffep127"), "a float32, -3.40282e+38 to 3.40282e+38"),
    pb.DT_DOUBLE: (float.fromhex("0x1.fffffffffffffp1023"), "a float64, -1.79769e+308 to 1.79769e+308"),
}
INTEGERS: dict[int, tuple[int, int, str]] = {
    pb.DT_INT8: (-128, 127, "an int8"),
    pb.DT_INT16: (-32768, 32767, "an int16"),
    pb.DT_INT32: (-2147483648, 2147483647, "an int32"),
    pb.DT_INT64: (-9223372036854775808, 9223372036854775807, "an int64"),
    pb.DT_UINT8: (0, 255, "a uint8"),
    pb.DT_UINT16: (0, 65535, "a uint16"),
    pb.DT_UINT32: (0, 4294967295, "a uint32"),
    pb.DT_UINT64: (0, 18446744073709551615, "a uint64"),
}
# The numbers next to a float64 of each dtype's bound are 64-bit ones.
BEYOND: dict[int, str] = {
    pb.DT_HALF: "65504.00000000001",
    pb.DT_BFLOAT16: "3.3895313892515360e+38",
    pb.DT_FLOAT: "3.4028234663852892e+38",
    pb.DT_DOUBLE: "1.7976931348623159e+308",
}


@pytest.mark.parametrize("dtype", FLOATS)
def test_takes_floats_up_to_the_bounds(dtype: int) -> None:
    """The greatest finite number of each dtype, of either sign, arrives as it is."""
    high, _ = FLOATS[dtype]
    batch = parse(of_shape(dtype=dtype), f"[{-high!r}, 0, 1.5, {high!r}]")
    assert unpack(batch.inputs["x"]) == ([-high, 0, 1.5, high], [4])
    assert batch.inputs["x"].dtype.number == dtype


@pytest.mark.parametrize("sign", ["", "-"])
@pytest.mark.parametrize("dtype", FLOATS)
def test_refuses_floats_just_beyond_the_bounds(dtype: int, sign: str) -> None:
    """The next number that JSON can say is refused, with the bounds."""
    number = sign + BEYOND[dtype]
    ((pointer, detail),) = [(place.pointer, place.detail) for place in refusal(of_shape(dtype=dtype), f"[1, {number}]")]
    assert pointer == "/data/1"
    assert detail.startswith(f"expected {FLOATS[dtype][1]}, got ")
    assert detail.endswith("a number beyond float64" if dtype == pb.DT_DOUBLE else str(float(number)))


@pytest.mark.parametrize("dtype", INTEGERS)
def test_takes_integers_up_to_the_bounds(dtype: int) -> None:
    """The least and the greatest integer of each dtype arrive as they are."""
    low, high, _ = INTEGERS[dtype]
    assert unpack(parse(of_shape(dtype=dtype), f"[{low}, 1, {high}]").inputs["x"]) == ([low, 1, high], [3])


@pytest.mark.parametrize("dtype", INTEGERS)
def test_refuses_integers_just_beyond_the_bounds(dtype: int) -> None:
    """The integers next to the bounds are refused, each at its place."""
    low, high, name = INTEGERS[dtype]
    assert refusal(of_shape(dtype=dtype), f"[{low - 1}, 1, {high + 1}]") == [
        Place("/data/0", f"expected {name}, {low} to {high}, got {low - 1}"),
        Place("/data/2", f"expected {name}, {low} to {high}, got {high + 1}"),
    ]


@pytest.mark.parametrize("dtype", INTEGERS)
@pytest.mark.parametrize("text", ["3.0", "3e0", "0.3e1", "30e-1", "3"])
def test_an_integer_is_one_however_it_is_written(dtype: int, text: str) -> None:
    """JSON has one kind of number: 3.0 and 3e0 are the integer 3."""
    assert unpack(parse(of_shape(dtype=dtype), text).inputs["x"]) == ([3], [1])


@pytest.mark.parametrize(
    ("dtype", "text"),
    [
        (pb.DT_INT8, "-128.0"),
        (pb.DT_INT64, "-9223372036854775808.0"),
        (pb.DT_INT64, "9223372036854774784.0"),
        (pb.DT_UINT64, "18446744073709549568.0"),
        (pb.DT_UINT64, "-0.0"),
    ],
)
def test_takes_the_outermost_integers_that_a_float_can_say(dtype: int, text: str) -> None:
    """Integers that are written as floats go up to the last float64 within the bounds."""
    assert unpack(parse(of_shape(dtype=dtype), text).inputs["x"]) == ([int(float(text))], [1])


@pytest.mark.parametrize(
    ("dtype", "text", "got"),
    [
        (pb.DT_INT8, "128.0", "128.0"),
        (pb.DT_INT64, "9223372036854775807.0", "9.223372036854776e+18"),
        (pb.DT_UINT64, "18446744073709551615.0", "1.8446744073709552e+19"),
        (pb.DT_UINT64, "-1.0", "-1.0"),
        (pb.DT_INT32, "1e400", "a number beyond float64"),
        (pb.DT_INT32, "-1e400", "a number beyond float64"),
        (pb.DT_INT64, "9" * 400, "9" * 100 + "…"),
        (pb.DT_UINT64, "9" * 400, "9" * 100 + "…"),
    ],
)
def test_refuses_integers_beyond_the_bounds_however_they_are_written(dtype: int, text: str, got: str) -> None:
    """An integer that only rounding would bring within the bounds is refused, and so is one that no float64 holds."""
    low, high, name = INTEGERS[dtype]
    assert refusal(of_shape(dtype=dtype), text) == [Place("/data", f"expected {name}, {low} to {high}, got {got}")]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("text", ["1e400", "9" * 400])
def test_refuses_what_no_float_holds(dtype: int, text: str) -> None:
    """A number beyond float64 is refused like any other beyond the bounds, however it is written."""
    (place,) = refusal(of_shape(dtype=dtype), text)
    assert place.detail.startswith(f"expected {FLOATS[dtype][1]}, got ")


@pytest.mark.parametrize("dtype", INTEGERS)
@pytest.mark.parametrize(
    ("text", "got"),
    [
        ("1.5", "1.5"),
        ("1e-9", "1e-09"),
        ("true", "a boolean"),
        ('"1"', "a string"),
        ("null", "null"),
        ("{}", "an object"),
    ],
)
def test_refuses_what_is_no_integer(dtype: int, text: str, got: str) -> None:
    """Fractions, booleans and strings of digits are no integers."""
    assert refusal(of_shape(dtype=dtype), f"[1, {text}]") == [Place("/data/1", f"expected an integer, got {got}")]


def test_takes_booleans_alone_for_booleans() -> None:
    """Only true and false are booleans; 0, 1 and strings are none."""
    made = of_shape(dtype=pb.DT_BOOL)
    assert unpack(parse(made, "[true, false]").inputs["x"]) == ([True, False], [2])
    assert refusal(made, '[0, true, 1.0, "true"]') == [
        Place("/data/0", "expected a boolean, got 0"),
        Place("/data/2", "expected a boolean, got 1.0"),
        Place("/data/3", "expected a boolean, got a string"),
    ]
