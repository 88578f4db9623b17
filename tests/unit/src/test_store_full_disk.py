"""The model store on a full disk: one clear line, whole versions only, nothing left over."""

import sys
from pathlib import Path

import pytest

from tests.small_disk import run_on_small_disk
from tests.unit.src.publisher import FILES

NOTHING = [".lock", "models.config"]
WHOLE = sorted([*NOTHING, *(f"line/1/{name}" for name in FILES)])


@pytest.mark.parametrize("kilobytes", range(4, 32, 4))
def test_a_publisher_that_runs_out_of_disk_leaves_nothing_behind(tmp_path: Path, kilobytes: int) -> None:
    """Wherever the disk runs full, the publisher says so in one line and leaves a whole version or no trace of it."""
    ended = run_on_small_disk(tmp_path, kilobytes, [sys.executable, "-m", "tests.unit.src.publisher", "once", tmp_path])
    failed = f"cannot write the model store {tmp_path}: No space left on device"
    untold = "line version 1 is published, but servers are not told: No space left on device"
    assert ended.stderr == f"publisher: {untold if ended.files == WHOLE else failed}\n"
    assert ended.exit_code == 1
    assert ended.files in (NOTHING, WHOLE)


def test_a_publisher_succeeds_where_the_disk_suffices(tmp_path: Path) -> None:
    """A disk with one page more than the version and the configuration need is enough: nothing is written twice."""
    ended = run_on_small_disk(tmp_path, 32, [sys.executable, "-m", "tests.unit.src.publisher", "once", tmp_path])
    assert (ended.exit_code, ended.stderr) == (0, "")
    assert ended.files == WHOLE


def test_every_way_in_which_tensorflow_reports_a_full_disk_is_the_stores_error(tmp_path: Path) -> None:
    """A real export on a disk that grows page by page fails as the store's error each time, until it fits."""
    ended = run_on_small_disk(tmp_path, 4, [sys.executable, "-m", "tests.unit.src.full_disk", tmp_path])
    assert (ended.exit_code, ended.stderr) == (0, "")
    *failures, last = ended.stdout.splitlines()
    assert last == "published"
    # Variables, their index, the graph, the fingerprint, the warm-up requests: each meets the end of the disk once.
    assert len(failures) > len(("variables", "index", "graph", "fingerprint", "warm-up"))
    staging = f"cannot write {tmp_path}/line/.staging: No space left on device | [] | []"
    release = "line version 1 is published, but servers are not told: No space left on device | [] | [1]"
    assert {*failures} <= {staging, release}
