"""The command `python -m src.release`, without a server."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from src import cli
from src.locks import RELEASING, held
from src.release.__main__ import main, parse_arguments
from tests.unit.src.release.stored import add_version

NOBODY = "no model server answers at 127.0.0.1:1: none is waited for\n"


def run(store: Path, *words: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """Run a command on a store: its exit code, output and errors."""
    code = cli.run(lambda: main([*words, "--store", str(store)]), "release")
    ended = capsys.readouterr()
    return code, ended.out, ended.err


def test_changes_are_carried_out_and_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each says in one line what is so now, and stands in the history with its reason."""
    for version in (1, 2, 3):
        add_version(tmp_path, version)
    lines = {
        ("promote", "line", "1"): "line version 1 is stable",
        ("promote", "line", "2", "--reason", "it is better"): "line version 2 is stable; before: version 1",
        ("canary", "line", "3", "--share", "5%", "--shadow-share", "0.5"): (
            "line version 3 is the canary, for 0.05 of the requests, and a copy of 0.5"
        ),
        ("retire", "line", "3"): "line version 3 is out of service",
        ("rollback", "line"): "line version 1 is stable again, not 2",
    }
    for words, line in lines.items():
        ended = run(tmp_path, *words, "--offline", capsys=capsys)
        assert ended == (0, f"{NOBODY}{line}, for servers that start from now on\n", "")
    code, out, _ = run(tmp_path, "history", capsys=capsys)
    assert code == 0
    done = [" ".join(line.split()[4:6]) for line in out.splitlines()[1:]]
    assert done == ["promote 1", "promote 2", "canary 3", "retire 3", "rollback 1"]
    assert "it is better" in out
    _, out, _ = run(tmp_path, "history", "line", "--json", capsys=capsys)
    told = [(operation["outcome"], operation["detail"]) for operation in json.loads(out)]
    assert told == [("done", "0.05 of the requests, and a copy of 0.5" if n == 2 else "") for n in range(5)]


def test_a_share_that_is_left_out_stays_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A canary begins with a tenth of the requests and no copies; either is changed without the other."""
    for version in (1, 2, 3):
        add_version(tmp_path, version)
    run(tmp_path, "promote", "line", "1", "--offline", capsys=capsys)
    seen = []
    for canary, words in (("2", ["--share", "0.4"]), ("2", ["--shadow-share", "0.5"]), ("2", []), ("3", [])):
        assert run(tmp_path, "canary", "line", canary, *words, "--offline", capsys=capsys)[0] == 0
        shares = json.loads((tmp_path / "traffic.json").read_text(encoding="utf-8"))["line"]
        seen.append((shares["canary_share"], shares["shadow_share"]))
    assert seen == [(0.4, 0.0), (0.4, 0.5), (0.4, 0.5), (0.1, 0.0)]
    assert "    0.1 of the requests" in run(tmp_path, "status", capsys=capsys)[1]


def test_without_a_server_nothing_is_changed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line says whom it asked, and how to do it all the same."""
    add_version(tmp_path, 1)
    ended = run(tmp_path, "promote", "line", "1", capsys=capsys)
    told = "no model server answers at 127.0.0.1:1; is MODEL_SERVER right? --offline writes the release for servers"
    assert ended == (1, "", f"release: {told} that start later\n")
    assert not (tmp_path / "models.config").exists()
    assert not (tmp_path / "history.jsonl").exists()


def test_the_status_is_told_without_a_server(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The table is on standard output, that no server answers on standard error."""
    add_version(tmp_path, 1)
    code, out, err = run(tmp_path, "status", "line", capsys=capsys)
    assert (code, out.splitlines()[1].split()) == (0, ["line", "1", "-", "unknown", "-", "-", "-"])
    assert err == "release: no model server answers at 127.0.0.1:1; the states are not known\n"
    _, out, _ = run(tmp_path, "status", "--json", capsys=capsys)
    assert [line["version"] for line in json.loads(out)] == [1]


def test_a_version_that_is_not_there_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The message lists those that are."""
    add_version(tmp_path, 4)
    expected = f"release: no version 9 of line in {tmp_path}; there is: 4\n"
    assert run(tmp_path, "promote", "line", "9", "--offline", capsys=capsys) == (1, "", expected)
    assert run(tmp_path, "rollback", "line", "--offline", capsys=capsys)[2].startswith(
        "release: there is nothing to roll line back"
    )


@pytest.mark.parametrize("words", [["status"], ["history"], ["rollback", "line", "--offline"]])
def test_a_store_or_model_that_is_not_there_is_refused_and_not_made(
    tmp_path: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A slip in the path leaves no folder, and one in the name, or a name that leads elsewhere, no trace."""
    told = f"release: there is no model store {tmp_path / 'stoer'}; src.train makes one\n"
    assert run(tmp_path / "stoer", *words, capsys=capsys)[::2] == (1, told)
    add_version(tmp_path / "store", 1)
    add_version(tmp_path, 1, model="secret")
    for name in ("liine", "../secret"):
        asked = [words[0], name, *words[2:]]
        ended = run(tmp_path / "store", *asked, capsys=capsys)
        assert ended[::2] == (1, f"release: no model {name} in {tmp_path / 'store'}; there is: line\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["secret", "store"]
    assert [path.name for path in (tmp_path / "store").iterdir()] == ["line"]


def test_a_version_that_the_gate_refused_is_promoted_only_by_force(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The gate's reasons are told, and --force does it all the same."""
    add_version(tmp_path, 1, card={"gate": {"passed": False, "reasons": ["it is worse"]}})
    refused = "release: the gate refused line version 1: it is worse; --force serves it all the same\n"
    assert run(tmp_path, "promote", "line", "1", "--offline", capsys=capsys) == (1, "", refused)
    assert run(tmp_path, "promote", "line", "1", "--offline", "--force", capsys=capsys)[0] == 0


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["promote", "line"],
        ["promote", "line", "0"],
        ["promote", "line", "one"],
        ["canary", "line", "1", "--share", "1.5"],
        ["canary", "line", "1", "--share", "much"],
        ["rollback", "line", "--timeout", "0"],
        ["rollback", "line", "--timeout", "soon"],
        ["rollback", "line", "--keep", "0"],
        ["rollback", "line", "--served-from", "models"],
        ["rollback", "line", "1"],
    ],
)
def test_a_wrong_call_is_one_line_and_exit_code_2(words: Sequence[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The message names what is wrong."""
    with pytest.raises(SystemExit) as caught:
        parse_arguments(words)
    assert caught.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_releasing_does_not_need_tensorflow() -> None:
    """A rollback does not wait for TensorFlow to be imported."""
    modules = "src.release.__main__, src.release.operations, src.release.status, src.release.golden"
    code = f"import sys, {modules}; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_second_operator_waits_for_the_first(tmp_path: Path) -> None:
    """While one changes the release, another says that it waits, and then works on what has become of it."""
    for version in (1, 2):
        add_version(tmp_path, version)
    words = [sys.executable, "-m", "src.release", "promote", "line", "2", "--offline", "--store", str(tmp_path)]
    with held(tmp_path, RELEASING):
        second = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert second.stderr is not None
        assert second.stderr.readline() == f"waiting for another release that is writing to {tmp_path}\n"
    out, err = second.communicate(timeout=60)
    assert (second.returncode, err) == (0, "")
    assert out == f"{NOBODY}line version 2 is stable, for servers that start from now on\n"
