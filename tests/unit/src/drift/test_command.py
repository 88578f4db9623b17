"""`python -m src.drift`: what it says, and how it ends."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from src import models_config
from src.card import Card
from src.drift.__main__ import main
from src.errors import DriftError, InputError, StoreError
from tests.unit.src.drift import world


@pytest.fixture(scope="module")
def card() -> Card:
    """The card of a model trained on 5,000 rows."""
    return world.card(world.draw(1, 5000))


def write(folder: Path, gateway: world.Gateway, name: str = "metrics.prom") -> str:
    """A file with a gateway's metrics."""
    (folder / name).write_text(gateway.text(), encoding="utf-8")
    return str(folder / name)


@pytest.mark.parametrize("seed", range(2, 7))
def test_rows_like_those_of_training_have_not_drifted(
    tmp_path: Path, card: Card, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """A thousand new rows from the same distribution: every index stays below 0.1."""
    main([write(tmp_path, world.Gateway(card).answer(world.draw(seed, 1000))), "--json"])
    found = json.loads(capsys.readouterr().out)
    assert found["drifted"] is False
    assert {each["name"]: each["psi"] < 0.1 for each in found["judgements"]} == dict.fromkeys(
        ("area", "rooms", "grade", "rent"), True
    )


def test_the_features_that_have_moved_are_named_and_no_others(
    tmp_path: Path, card: Card, capsys: pytest.CaptureFixture[str]
) -> None:
    """Larger areas move the rents too, which come of them; rooms and grades stay what they are."""
    rows = world.draw(2, 1000, larger=0.8)
    with pytest.raises(DriftError) as caught:
        main([write(tmp_path, world.Gateway(card).answer(rows))])
    assert caught.value.exit_code == 5
    heading, columns, *lines = capsys.readouterr().out.splitlines()
    assert heading == "flats version 1"
    assert columns.split() == ["PSI", "VALUES", "OUT", "OF", "RANGE", "UNKNOWN", "MOVED", "MOST"]
    words = [line.split() for line in lines]
    assert {line[0] for line in words[:2]} == {"area", "rent"}
    assert {line[0] for line in words[2:]} == {"rooms", "grade"}
    assert ["drifted" in line for line in words] == [True, True, False, False]
    indices = [float(next(word for word in line if word[0].isdigit())) for line in words]
    assert indices == sorted(indices, reverse=True)
    area = next(line for line in lines if "area" in line)
    edge = float(area.partition("(")[2].partition(",")[0])
    assert area.split(" +inf): ")[1] == f"10% → {np.mean(rows.inputs['area'] > edge):.0%}"
    assert str(caught.value).startswith("drifted (PSI above 0.2): flats version 1: ")
    assert {name: name in str(caught.value) for name in ("area", "rent (output)", "rooms", "grade")} == {
        "area": True,
        "rent (output)": True,
        "rooms": False,
        "grade": False,
    }


def test_moved_categories_are_drift_too(tmp_path: Path, card: Card) -> None:
    """The grade alone is named."""
    source = write(tmp_path, world.Gateway(card).answer(world.draw(2, 1000, grades=(0.6, 0.2, 0.2))))
    with pytest.raises(DriftError, match=r"^drifted \(PSI above 0\.2\): flats version 1: grade 0\.\d{3}$"):
        main([source])
    main([source, "--threshold", "2"])


def test_too_few_rows_are_said_to_be_too_few(tmp_path: Path, card: Card, capsys: pytest.CaptureFixture[str]) -> None:
    """However far they have moved: a scheduler goes on; who wants to know it all the same says so."""
    source = write(tmp_path, world.Gateway(card).answer(world.draw(2, 199, larger=3)))
    main([source])
    lines = capsys.readouterr().out.splitlines()
    assert [("not judged, it takes 200" in line, " 199 " in line) for line in lines[2:]] == [(True, True)] * 4
    with pytest.raises(DriftError):
        main([source, "--min-rows", "100"])


def test_the_json_has_all_of_it(tmp_path: Path, card: Card, capsys: pytest.CaptureFixture[str]) -> None:
    """The threshold, whether anything has drifted, and each judgement with its buckets."""
    with pytest.raises(DriftError):
        main([write(tmp_path, world.Gateway(card).answer(world.draw(2, 1000, larger=3))), "--json"])
    found = json.loads(capsys.readouterr().out)
    assert (found["threshold"], found["drifted"]) == (0.2, True)
    first = found["judgements"][0]
    assert (first["verdict"], first["values"], first["needed"], len(first["buckets"])) == ("drifted", 1000, 200, 10)
    assert sum(bucket["seen"] for bucket in first["buckets"]) == pytest.approx(1)


def test_a_prediction_log_is_judged_by_the_stores_cards(
    tmp_path: Path, card: Card, capsys: pytest.CaptureFixture[str]
) -> None:
    """As the metrics of the same requests would be."""
    world.put_into_store(tmp_path / "store", 1, card)
    rows = world.draw(2, 1000, larger=0.8)
    (tmp_path / "log.jsonl").write_text(world.log_lines(rows), encoding="utf-8")
    told = []
    for source in (write(tmp_path, world.Gateway(card).answer(rows)), str(tmp_path / "log.jsonl")):
        with pytest.raises(DriftError) as caught:
            main([source, "--store", str(tmp_path / "store")])
        told.append((str(caught.value), capsys.readouterr().out))
    assert told[0] == told[1]


def test_metrics_and_logs_together_are_refused(tmp_path: Path, card: Card) -> None:
    """They would count every request twice."""
    (tmp_path / "log.jsonl").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="give one or the other"):
        main([write(tmp_path, world.Gateway(card)), str(tmp_path / "log.jsonl")])


