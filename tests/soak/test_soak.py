"""The soak itself, in short, and what judges it."""

from pathlib import Path

import pytest

from tests.servers import Command
from tests.soak.client import Tally
from tests.soak.report import BEGIN, END, judge, text, write
from tests.soak.run import Look, Outcome, Plan, soaking
from tests.soak.samples import IS_LINUX, Held

MOST_BYTES = 25_000_000  # in so short a time a pool may still be filling up
MOST_THREADS = 8
HELD = Held(private_bytes=30_000_000, resident_bytes=60_000_000, descriptors=20, threads=16)


@pytest.mark.skipif(not IS_LINUX, reason="only Linux tells in /proc what a process holds")
def test_requests_leave_nothing_behind(server_command: Command, tmp_path: Path) -> None:
    """Requests of all kinds and new versions are answered right, and leave memory, descriptors and threads bounded."""
    plan = Plan(requests=3000, warm_up=2000, leg=1000, seconds=120)
    with soaking(tmp_path, server_command, plan, seed="tests") as soak:
        outcome = soak.run(lambda _: None)
    assert (outcome.tally.wrong, outcome.tally.examples, outcome.faults) == (0, [], [])
    assert outcome.tally.answers.total() == 3000
    assert {status for _, status in outcome.tally.answers} == {200, 400, 404, 405, 415, 422}
    first, last = outcome.looks[0], outcome.looks[-1]
    assert last.versions == 4
    for name, before in first.held.items():
        after = last.held[name]
        assert after.descriptors == before.descriptors, name
        assert after.threads <= before.threads + MOST_THREADS, name
        assert after.private_bytes < before.private_bytes + MOST_BYTES, name


def outcome(last: Held, *, wrong: int = 0, kinds: int = 100) -> Outcome:
    """A soak that began with HELD."""
    plan = Plan(requests=1000, warm_up=500, leg=500, seconds=60)
    looks = [Look(500, 2, 30, {"worker": HELD}, 120, 100), Look(1000, 3, 60, {"worker": last}, 130, kinds)]
    tally = Tally()
    tally.answers["one", 200] = 1000
    tally.wrong, tally.examples = wrong, ["one, POST /predict: 500"] * wrong
    return Outcome(plan, looks, tally)


def grown(**by: int) -> Held:
    """HELD, and some more."""
    return HELD + Held(**{"private_bytes": 0, "resident_bytes": 0, "descriptors": 0, "threads": 0, **by})


def test_a_soak_that_leaves_all_as_it_was_is_good() -> None:
    """A little noise is no fault."""
    assert judge(outcome(grown(private_bytes=1_400_000, resident_bytes=-1_000_000))) == []


@pytest.mark.parametrize(
    ("bad", "fault"),
    [
        (outcome(grown(private_bytes=1_500_000)), "worker: private memory, MB: 30.0, then 31.5"),
        (outcome(grown(resident_bytes=3_000_000)), "worker: resident memory, MB: 60.0, then 63.0"),
        (outcome(grown(descriptors=1)), "worker: file descriptors: 20, then 21"),
        (outcome(grown(threads=1)), "worker: threads: 16, then 17"),
        (outcome(HELD, kinds=105), "series that differ in more than a version: 100, then 105"),
        (outcome(HELD, wrong=1), "1 answers are not what they have to be"),
    ],
    ids=lambda value: value.split(":")[0] if isinstance(value, str) else "",
)
def test_growth_is_a_fault(bad: Outcome, fault: str) -> None:
    """Five per cent more memory, descriptors, threads or series, and a single wrong answer, are told."""
    assert judge(bad)[0] == fault


def test_a_soak_without_a_second_look_is_not_judged() -> None:
    """Where there is nothing to compare, that is a fault too."""
    cut = outcome(HELD)
    del cut.looks[1]
    assert "before there was anything to compare" in judge(cut)[0]


def test_tables_stand_between_the_markers(tmp_path: Path) -> None:
    """The report replaces what is between a document's markers, and nothing else; without them it is refused."""
    file = tmp_path / "soak.md"
    file.write_text(f"# Soak\n\n{BEGIN}\nold\n{END}\n\nMore.\n", encoding="utf-8")
    good = outcome(HELD)
    for _ in range(2):
        write(file, good, "embedded")
    assert file.read_text(encoding="utf-8") == f"# Soak\n\n{BEGIN}\n\n{text(good, 'embedded')}\n\n{END}\n\nMore.\n"
    assert "| worker | private memory, MB | 30.0 |" in text(good, "embedded")
    file.write_text("# Soak\n", encoding="utf-8")
    with pytest.raises(ValueError, match="has no <!-- soak: begin -->"):
        write(file, good, "embedded")
