"""`python -m src.train`, seen from outside."""

import re
import sys
from pathlib import Path

import pytest

from tests.e2e.commands import predict, run, versions
from tests.small_disk import run_on_small_disk


@pytest.fixture(scope="module")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A store made by one run with no more than its folder given, and what the run printed."""
    store = tmp_path_factory.mktemp("trained") / "deep" / "store"
    ended = run("src.train", "--store", store)
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == "", "noise on standard error"
    return store, ended.stdout


def test_a_run_says_what_it_made_how_good_it_is_and_what_to_do_next(first_run: tuple[Path, str]) -> None:
    """Eight lines, no noise: the version and its folder, metrics, the baseline's, the release, the report, commands."""
    store, stdout = first_run
    numbers = r"MAE [\d.e-]+, RMSE [\d.e-]+, R² -?[\d.]+"
    patterns = [
        f"line version 1 is published and promoted: {re.escape(str(store))}/line/1",
        f"  held-out rows: {numbers}",
        f"  baseline, mean of the training targets: {numbers}",
        r"  no model server answers at 127\.0\.0\.1:1: none is waited for",
        "  line version 1 is stable, for servers that start from now on",
        rf"Report:       {re.escape(str(store))}/line/reports/1\.html",
        rf"Try it here:  python -m src\.predict line 10 --store {re.escape(str(store))}",
        rf"Serve it:     python -m serving\.embedded --store {re.escape(str(store))}",
    ]
    lines = stdout.splitlines()
    assert len(lines) == len(patterns)
    for line, pattern in zip(lines, patterns, strict=True):
        assert re.fullmatch(pattern, line), line


def test_what_was_published_predicts(first_run: tuple[Path, str]) -> None:
    """The notebook's question: 10 gives 31."""
    store, _ = first_run
    assert "1" in versions(store)
    assert predict(store / "line" / "1", 10) == pytest.approx(31, abs=1e-2)


def test_a_quiet_run_prints_nothing_and_is_the_next_version(first_run: tuple[Path, str]) -> None:
    """`--quiet` leaves both outputs empty, and `--set` and the recipe's name are taken."""
    store, _ = first_run
    ended = run("src.train", "line", "--quiet", "--set", "epochs=600", "--store", store)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    assert versions(store) == ["1", "2"]
    assert (store / "line" / "reports" / "2.html").exists()


def test_a_model_worse_than_the_stable_one_is_kept_and_not_promoted(first_run: tuple[Path, str]) -> None:
    """The gate's exit code is 3, with the reason and the version's place in one line; what is served stays."""
    store, _ = first_run
    before = (store / "models.config").read_text(encoding="utf-8")
    ended = run("src.train", "--quiet", "--set", "epochs=300", "--store", store)
    number = r"MAE [\d.e-]+, RMSE [\d.e-]+, R² [\d.]+"
    message = (
        rf"train: refused: test {number} is worse than the stable version 2 on the same rows \({number}\) by more than"
        rf" 0\.01 of its MAE; version 3 is kept, not promoted: {re.escape(str(store))}/line/3\n"
    )
    assert re.fullmatch(message, ended.stderr)
    assert (ended.returncode, ended.stdout, versions(store)) == (3, "", ["1", "2", "3"])
    assert (store / "models.config").read_text(encoding="utf-8") == before


def test_a_model_without_numbers_is_not_published(tmp_path: Path) -> None:
    """The gate's exit code is 3, with one line, and the store stays servable and without a version."""
    ended = run("src.train", "--set", "learning_rate=1", "--store", tmp_path)
    message = r"train: the loss became (nan|inf) within 50 of 500 steps; a lower learning rate may help\n"
    assert re.fullmatch(message, ended.stderr)
    assert (ended.returncode, ended.stdout, versions(tmp_path)) == (3, "", [])
    assert (tmp_path / "models.config").read_text(encoding="utf-8").startswith("model_config_list {")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["circle"], r"unknown recipe 'circle'; there is: .*line.*"),
        (["--set", "epoch=1"], r"--set: unknown parameter 'epoch'; there is: seed, epochs, batch_size, learning_rate"),
        (["--set", "epochs=many"], r"--set epochs=many: expected `int`"),
        (["--set", "epochs"], r"--set epochs: expected key=value"),
    ],
)
def test_a_wrong_recipe_or_parameter_is_one_line(tmp_path: Path, arguments: list[str], message: str) -> None:
    """What the user can mend is said in one line, before any training, and no store is made."""
    ended = run("src.train", *arguments, "--store", tmp_path / "store")
    assert re.fullmatch(f"train: {message}\n", ended.stderr)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize(
    ("below", "reason"), [("", "File exists"), ("store", "Not a directory"), ("deep/store", "Not a directory")]
)
def test_a_store_that_cannot_be_written_is_one_line(tmp_path: Path, below: str, reason: str) -> None:
    """A regular file in the store's way is named with the system's reason, before any training."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    store = tmp_path / "file" / below
    ended = run("src.train", "--store", store)
    expected = f"train: cannot write the model store {store}: {reason}\n"
    assert (ended.returncode, ended.stdout, ended.stderr) == (1, "", expected)


def test_a_broken_release_file_is_one_line(tmp_path: Path) -> None:
    """A `models.config` that cannot be understood ends the run before training, and is not overwritten."""
    (tmp_path / "models.config").write_text("nonsense", encoding="utf-8")
    ended = run("src.train", "--store", tmp_path)
    assert ended.returncode == 1
    assert re.fullmatch(r"train: .*models\.config is no valid model server configuration: .*\n", ended.stderr)
    assert (tmp_path / "models.config").read_text(encoding="utf-8") == "nonsense"


@pytest.mark.parametrize("arguments", [["--epochs", "5"], ["line", "line"], ["--served-from", "models"]])
def test_wrong_usage_exits_with_2(tmp_path: Path, arguments: list[str]) -> None:
    """An unknown option, a word too many and a base path that servers refuse are usage errors."""
    ended = run("src.train", *arguments, "--store", tmp_path / "store")
    assert ended.returncode == 2
    assert re.fullmatch(r"python -m src\.train: .* \(--help tells more\)\n", ended.stderr)
    assert not (tmp_path / "store").exists()


def test_a_full_disk_is_one_line_and_leaves_no_partial_version(tmp_path: Path) -> None:
    """Where the SavedModel does not fit, the run fails in one line and leaves the store without a trace of it."""
    ended = run_on_small_disk(tmp_path, 16, [sys.executable, "-m", "src.train", "--store", tmp_path])
    expected = f"train: cannot write {tmp_path}/line/.staging: No space left on device\n"
    assert (ended.exit_code, ended.stdout, ended.stderr) == (1, "", expected)
    assert ended.files == [".lock", ".release.lock", "models.config"]
