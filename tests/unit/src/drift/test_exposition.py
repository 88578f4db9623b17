"""What is read in a gateway's `/metrics`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from src.drift import exposition
from src.drift.tally import Key
from src.errors import InputError
from tests.unit.src.drift import world

AREA, GRADE = Key("flats", 1, "feature", "area"), Key("flats", 1, "feature", "grade")


def test_all_that_is_watched_is_read() -> None:
    """The shares of the card, the counts of the values, and what lay outside or was refused."""
    card = world.card(world.draw(1, 1000))
    rows = world.draw(2, 300, larger=5)
    gateway = world.Gateway(card).answer(rows)
    gateway.refuse("grade", 4)
    found = exposition.read(gateway.text(), "here")
    assert set(found) == {AREA, GRADE, Key("flats", 1, "feature", "rooms"), Key("flats", 1, "output", "rent")}
    (area,) = (feature for feature in card.features if feature.name == "area")
    assert sorted(found[AREA].shares.values()) == sorted(area.shares or [])
    assert found[AREA].values == 300
    assert found[AREA].out_of_range == int((rows.inputs["area"] > area.max).sum()) > 10
    assert found[AREA].is_number
    assert found[GRADE].counts == {word: int((rows.inputs["grade"] == word).sum()) for word in world.GRADES}
    assert (found[GRADE].unknown, found[GRADE].is_number) == (4, False)


def test_workers_that_count_together_are_read_as_one(tmp_path: Path) -> None:
    """Counts of several processes add up, and shares, which each of them tells, do not."""
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    words = [[sys.executable, "-m", "tests.unit.src.drift.world", str(seed), "40"] for seed in (2, 3)]
    for worker in [subprocess.Popen(each, env=environment) for each in words]:
        assert worker.wait(60) == 0
    registry = CollectorRegistry()
    MultiProcessCollector(registry, str(tmp_path))  # type: ignore[no-untyped-call]
    found = exposition.read(generate_latest(registry).decode(), "here")
    assert found[AREA].values == 80
    assert sum(found[AREA].shares.values()) == pytest.approx(1, abs=1e-4)


def test_versions_are_told_apart() -> None:
    """Each has training data of its own, and so its own buckets."""
    registry = CollectorRegistry()
    for version, rows in ((3, 10), (12, 20)):
        card = world.card(world.draw(version, 500))
        world.Gateway(card, version=version, registry=registry).answer(world.draw(1, rows))
    found = exposition.read(generate_latest(registry).decode(), "here")
    values = {key.version: tally.values for key, tally in found.items() if key.name == "area"}
    assert values == {3: 10, 12: 20}


def test_values_without_shares_are_passed_over() -> None:
    """There is nothing to compare them with."""
    text = 'gateway_values_total{model="m",version="1",kind="feature",name="x",bucket="(-inf, 1.0]"} 5\n'
    assert exposition.read(text, "here") == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('gateway_values_total{model="m', r"^here is no text of Prometheus' format: "),
        ("<html>\n<p>Not found</p>\n</html>\n", r"^here is no text of Prometheus' format: "),
        ('gateway_values_total{model="m",version="one",name="x",bucket="a"} 1\n', r"^here is no text of"),
        ('gateway_values_total{model="m",version="1",bucket="a"} 1\n', r"^here is no text of"),
        ("up 1\nother_total 2\n", r"^here has the metrics of something else than a gateway, such as other"),
    ],
)
def test_what_is_no_gateways_metrics_is_told(text: str, message: str) -> None:
    """In one line that names the source."""
    with pytest.raises(InputError, match=message):
        exposition.read(text, "here")


def test_a_gateway_that_has_answered_nothing_yet_has_nothing_to_tell() -> None:
    """That is no mistake."""
    assert exposition.read("", "here") == {}
    assert exposition.read("# TYPE gateway_in_flight gauge\ngateway_in_flight 0\n", "here") == {}
