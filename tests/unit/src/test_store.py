"""The model store: what publishing promises while nothing goes wrong, and when the writer or the system refuses."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from src import store
from src.errors import ArtefactError, StoreError
from tests.unit.src.publisher import RACE_VERSIONS, publish, write
from tests.unit.src.test_store_crash import configured, leftovers, marks, write_staging


def test_versions_count_from_one(empty_store: Path) -> None:
    """Each publication gets the next integer, and what is found without a number is the promoted one."""
    assert [publish(empty_store, mark) for mark in "abc"] == [1, 2, 3]
    assert marks(empty_store) == {1: "a", 2: "b", 3: "c"}
    assert store.find(empty_store, "line") == (3, empty_store / "line" / "3")


def test_the_newest_version_is_the_greatest_number(empty_store: Path) -> None:
    """Versions compare as numbers, not as texts, and folders and files of other names are no versions."""
    publish(empty_store, "a")
    (empty_store / "line" / "1").rename(empty_store / "line" / "9")
    assert publish(empty_store, "b") == 10
    (empty_store / "line" / "notes").mkdir()
    (empty_store / "line" / "11").write_text("a file", encoding="utf-8")
    assert store.find(empty_store, "line")[0] == 10


def test_a_number_that_something_else_took_is_passed_over(empty_store: Path) -> None:
    """A file in the place of the next version does not stop publishing: the number after it is taken."""
    publish(empty_store, "a")
    (empty_store / "line" / "2").write_text("a file", encoding="utf-8")
    assert publish(empty_store, "b") == 3


def test_a_store_without_the_model_says_how_to_train_one(empty_store: Path) -> None:
    """Asking for a model without a version is refused with the command that makes one."""
    with pytest.raises(StoreError) as caught:
        store.find(empty_store, "line")
    expected = f"no version of line in {empty_store}; train one: python -m src.train line --store {empty_store}"
    assert str(caught.value) == expected


def test_preparing_makes_the_store_servable_and_removes_what_was_left(empty_store: Path) -> None:
    """A store is made with an empty release, and what a killed publisher staged is removed."""
    store.prepare(empty_store)
    assert configured(empty_store) == []
    write_staging(empty_store)
    store.prepare(empty_store)
    assert leftovers(empty_store) == []


def test_a_writer_that_fails_publishes_nothing(empty_store: Path) -> None:
    """Where writing or verifying raises, that error is passed on and no trace of the version stays."""

    def fail(path: Path) -> None:
        write(path, "b")
        raise ArtefactError("not the same")

    publish(empty_store, "a")
    with pytest.raises(ArtefactError, match=r"^not the same$"):
        store.publish(empty_store, "line", fail, lambda _version: None)
    assert marks(empty_store) == {1: "a"}
    assert leftovers(empty_store) == []


@pytest.mark.parametrize(("below", "reason"), [("", "File exists"), ("store", "Not a directory")])
def test_a_store_that_cannot_be_made_is_refused(tmp_path: Path, below: str, reason: str) -> None:
    """A regular file in the store's place, or above it, is reported in one line with the system's reason."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    folder = tmp_path / "file" / below
    with pytest.raises(StoreError) as caught:
        store.prepare(folder)
    assert str(caught.value) == f"cannot write the model store {folder}: {reason}"


def test_everything_is_on_the_disk_before_the_version_can_be_seen(
    empty_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every file and folder of a version is synchronised before the rename, and the rename itself right after it."""
    fsync, rename, log = os.fsync, Path.rename, list[str]()

    def logged_fsync(descriptor: int) -> None:
        log.append(str(Path(f"/proc/self/fd/{descriptor}").readlink().relative_to(empty_store)))
        fsync(descriptor)

    def logged_rename(path: Path, target: Path) -> Path:
        log.append("rename")
        return rename(path, target)

    store.prepare(empty_store)
    monkeypatch.setattr(os, "fsync", logged_fsync)
    monkeypatch.setattr(Path, "rename", logged_rename)
    publish(empty_store, "a")
    renamed = log.index("rename")
    version = empty_store / "line" / "1"
    content = {f"line/{store.STAGING}/{path.relative_to(version)}" for path in version.rglob("*")}
    assert set(log[:renamed]) == content | {f"line/{store.STAGING}"}
    assert log[renamed + 1] == "line"


def test_several_publishers_at_once_get_consecutive_whole_versions(empty_store: Path) -> None:
    """Publishers that start together neither lose nor share a version, and none removes what another has staged."""
    command: list[str | Path] = [sys.executable, "-m", "tests.unit.src.publisher", "race", empty_store]
    publishers = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    for publisher in publishers:
        assert publisher.stdout is not None
        assert publisher.stdout.readline() == "ready\n"
    for publisher in publishers:
        assert publisher.stdin is not None
        publisher.stdin.write("go\n")
        publisher.stdin.flush()
    for publisher in publishers:
        publisher.communicate(timeout=60)
    assert [publisher.returncode for publisher in publishers] == [0, 0, 0]
    found = marks(empty_store)
    assert list(found) == list(range(1, 3 * RACE_VERSIONS + 1))
    assert sorted(found.values()) == sorted(f"{p.pid}.{n};" for p in publishers for n in range(RACE_VERSIONS))
    assert leftovers(empty_store) == []


def test_the_store_does_not_need_tensorflow() -> None:
    """Importing the store costs no import of TensorFlow, nor of Keras or NumPy."""
    code = "import sys, src.store; sys.exit(bool({'tensorflow', 'keras', 'numpy'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("kind", ["file", "symbolic link"])
def test_whatever_stands_in_the_way_of_staging_is_removed(empty_store: Path, tmp_path: Path, kind: str) -> None:
    """A file or a link where a version is staged does not block the store, and the link's target is left alone."""
    staging = empty_store / "line" / store.STAGING
    staging.parent.mkdir(parents=True)
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "kept").touch()
    if kind == "file":
        staging.touch()
    else:
        staging.symlink_to(tmp_path / "target")
    assert publish(empty_store, "a") == 1
    assert (tmp_path / "target" / "kept").exists()


def test_a_publisher_that_waits_says_so(empty_store: Path) -> None:
    """A publisher that finds the store locked says what it waits for, and goes on when it can."""
    empty_store.mkdir(exist_ok=True)
    command: list[str | Path] = [sys.executable, "-m", "tests.unit.src.publisher", "once", empty_store]
    with (empty_store / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        publisher = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert publisher.stderr is not None
        assert publisher.stderr.readline() == f"waiting for another run that is writing to {empty_store}\n"
        assert marks(empty_store) == {}
    _, rest = publisher.communicate(timeout=60)
    assert (publisher.returncode, rest, marks(empty_store)) == (0, "", {1: "b"})
