"""Strings in a request: text, bytes in base64, and words of a vocabulary."""

import pytest

from gateway import tf_serving_pb2 as pb
from gateway.card import Card, FeatureCard
from gateway.contract import Contract
from gateway.errors import Place
from gateway.tensors import unpack
from tests.unit.gateway.contracts import contract, of_shape, parse, refusal
from tests.unit.gateway.fake_server import info

TEXT = of_shape(dtype=pb.DT_STRING)
NOT_BASE64 = 'expected a string, or an object with nothing but "b64" and base64 in it'


def of_words(*words: str, name: str = "x") -> Contract:
    """The contract of a model that knows these words only."""
    card = Card(features=[FeatureCard(name, vocabulary=words)])
    return contract({name: info(pb.DT_STRING, -1)}, card=card)


@pytest.mark.parametrize(
    ("data", "values", "single"),
    [
        ('"text"', [b"text"], True),
        ('""', [b""], True),
        ('["é", "\\u00e9\\n"]', ["é".encode(), "é\n".encode()], False),
        ('{"b64": "/wA="}', [b"\xff\x00"], True),
        ('[{ "b64" :"/wA="}, "b64"]', [b"\xff\x00", b"b64"], False),
        ('{"b64": ""}', [b""], True),
        ('{"\\u0062\\u00364": "aGk="}', [b"hi"], True),
    ],
)
def test_takes_text_and_bytes(data: str, values: list[bytes], *, single: bool) -> None:
    """Text arrives as UTF-8; bytes that are none come in base64, as TensorFlow Serving's clients send them."""
    batch = parse(TEXT, data)
    assert (unpack(batch.inputs["x"]), batch.single) == ((values, [len(values)]), single)


@pytest.mark.parametrize(
    ("data", "pointer", "detail"),
    [
        ("1", "/data", "expected a string, got 1"),
        ("[null]", "/data/0", "expected a string, got null"),
        ('["a", ["b"]]', "/data/1", "expected a string, got an array"),
        ('["a", {"b64": "a"}]', "/data/1", NOT_BASE64),
        ('{"b64": "aGk"}', "/data", NOT_BASE64),
        ('{"b64": "aGk=\\n"}', "/data", NOT_BASE64),
        ('{"b64": "a-k="}', "/data", NOT_BASE64),
        ('{"b64": "aGk=", "x": 1}', "/data", NOT_BASE64),
        ('{"b64": 1}', "/data", NOT_BASE64),
    ],
)
def test_refuses_what_is_neither(data: str, pointer: str, detail: str) -> None:
    """Other values are refused, and so is what looks like base64 and is none."""
    assert refusal(TEXT, data) == [Place(pointer, detail)]


def test_a_single_text_may_be_named_or_not() -> None:
    """An object is the feature by its name, unless it begins like bytes in base64."""
    for data in ('{"x": "hi"}', '{"x": {"b64": "aGk="}}', '{"b64": "aGk="}', '"hi"'):
        assert unpack(parse(TEXT, data).inputs["x"]) == ([b"hi"], [1])
    assert refusal(TEXT, '{"x": "hi", "b64": "aGk="}') == [Place("/data/b64", 'unknown member; expected only "x"')]


def test_a_text_named_like_base64_is_base64() -> None:
    """A single string feature of the name b64 cannot be named: there, the object is the bytes."""
    made = contract({"b64": info(pb.DT_STRING, -1)})
    assert unpack(parse(made, '{"b64": "aGk="}').inputs["b64"]) == ([b"hi"], [1])
    assert refusal(made, '{"b64": "hi, there"}') == [Place("/data", NOT_BASE64)]


def test_takes_the_words_of_a_vocabulary_only() -> None:
    """Where the card has a vocabulary, other strings are refused with the words that are known."""
    made = of_words("Good", "", "Ideal")
    assert unpack(parse(made, '["Ideal", "", "Good"]').inputs["x"]) == ([b"Ideal", b"", b"Good"], [3])
    known = 'expected one of "Good", "", "Ideal"; got'
    assert refusal(made, '["good", "Good", 1, {"b64": "R29vZA=="}]') == [
        Place("/data/0", f'{known} "good"'),
        Place("/data/2", f"{known} 1"),
        Place("/data/3", f"{known} an object"),
    ]


def test_a_vocabulary_may_belong_to_a_feature_named_like_base64() -> None:
    """Words are never in base64, so the feature can be named."""
    assert unpack(parse(of_words("hi", name="b64"), '{"b64": "hi"}').inputs["b64"]) == ([b"hi"], [1])


def test_shortens_long_lists_and_long_words() -> None:
    """A message holds at most 20 words, and 100 characters of each."""
    (place,) = refusal(of_words("w" * 101, *map(str, range(20))), f'"{"v" * 101}"')
    words = ", ".join(f'"{number}"' for number in range(19))
    assert place.detail == f'expected one of "{"w" * 100}…", {words}, …; got "{"v" * 100}…"'


def test_numbers_have_no_vocabulary() -> None:
    """What a card says of a number's vocabulary is passed over."""
    made = contract({"x": info(pb.DT_FLOAT, -1)}, card=Card(features=[FeatureCard("x", vocabulary=("1",))]))
    assert unpack(parse(made, "2").inputs["x"]) == ([2], [1])


@pytest.mark.parametrize("value", ["[]", "{}", "1", "null"])
def test_what_is_no_string_is_in_no_vocabulary(value: str) -> None:
    """A value of another kind is refused like an unknown word."""
    words = contract({"x": info(pb.DT_STRING, -1)}, card=Card(features=[FeatureCard("x", vocabulary=("a", "b"))]))
    (place,) = refusal(words, f'{{"x": {value}}}')
    assert place.pointer == "/data/x"
    assert place.detail.startswith('expected one of "a", "b"; got ')
