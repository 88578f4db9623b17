"""`python -m src.train`, killed with SIGKILL while it publishes: whole versions only, and the next run succeeds."""

import signal
from pathlib import Path

import pytest

from tests.e2e.commands import predict, run, versions

EMPTY_RELEASE = "model_config_list {\n}\n"
STAGING = ".staging"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store that has been prepared, so that a run replaces `models.config` only after it has published."""
    (tmp_path / "models.config").write_text(EMPTY_RELEASE, encoding="utf-8")
    return tmp_path


def run_killed(store: Path, event: str, path: str) -> None:
    """Run the trainer until it is killed."""
    ended = run("tests.e2e.killed_train", event, path, "--quiet", "--store", store)
    assert ended.returncode == -signal.SIGKILL, f"was not killed: {ended}"


def check_next_run(store: Path, expected: list[str]) -> None:
    """Train again; every version then is whole, the newest is named, and nothing else is left."""
    ended = run("src.train", "--quiet", "--store", store)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    assert versions(store) == expected
    for version in expected:
        assert predict(store / "line" / version, 10) == pytest.approx(31, abs=1e-2)
    assert 'name: "line"' in (store / "models.config").read_text(encoding="utf-8")
    assert sorted(path.name for path in store.iterdir()) == [
        ".lock",
        ".release.lock",
        "history.jsonl",
        "line",
        "models.config",
    ]


def test_a_run_killed_before_the_rename_leaves_no_version(store: Path) -> None:
    """Killed during the export or right before the rename, there is no version; the next run makes one."""
    for event, path in (("os.mkdir", f"/{STAGING}/assets.extra"), ("os.rename", f"/{STAGING}")):
        run_killed(store, event, path)
        assert versions(store) == [STAGING]
        assert (store / "models.config").read_text(encoding="utf-8") == EMPTY_RELEASE
    assert (store / "line" / STAGING / "saved_model.pb").exists(), "the last kill came after the export"
    check_next_run(store, ["1"])


@pytest.mark.parametrize(
    ("event", "path"), [("open", "/line"), ("open", "/.models.config.draft"), ("os.rename", "/.models.config.draft")]
)
def test_a_run_killed_after_the_rename_leaves_a_whole_version(store: Path, event: str, path: str) -> None:
    """Killed before the rename is synced, or before models.config is replaced, the version is whole, the file valid."""
    run_killed(store, event, path)
    assert versions(store) == ["1"]
    assert predict(store / "line" / "1", 10) == pytest.approx(31, abs=1e-2)
    assert (store / "models.config").read_text(encoding="utf-8") == EMPTY_RELEASE
    check_next_run(store, ["1", "2"])
