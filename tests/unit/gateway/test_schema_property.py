"""The published JSON Schema and the gateway take the same, whatever the model and the request are."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, ValidationError

from gateway import tf_serving_pb2 as pb
from gateway.contract import Contract
from gateway.errors import InvalidInputError, Place
from gateway.tensors import unpack
from tests.unit.gateway.contracts import contract, of_shape, parse, refusal
from tests.unit.gateway.documents import ANYTHING, contracts, texts
from tests.unit.gateway.fake_server import info

# What JSON Schema cannot say: where any length goes, arrays side by side still have one.
IRREGULAR = re.compile(r"expected an array of (\d+) as before it, got one of (\d+)")
MAX_PLACES = 20
CUT = 100  # characters, of an unknown member's name in a pointer

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no fault
thorough = settings(unhurried, max_examples=1000)


@dataclass(frozen=True)
class Request:
    """A request in one of the forms that a contract takes, which has this schema."""

    contract: Contract = field(repr=False)
    form: str
    schema: dict[str, Any]
    text: str

    @property
    def document(self) -> Any:
        """The request, read as JSON's readers do: a number beyond 64 bits is a float64."""
        return {self.form: json.loads(self.text, parse_int=_number)}

    @property
    def fits(self) -> bool:
        """Whether the schema takes it."""
        return not list(self.errors())

    def errors(self) -> Iterator[ValidationError]:
        """What the schema finds."""
        return Draft202012Validator(self.schema).iter_errors(self.document[self.form])


def _number(digits: str) -> int | float:
    return int(digits) if abs(int(digits)) < 2**64 else float(digits)


def forms(made: Contract) -> list[str]:
    """The names of the forms that a contract takes."""
    return ["data", "inputs", "instances"] if made.batched else ["data", "inputs"]


@st.composite
def requests(draw: st.DrawFn, *, faults: int = 0) -> Request:
    """A request made for a contract, but for at most so many faults; where there may be two, it may be anything."""
    made = draw(contracts())
    form = draw(st.sampled_from(forms(made)))
    schema = getattr(made, form).schema()
    nearly = texts(schema, draw(st.integers(0, faults)))
    return Request(made, form, schema, draw(nearly | ANYTHING if faults > 1 else nearly))


def follow(document: Any, pointer: str) -> tuple[Any, list[int | str], list[int]]:
    """What a JSON pointer points at, the path to it, and which part of its parent each of these steps takes."""
    path: list[int | str] = []
    order: list[int] = []
    for part in pointer.split("/")[1:]:
        if isinstance(document, list):
            path.append(int(part))
            order.append(int(part))
        else:
            name = part.replace("~1", "/").replace("~0", "~")
            full = next(key for key in document if key == name or (len(name) == CUT and key.startswith(name)))
            path.append(full)
            order.append(list(document).index(full))
        document = document[path[-1]]
    return document, path, order


def paths(errors: Iterable[ValidationError]) -> Iterator[tuple[int | str, ...]]:
    """Where a schema finds faults, in whichever of the forms that it tries."""
    for error in errors:
        yield tuple(error.absolute_path)
        yield from paths(error.context or ())


def check_places(request: Request, places: Sequence[Place]) -> None:
    """There are places, in the order of the request, and the schema finds a fault at each of them."""
    assert 1 <= len(places) <= MAX_PLACES
    found = [follow(request.document, place.pointer) for place in places]
    assert [order for _, _, order in found] == sorted(order for _, _, order in found)
    wrong = set(paths(request.errors()))
    for place, (_, path, _) in zip(places, found, strict=True):
        assert "more than once" not in place.detail  # which no request is that is made here
        # It is of the object that the schema says that it has unknown members.
        assert tuple(path[1:-1] if place.detail.startswith("unknown member") else path[1:]) in wrong


def check_lengths(request: Request, place: Place) -> None:
    """The place is an array of another length than the first one beside it."""
    array, path, _ = follow(request.document, place.pointer)
    first = request.document
    for step in path:  # a feature's name may be a number, too
        first = first[0 if isinstance(step, int) else step]
    lengths = IRREGULAR.fullmatch(place.detail)
    assert lengths, place
    assert (int(lengths[1]), int(lengths[2])) == (len(first), len(array))
    assert len(first) != len(array)


@unhurried
@given(requests())
def test_what_is_written_by_the_schema_is_taken(request_: Request) -> None:
    """JSON that the schema describes becomes tensors of the signature's shapes."""
    Draft202012Validator.check_schema(request_.schema)
    assert request_.fits
    batch = parse(request_.contract, request_.text, request_.form)
    assert batch.inputs.keys() == request_.contract.signature.inputs.keys()
    for feature in request_.contract.features:
        values, shape = unpack(batch.inputs[feature.name])
        assert len(shape) == len(feature.shape)
        assert all(want in (None, got) for want, got in zip(feature.shape, shape, strict=True))
        assert values


@thorough
@given(requests(faults=1) | requests(faults=2))
def test_schema_and_gateway_agree(request_: Request) -> None:
    """What the schema refuses is refused with places in the request; what it takes is taken, if it is regular."""
    try:
        parse(request_.contract, request_.text, request_.form)
    except InvalidInputError as error:
        if request_.fits:
            (place,) = error.errors
            check_lengths(request_, place)
        else:
            check_places(request_, error.errors)
    else:
        assert request_.fits


@unhurried
@given(contracts())
def test_examples_are_what_they_are_examples_of(made: Contract) -> None:
    """The value that documents a form is taken by its schema and by the gateway."""
    for form in forms(made):
        choice = getattr(made, form)
        Draft202012Validator(choice.schema()).validate(choice.example())
        parse(made, json.dumps(choice.example()), form)


PAIR = contract({"a": info(pb.DT_FLOAT, -1, 1), "b": info(pb.DT_FLOAT, -1, -1, -1)})
WHOLE = contract({"x": info(pb.DT_FLOAT, -1, -1)}, {"y": info(pb.DT_FLOAT)})


@pytest.mark.parametrize(
    ("made", "text", "pointer", "first", "got"),
    [
        (of_shape(-1), "[[1], [2, 3], [4, 5]]", "/data/1", 1, 2),
        (of_shape(2, -1), "[[1, 2], [3]]", "/data/1", 2, 1),
        (of_shape(2, -1), "[[[1], [2]], [[3], [4, 5]]]", "/data/1/1", 1, 2),
        (of_shape(-1, -1), "[[[1], [2]], [[3]]]", "/data/1", 2, 1),
        (of_shape(-1, -1), "[[[1], [2, 3]], [[4]]]", "/data/1", 2, 1),
        (PAIR, '[{"a": 1, "b": [[1, 2]]}, {"b": [[3]], "a": 2}]', "/data/1/b/0", 2, 1),
        (WHOLE, "[[1, 2], [3]]", "/data/1", 2, 1),
    ],
)
def test_arrays_of_any_length_are_all_of_one(made: Contract, text: str, pointer: str, first: int, got: int) -> None:
    """Where any length goes, the schema takes arrays of several; the gateway points at one that is unlike the first."""
    assert Request(made, "data", made.data.schema(), text).fits
    assert refusal(made, text) == [Place(pointer, f"expected an array of {first} as before it, got one of {got}")]
