"""A prediction log is counted as a gateway would have counted."""

import json
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from src.card import Card
from src.drift import exposition
from src.drift.predictions import Reader
from src.drift.tally import Key
from src.errors import InputError
from src.recipe import Split
from tests.unit.src.drift import world

AREA, GRADE = Key("flats", 1, "feature", "area"), Key("flats", 1, "feature", "grade")


@pytest.fixture(scope="module")
def train() -> Split:
    """Rows to train on."""
    return world.draw(1, 2000)


@pytest.fixture(scope="module")
def card(train: Split) -> Card:
    """The card of the model that was trained on them."""
    return world.card(train)


@pytest.fixture
def store(tmp_path: Path, card: Card) -> Path:
    """A store with that version."""
    world.put_into_store(tmp_path / "store", 1, card)
    return tmp_path / "store"


def reader(store: Path, since: dict[str, datetime] | None = None) -> Reader:
    """A reader of all versions' rows."""
    return Reader(store, lambda _model, _version: True, since or {})


def write(folder: Path, text: str) -> str:
    """A log with this text."""
    (folder / "log.jsonl").write_text(text, encoding="utf-8")
    return str(folder / "log.jsonl")


def test_a_log_gives_what_the_metrics_would(tmp_path: Path, store: Path, train: Split, card: Card) -> None:
    """Bucket for bucket, also of values on the edges, of which training rows have many, and outside the range."""
    rows = [train, world.draw(2, 500, larger=4)]
    reading = reader(store)
    for part in rows:
        reading.read(write(tmp_path, world.log_lines(part)))
    gateway = world.Gateway(card)
    for part in rows:
        gateway.answer(part)
    counted = exposition.read(gateway.text(), "here")
    tallies, _ = reading.seen()
    assert {key: dict(+tally.counts) for key, tally in tallies.items()} == {
        key: dict(+tally.counts) for key, tally in counted.items()
    }
    assert {key: tally.out_of_range for key, tally in tallies.items()} == {
        key: tally.out_of_range for key, tally in counted.items()
    }
    assert tallies[AREA].out_of_range > 50
    assert {key: tally.shares for key, tally in tallies.items()} == {
        key: tally.shares for key, tally in counted.items()
    }
    assert reading.notes == []


def test_values_that_are_no_finite_numbers_or_unknown_are_told_apart(tmp_path: Path, store: Path) -> None:
    """A log has null for NaN, and bytes that are no text as an object."""
    line = json.loads(world.log_lines(world.draw(3, 4), size=4))
    line["inputs"]["grade"] = [["good"], ["royal"], [{"b64": "/w=="}], ["poor"]]
    line["outputs"]["rent"] = [[None], [900.0], [None], [800]]
    reading = reader(store)
    reading.read(write(tmp_path, json.dumps(line)))
    tallies, _ = reading.seen()
    assert (dict(+tallies[GRADE].counts), tallies[GRADE].unknown) == ({"good": 1, "poor": 1}, 2)
    assert tallies[Key("flats", 1, "output", "rent")].values == 2


def test_lines_that_are_torn_are_passed_over_and_told(tmp_path: Path, store: Path) -> None:
    """A gateway that was killed leaves one, and so does one that is writing just now."""
    first, *_, last = world.log_lines(world.draw(2, 21)).splitlines()
    log = write(tmp_path, f'{first}\n{first[:70]}\n\n{{"time": 1}}\n{last}\n{last[:-9]}')
    reading = reader(store)
    reading.read(log)
    assert reading.seen()[0][AREA].values == 14
    assert reading.notes == [f"{log}: lines that are none of a prediction log: 3, the first is 2"]


def test_a_model_that_takes_no_rows_is_passed_over(tmp_path: Path, store: Path) -> None:
    """Its values stand by themselves, and no card tells of them; that is no torn line."""
    line = json.loads(world.log_lines(world.draw(3, 4), size=4))
    line |= {"inputs": {"area": 70.5}, "outputs": {"rent": 900.0}}
    reading = reader(store)
    reading.read(write(tmp_path, json.dumps(line)))
    assert {tally.values for tally in reading.seen()[0].values()} == {0}
    assert reading.notes == []


def test_a_file_that_is_no_prediction_log_is_refused(tmp_path: Path, store: Path) -> None:
    """Such as the gateway's other log."""
    with pytest.raises(InputError, match=r"log\.jsonl line 1 is none of a prediction log$"):
        reader(store).read(write(tmp_path, '{"level": "INFO", "message": "started"}\n'))


def test_a_version_that_the_store_does_not_have_is_told(tmp_path: Path, store: Path, card: Card) -> None:
    """And one whose card is from before there were shares; the others are read."""
    bare = [msgspec.structs.replace(feature, shares=msgspec.UNSET) for feature in card.features]
    outputs = [msgspec.structs.replace(output, shares=msgspec.UNSET) for output in card.outputs]
    world.put_into_store(store, 2, msgspec.structs.replace(card, features=bare, outputs=outputs))
    rows = world.draw(2, 7)
    reading = reader(store)
    reading.read(write(tmp_path, "".join(world.log_lines(rows, version=version) for version in (1, 2, 9))))
    assert {key.version for key in reading.seen()[0]} == {1}
    assert reading.notes == [
        f"flats version 2 is not judged: it has no shares to compare with in {store}",
        f"flats version 9 is not judged: it has no card in {store}",
    ]


def test_what_is_not_wanted_is_not_looked_up(tmp_path: Path, store: Path) -> None:
    """Nor told of."""
    reading = Reader(store, lambda _model, version: version == 1, {})
    reading.read(write(tmp_path, world.log_lines(world.draw(2, 7), version=9)))
    assert reading.seen() == ({}, {})
    assert reading.notes == []


def test_lines_until_a_time_are_passed_over(tmp_path: Path, store: Path) -> None:
    """By feature, for one may wait for more values than another; the newest time is told."""
    log = write(tmp_path, world.log_lines(world.draw(2, 21), start=datetime(2026, 11, 27, 12, tzinfo=UTC)))
    reading = reader(store, {str(AREA): datetime(2026, 11, 27, 12, 0, 1, tzinfo=UTC)})
    reading.read(log)
    tallies, newest = reading.seen()
    assert (tallies[AREA].values, tallies[GRADE].values) == (7, 21)
    assert newest[AREA] == newest[GRADE] == datetime(2026, 11, 27, 12, 0, 2, tzinfo=UTC)
