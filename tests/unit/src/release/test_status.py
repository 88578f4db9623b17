"""The release as a table, and as JSON: how the versions stand, and what is wrong with them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from src.errors import ReleaseError
from src.release import history
from src.release.operations import Operator
from src.release.servers import Server, Status
from src.release.status import VersionStatus, as_table, survey
from src.release.traffic import Traffic
from tests.unit.src.release.stored import add_version

GATE = {"passed": False, "reasons": ["it is worse", "it is late"]}
METRICS = {"model": {"test": {"mae": 0.25, "rmse": 0.5, "r2": 0.9}}}


class Telling(Server):
    """A server that says what a test wants it to."""

    def __init__(self, states: dict[int, str], labels: dict[str, int], message: str = "") -> None:
        self.address = "here:8500"
        self._states, self._labels, self._message = states, labels, message

    def states(self, _model: str) -> dict[int, Status]:
        """The states of the line's versions."""
        return {version: Status(state, self._message) for version, state in self._states.items()}

    def labelled(self, _model: str, label: str) -> int | None:
        """Its labels."""
        return self._labels.get(label)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store with four versions: one that is loaded for a rollback, the stable one, a canary, and one refused."""
    created = (datetime.now(UTC) - timedelta(hours=3)).isoformat()
    for version in (1, 2, 3):
        add_version(tmp_path, version, card={"metrics": METRICS, "created": created})
    add_version(tmp_path, 4, card={"gate": GATE})
    operator = Operator(store=tmp_path)
    operator.promote("line", 1)
    operator.promote("line", 2)
    operator.canary("line", 3, Traffic(canary_share=0.1))
    return tmp_path


def by_version(lines: list[VersionStatus]) -> dict[int, VersionStatus]:
    """The lines of one model."""
    return {line.version: line for line in lines}


def test_versions_are_told_with_labels_states_metrics_and_age(store: Path) -> None:
    """The newest first, as the server has them; what it does not know of has no state."""
    server = Telling({1: "AVAILABLE", 2: "AVAILABLE", 3: "LOADING"}, {"stable": 2})
    assert as_table(survey(store, [server])).splitlines() == [
        "MODEL  VERSION  LABELS      STATE      MAE   R²      AGE",
        "line   4        -           -          -     -       -",
        "    refused by the gate: it is worse; it is late",
        "line   3        canary      LOADING    0.25  0.9000  3 h",
        "    not yet canary",
        "    0.1 of the requests",
        "line   2        stable      AVAILABLE  0.25  0.9000  3 h",
        "line   1        (previous)  AVAILABLE  0.25  0.9000  3 h",
    ]


def test_several_servers_are_counted(store: Path) -> None:
    """Where they do not agree, each state has its number; a label that is elsewhere on one is told."""
    states = {1: "AVAILABLE", 2: "AVAILABLE", 3: "AVAILABLE"}
    servers = [Telling(states, {"stable": 2, "canary": 3}), Telling({1: "AVAILABLE"}, {"stable": 1}, "no such file")]
    found = by_version(survey(store, servers))
    assert [found[version].state for version in (1, 2)] == ["AVAILABLE", "1 AVAILABLE, 1 -"]
    assert found[2].notes == ["stable is version 1 on here:8500"]
    assert found[1].notes == ["the server says: no such file"]


def test_without_a_server_the_states_are_unknown(store: Path) -> None:
    """What the store and models.config say is told all the same."""
    found = by_version(survey(store, []))
    assert {line.state for line in found.values()} == {"unknown"}
    assert found[2].labels == ["stable"]


def test_damage_is_told(store: Path) -> None:
    """A version that is no more what was published, and one that is named and gone."""
    (store / "line" / "3" / "saved_model.pb").write_bytes(b"torn")
    (store / "line" / "2").rename(store / "line" / "withdrawn-2")
    found = by_version(survey(store, []))
    assert found[3].notes[0] == "its saved_model.pb is not what was published (SHA-256)"
    assert found[3].mae == 0.25
    assert found[2].notes == ["it is named in models.config, and not in the store"]


def test_what_was_cut_off_is_told(store: Path) -> None:
    """The version that it was done with says what to run again."""
    history.begin(store, "promote", "line", 3, replaced=2, reason="")
    assert "a promote was cut off: run it again" in by_version(survey(store, []))[3].notes


def test_one_model_is_told_alone_or_refused(store: Path) -> None:
    """A name that is not there is answered with those that are."""
    add_version(store, 1, model="cubes")
    assert {line.model for line in survey(store, [])} == {"line", "cubes"}
    assert {line.model for line in survey(store, [], "cubes")} == {"cubes"}
    with pytest.raises(ReleaseError, match=r"^no model circles in .*; there is: cubes, line$"):
        survey(store, [], "circles")


def test_a_model_without_labels_is_served_at_its_newest(tmp_path: Path) -> None:
    """A SavedModel from elsewhere shows what is served."""
    for version in (1, 2):
        add_version(tmp_path, version)
    policy = "latest { num_versions: 2 }"
    text = f'model_config_list {{ config {{ name: "line" base_path: "/m" model_version_policy {{ {policy} }} }} }}'
    (tmp_path / "models.config").write_text(text, encoding="utf-8")
    assert [(line.labels, line.role) for line in survey(tmp_path, [])] == [([], "newest"), ([], "previous")]


@pytest.mark.parametrize(
    ("ago", "text"),
    [
        (timedelta(seconds=5), "5 s"),
        (timedelta(minutes=3), "3 min"),
        (timedelta(days=40), "40 d"),
        (timedelta(seconds=-9), "0 s"),
    ],
)
def test_the_age_has_the_unit_that_fits(ago: timedelta, text: str) -> None:
    """Also where another machine's clock is ahead."""
    line = VersionStatus(
        model="line",
        version=1,
        labels=[],
        role="",
        state="-",
        mae=None,
        r2=None,
        f1=None,
        created=datetime.now(UTC) - ago,
        notes=[],
    )
    assert as_table([line]).splitlines()[1].endswith(f" {text}")
