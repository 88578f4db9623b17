"""What a scheduler sees that looks again and again: only what came since."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from src.card import Card
from src.drift.looks import Look, State, at_logs, at_metrics, read_state, write_state
from src.drift.tally import Key, Tally
from src.errors import InputError
from tests.unit.src.drift import world

AREA, GRADE = Key("flats", 1, "feature", "area"), Key("flats", 1, "feature", "grade")
Looking = Callable[[State], Look]


@pytest.fixture(scope="module")
def card() -> Card:
    """A version's card."""
    return world.card(world.draw(1, 1000))


@pytest.fixture
def metrics(tmp_path: Path) -> Callable[..., Looking]:
    """Gives the way to look at the metrics of gateways."""

    def looking(**gateways: world.Gateway) -> Looking:
        files = []
        for name, gateway in gateways.items():
            (tmp_path / name).write_text(gateway.text(), encoding="utf-8")
            files.append(str(tmp_path / name))
        return lambda state: at_metrics(files, state)

    return looking


def values(look: Look, *keys: Key) -> list[int]:
    """How many values of some features a look has seen."""
    return [look.tallies[key].values for key in keys or (AREA,)]


def test_only_what_came_since_the_last_look_is_seen(metrics: Callable[..., Looking], card: Card) -> None:
    """Counters only grow: what they showed then is taken off, what was refused or out of range included."""
    gateway = world.Gateway(card).answer(world.draw(2, 300, larger=6))
    gateway.refuse("grade", 5)
    look = metrics(one=gateway)(State())
    assert values(look, AREA, GRADE) == [300, 300]
    state = look.then([AREA, GRADE])
    gateway.answer(world.draw(3, 70))
    gateway.refuse("grade", 2)
    look = metrics(one=gateway)(state)
    assert values(look, AREA, GRADE) == [70, 70]
    assert (look.tallies[AREA].out_of_range, look.tallies[GRADE].unknown) == (0, 2)
    assert look.tallies[AREA].counts.total() == 70
    assert min(look.tallies[AREA].counts.values()) >= 0


def test_what_is_not_judged_yet_adds_up(metrics: Callable[..., Looking], card: Card) -> None:
    """A look every hour would never see enough of a model that is seldom asked; each feature waits for itself."""
    gateway = world.Gateway(card).answer(world.draw(2, 100))
    state = metrics(one=gateway)(State()).then([GRADE])
    gateway.answer(world.draw(3, 50))
    look = metrics(one=gateway)(state)
    assert values(look, AREA, GRADE) == [150, 50]
    gateway.answer(world.draw(4, 25))
    assert values(metrics(one=gateway)(look.then([])), AREA, GRADE) == [175, 75]


def test_a_gateway_that_was_started_anew_is_taken_whole(metrics: Callable[..., Looking], card: Card) -> None:
    """Its counters began at nothing, also those that have grown beyond what they were; and so does what waits."""
    state = metrics(one=world.Gateway(card).answer(world.draw(2, 100)))(State()).then([AREA])
    anew = world.Gateway(card).answer(world.draw(3, 300, larger=1))
    look = metrics(one=anew)(state)
    assert values(look, AREA, GRADE) == [300, 300]
    state = look.then([])
    anew.answer(world.draw(4, 50))
    assert values(metrics(one=anew)(state), AREA, GRADE) == [350, 350]


def test_a_gateway_that_was_started_anew_and_not_asked_yet_is_noticed(
    metrics: Callable[..., Looking], card: Card
) -> None:
    """Its metrics do not mention the version at all."""
    state = metrics(one=world.Gateway(card).answer(world.draw(2, 100)))(State()).then([AREA])
    other = world.Gateway(card, version=2).answer(world.draw(2, 10))
    state = metrics(one=other)(state).then([])
    back = world.Gateway(card).answer(world.draw(2, 120))
    assert values(metrics(one=back)(state)) == [120]


def test_several_gateways_add_up_and_start_anew_by_themselves(metrics: Callable[..., Looking], card: Card) -> None:
    """One was restarted, one was not, and one is new."""
    one, two = (world.Gateway(card).answer(world.draw(seed, 200)) for seed in (2, 3))
    look = metrics(one=one, two=two)(State())
    assert values(look) == [400]
    state = look.then([AREA])
    two.answer(world.draw(4, 10))
    anew, new = (world.Gateway(card).answer(world.draw(seed, rows)) for seed, rows in ((5, 30), (6, 5)))
    assert values(metrics(one=anew, two=two, three=new)(state)) == [30 + 10 + 5]


def test_a_log_is_read_from_where_the_last_look_ended(tmp_path: Path, card: Card) -> None:
    """By the lines' times, so that a log may be rotated between two looks."""
    world.put_into_store(tmp_path / "store", 1, card)

    def look(state: State, hours: Iterable[int]) -> Look:
        logs = []
        for hour in hours:
            lines = world.log_lines(world.draw(hour, 70), start=datetime(2026, 11, 27, hour, tzinfo=UTC))
            (tmp_path / f"{hour}.jsonl").write_text(lines, encoding="utf-8")
            logs.append(str(tmp_path / f"{hour}.jsonl"))
        return at_logs(logs, state, tmp_path / "store", lambda _model, _version: True)

    first = look(State(), [10, 11])
    assert values(first, AREA, GRADE) == [140, 140]
    second = look(first.then([AREA]), [11, 12])
    assert values(second, AREA, GRADE) == [70, 140]
    assert values(look(second.then([AREA, GRADE]), [13]), AREA, GRADE) == [70, 70]
    assert look(second.then([AREA, GRADE]), [12]).tallies.get(AREA, Tally()).values == 0


def test_the_state_is_kept_in_a_file(tmp_path: Path) -> None:
    """Before the first look there is none; what is read is what was written."""
    file = tmp_path / "drift.json"
    assert read_state(None) == read_state(file) == State()
    state = State(
        counted={"http://a": {str(AREA): {"=(-inf, 1.0]": 5, "unknown": 0}}},
        times={str(AREA): datetime(2026, 11, 27, tzinfo=UTC)},
    )
    write_state(file, state)
    assert read_state(file) == state
    assert [path.name for path in tmp_path.iterdir()] == ["drift.json"]


def test_a_state_that_cannot_be_read_or_written_is_told(tmp_path: Path) -> None:
    """In one line that names the file."""
    (tmp_path / "other").write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match=r"^cannot read .*other, which should tell of the last look: "):
        read_state(tmp_path / "other")
    with pytest.raises(InputError, match=r"^cannot write .*drift\.json: No such file or directory$"):
        write_state(tmp_path / "none" / "drift.json", State())
