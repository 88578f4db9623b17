"""The model store on a full disk: one clear line, whole versions only, nothing left over."""

import sys
from pathlib import Path

import pytest

from tests.small_disk import run_on_small_disk
from tests.unit.src.publisher import FILES, OTHER_FILES

NOTHING = {".lock", ".release.lock", "models.config"}
WHOLE = {*NOTHING, *(f"line/1/{name}" for name in (*FILES, *OTHER_FILES))}
HISTORY = {"history.jsonl"}  # perhaps empty


@pytest.mark.parametrize("kilobytes", range(4, 44, 4))
def test_a_publisher_that_runs_out_of_disk_leaves_nothing_behind(tmp_path: Path, kilobytes: int) -> None:
    """Wherever the disk runs full, the publisher says so in one line and leaves a whole version or no trace of it."""
    ended = run_on_small_disk(tmp_path, kilobytes, [sys.executable, "-m", "tests.unit.src.publisher", "once", tmp_path])
    failed = f"cannot write the model store {tmp_path}: No space left on device"
    untold = f"line version 1 is published, and not promoted: {failed}"
    assert ended.stderr == f"publisher: {untold if {*ended.files} >= WHOLE else failed}\n"
    assert ended.exit_code == 1
    assert {*ended.files} in (NOTHING, WHOLE, WHOLE | HISTORY)


def test_a_publisher_succeeds_where_the_disk_suffices(tmp_path: Path) -> None:
    """A disk with one page more than the version and the configuration need is enough: nothing is written twice."""
    ended = run_on_small_disk(tmp_path, 44, [sys.executable, "-m", "tests.unit.src.publisher", "once", tmp_path])
    assert (ended.exit_code, ended.stderr) == (0, "")
    assert {*ended.files} == WHOLE | HISTORY


def test_every_way_in_which_tensorflow_reports_a_full_disk_is_the_stores_error(tmp_path: Path) -> None:
    """A real export on a disk that grows page by page fails as the store's error each time, until it fits."""
    ended = run_on_small_disk(tmp_path, 4, [sys.executable, "-m", "tests.unit.src.full_disk", tmp_path])
    assert (ended.exit_code, ended.stderr) == (0, "")
    *failures, last = ended.stdout.splitlines()
    assert last == "published"
    # Variables, their index, the graph, the fingerprint, the warm-up requests: each meets the end of the disk once.
    assert len(failures) > len(("variables", "index", "graph", "fingerprint", "warm-up"))
    full = "No space left on device"
    staging = f"cannot write {tmp_path}/line/.staging: {full} | [] | []"
    sums = f"cannot write the model store {tmp_path}: {full} | [] | []"
    told = f"line version 1 is published, and not promoted: cannot write the model store {tmp_path}: {full} | [] | [1]"
    assert {*failures} <= {staging, sums, told}
