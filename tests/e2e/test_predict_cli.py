"""`python -m src.predict`, seen from outside."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.commands import PROJECT, run, user_environment


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with one version of the line."""
    folder = tmp_path_factory.mktemp("predict") / "store"
    assert run("src.train", "--quiet", "--store", folder).returncode == 0
    return folder


def predictions(ended: subprocess.CompletedProcess[str]) -> list[float]:
    """The printed numbers, one a line, of a command that ended well and without noise."""
    assert (ended.returncode, ended.stderr) == (0, "")
    return [float(line) for line in ended.stdout.splitlines()]


def test_ten_gives_31(store: Path) -> None:
    """The notebook's question, without naming the recipe."""
    assert predictions(run("src.predict", "--store", store, "10")) == pytest.approx([31], abs=1e-2)


def test_several_values_give_a_prediction_each(store: Path) -> None:
    """Options may stand between recipe and values; negative numbers are values, and any number is behind `--`."""
    ended = run("src.predict", "line", "--store", store, "-1", "0.5", "--", "-1e1")
    assert predictions(ended) == pytest.approx([-2, 2.5, -29], abs=2e-2)


def test_a_csv_file_gives_a_prediction_for_each_row(store: Path, tmp_path: Path) -> None:
    """Columns are found by the header, and more rows than fit into one batch come out in order."""
    path = tmp_path / "rows.csv"
    path.write_text("note,x\n" + "".join(f"n,{x}\n" for x in range(5000)), encoding="utf-8")
    expected = [3 * x + 1 for x in range(5000)]
    assert predictions(run("src.predict", "--store", store, path)) == pytest.approx(expected, rel=1e-3, abs=1e-2)


def test_standard_input_gives_a_prediction_for_each_row(store: Path) -> None:
    """`-` reads standard input."""
    assert predictions(run("src.predict", "--store", store, "-", stdin="10\n20\n")) == pytest.approx([31, 61], abs=2e-2)


def test_a_value_that_is_no_number_is_one_line(store: Path, tmp_path: Path) -> None:
    """The message says which value of which row cannot be taken, and no prediction is printed."""
    path = tmp_path / "rows.csv"
    path.write_text("x\n1\n1e39\n", encoding="utf-8")
    ended = run("src.predict", "--store", store, path)
    expected = f"predict: {path} line 3, x: '1e39' is no finite number of type float32\n"
    assert (ended.returncode, ended.stdout, ended.stderr) == (1, "", expected)


def test_an_empty_store_is_one_line(tmp_path: Path) -> None:
    """Without a version there is nothing to predict with, and the message says how to make one."""
    ended = run("src.predict", "--store", tmp_path, "10")
    expected = f"predict: no version of line in {tmp_path}; train one: python -m src.train line --store {tmp_path}\n"
    assert (ended.returncode, ended.stdout, ended.stderr) == (1, "", expected)


def test_an_unknown_option_is_wrong_usage(tmp_path: Path) -> None:
    """Wrong usage exits with 2."""
    ended = run("src.predict", "--nope", "--store", tmp_path, "10")
    expected = "python -m src.predict: unrecognized arguments: --nope (--help tells more)\n"
    assert (ended.returncode, ended.stderr) == (2, expected)


def test_a_reader_that_has_had_enough_ends_the_command_quietly(store: Path) -> None:
    """Piped into a program that reads no further, the command ends as SIGPIPE ends others, without a word."""
    command: list[str | Path] = [sys.executable, "-m", "src.predict", "--store", store, "10"]
    with subprocess.Popen(
        command, cwd=PROJECT, env=user_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_output_that_cannot_be_written_is_one_line(store: Path) -> None:
    """A full disk behind standard output is reported, not passed over."""
    command: list[str | Path] = [sys.executable, "-m", "src.predict", "--store", store, "10"]
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            command, cwd=PROJECT, env=user_environment(), stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (ended.returncode, ended.stderr) == (1, "predict: [Errno 28] No space left on device\n")