def test_models_and_versions_can_be_chosen(tmp_path: Path, card: Card, capsys: pytest.CaptureFixture[str]) -> None:
    """An old version that has drifted is no reason to act when only the stable one is asked about."""
    store = tmp_path / "store"
    for version in (1, 2):
        world.put_into_store(store, version, card)
    entry = 'name: "flats" base_path: "/models/flats" model_platform: "tensorflow"'
    policy = "model_version_policy { specific { versions: 1 versions: 2 } } version_labels { key: 'stable' value: 2 }"
    (store / models_config.CONFIG_FILE).write_text(
        f"model_config_list {{ config {{ {entry} {policy} }} }}", encoding="utf-8"
    )
    old = world.Gateway(card).answer(world.draw(2, 500, larger=2))
    source = write(tmp_path, world.Gateway(card, version=2, registry=old.registry).answer(world.draw(3, 500)))
    for words, headings in [
        (["--version", "2"], ["flats version 2"]),
        (["--version", "stable", "--store", str(store)], ["flats version 2"]),
        (["--model", "cars"], []),
    ]:
        main([source, *words])
        assert [line for line in capsys.readouterr().out.splitlines() if line.startswith("flats")] == headings
    with pytest.raises(DriftError, match="flats version 1: "):
        main([source, "--model", "flats"])
    out = capsys.readouterr().out
    assert out.index("flats version 2") < out.index("flats version 1")
    with pytest.raises(StoreError, match=r"^no version of flats in .*none is stable$"):
        main([source, "--version", "stable", "--store", str(tmp_path / "none")])


def test_nothing_seen_is_told_and_no_failure(tmp_path: Path, card: Card, capsys: pytest.CaptureFixture[str]) -> None:
    """As after a restart: a scheduler looks again later."""
    (tmp_path / "metrics.prom").write_text("", encoding="utf-8")
    main([str(tmp_path / "metrics.prom")])
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "drift: nothing to judge: no value of a watched feature or output was seen\n"
    main([write(tmp_path, world.Gateway(card))])
    assert "area           -    not judged, it takes 200  0  " in capsys.readouterr().out


def test_a_scheduler_is_told_of_drift_once(tmp_path: Path, card: Card) -> None:
    """What was judged is not judged again: after the drift has gone, the next looks are quiet."""
    since = ["--since", str(tmp_path / "drift.json")]
    gateway = world.Gateway(card).answer(world.draw(2, 1000, larger=1))
    with pytest.raises(DriftError):
        main([write(tmp_path, gateway), *since])
    main([write(tmp_path, gateway.answer(world.draw(3, 150, larger=1))), *since])
    with pytest.raises(DriftError):
        main([write(tmp_path, gateway.answer(world.draw(4, 150, larger=1))), *since])
    main([write(tmp_path, gateway.answer(world.draw(5, 1000))), *since])


def test_a_failure_keeps_the_place(tmp_path: Path, card: Card) -> None:
    """What could not be read is judged at the next look."""
    since = ["--since", str(tmp_path / "drift.json")]
    source = write(tmp_path, world.Gateway(card).answer(world.draw(2, 300)))
    main([source, *since])
    before = (tmp_path / "drift.json").read_bytes()
    with pytest.raises(InputError):
        main([source, str(tmp_path / "none"), *since])
    assert (tmp_path / "drift.json").read_bytes() == before


@pytest.mark.parametrize(
    "words",
    [[], ["x", "--threshold", "0"], ["x", "--threshold", "nan"], ["x", "--min-rows", "0"], ["x", "--version", "new"]],
)
def test_wrong_usage_exits_with_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """No source, a threshold or a number of rows that is none, a version that is none."""
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == 2
    assert capsys.readouterr().err.startswith("python -m src.drift: ")


def test_the_command_exits_with_5_for_drift(tmp_path: Path, card: Card) -> None:
    """As a scheduler sees it: the table on standard output, one line on standard error."""
    source = write(tmp_path, world.Gateway(card).answer(world.draw(2, 1000, larger=2)))
    words = [sys.executable, "-m", "src.drift", source]
    ended = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 5
    assert ended.stderr.startswith("drift: drifted (PSI above 0.2): flats version 1: ")
    assert ended.stderr.count("\n") == 1
    assert ended.stdout.splitlines()[0] == "flats version 1"
