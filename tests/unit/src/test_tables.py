"""A user's own table as a data set: the same rows from every kind of file, streamed or in memory."""

import gzip
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv, parquet

from src import tables
from src.dataset import CHUNK_ROWS, Dataset, Rows, Split, Stream
from src.dtypes import Array
from src.errors import RecipeError
from src.recipe import Feature
from src.tables import read_table
from src.tables.sides import Keep

FEATURES = (
    Feature(name="area", dtype="float32", description="The flat's area."),
    Feature(name="distance", dtype="float64", shape=(), description="How far the station is."),
    Feature(name="rooms", dtype="int64", shape=(), description="How many rooms it has."),
    Feature(name="furnished", dtype="bool", description="Whether furniture is in it."),
    Feature(name="remark", dtype="string", shape=(), description="What the owner says of it."),
)
REMARKS = ("noisy", "", "NA", 'light, "but" noisy', "two\nlines", " 近い ")


def flats(rows: int) -> Any:
    """A `pyarrow.Table` of the features and the target, each row another."""
    random = np.random.default_rng(7)
    return pa.table(
        {
            "area": random.uniform(20, 200, rows).astype("float32"),
            "distance": random.uniform(0, 50, rows),
            "rooms": np.arange(rows),
            "furnished": random.integers(0, 2, rows).astype(bool),
            "remark": np.array(REMARKS, object)[random.integers(0, len(REMARKS), rows)],
            "rent": random.uniform(3, 40, rows).astype("float32"),
        }
    )


def read(path: Path, **options: Any) -> Dataset:
    """The data set of a table of flats."""
    return read_table(path, features=FEATURES, target="rent", **options)


def rows_of(rows: Rows) -> Split:
    """All rows of a split, as one."""
    chunks = list(rows.chunks())
    inputs = {name: np.concatenate([chunk.inputs[name] for chunk in chunks]) for name in chunks[0].inputs}
    return Split(inputs, np.concatenate([chunk.targets for chunk in chunks]))


def assert_same(found: Rows, expected: Rows) -> None:
    """Two splits have equal rows in equal order, of equal types and shapes."""
    one, other = rows_of(found), rows_of(expected)
    arrays = {**one.inputs, "rent": one.targets}, {**other.inputs, "rent": other.targets}
    assert arrays[0].keys() == arrays[1].keys()
    for name, array in arrays[0].items():
        assert array.dtype == arrays[1][name].dtype
        assert np.array_equal(array, arrays[1][name]), name


def write_csv(path: Path, table: Any) -> Path:
    """A CSV file, with the columns in reverse order and another among them."""
    table = table.append_column("note", pa.array(["1"] * len(table))).select([*reversed(table.schema.names), "note"])
    csv.write_csv(table, path)
    return path


def write_gz(path: Path, table: Any) -> Path:
    """The same CSV file, compressed."""
    file = path.with_suffix(".csv.gz")
    file.write_bytes(gzip.compress(write_csv(path.with_suffix(".txt"), table).read_bytes()))
    return file


def write_parquet(path: Path, table: Any) -> Path:
    """A Parquet file with several row groups, its strings a dictionary, its columns in reverse order with another."""
    table = table.append_column("note", pa.array([[1]] * len(table))).select([*reversed(table.schema.names), "note"])
    index = table.schema.get_field_index("remark")
    table = table.set_column(index, "remark", table.column(index).dictionary_encode())
    parquet.write_table(table, path.with_suffix(".parquet"), row_group_size=max(1, len(table) // 3))
    return path.with_suffix(".parquet")


def write_folder(path: Path, table: Any, write: Callable[[Path, Any], Path] = write_csv) -> Path:
    """A folder of two files, and of others that are no part of the table."""
    folder = path.with_suffix("")
    folder.mkdir()
    write(folder / "b.csv", table.slice(130))
    write(folder / "a.csv", table.slice(0, 130))
    for name in ("_SUCCESS", "README.md", ".a.csv", "_b.parquet"):
        (folder / name).write_text("no table")
    (folder / "c.csv").mkdir()
    return folder


def write_parquet_folder(path: Path, table: Any) -> Path:
    """The same folder of Parquet files."""
    return write_folder(path, table, write_parquet)


WRITERS = [write_csv, write_gz, write_parquet, write_folder, write_parquet_folder]


@pytest.mark.parametrize("write", WRITERS)
def test_every_kind_of_file_gives_the_same_rows(
    write: Callable[[Path, Any], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All values of all rows come as they were written, in order, streamed as in memory, in every pass."""
    table = flats(300)
    path = write(tmp_path / "flats.csv", table)
    held = read(path)
    assert isinstance(held.train, Split)
    assert isinstance(held.test, Split)
    for side in (held.train, held.test):
        numbers = side.inputs["rooms"]
        written = table.take(numbers)  # each flat has another number of rooms: its row's
        assert np.all(np.diff(numbers) > 0)
        columns = {f.name: np.array(written[f.name].to_pylist(), side.inputs[f.name].dtype) for f in FEATURES}
        shaped = {f.name: columns[f.name].reshape(-1, *f.shape) for f in FEATURES}
        assert_same(side, Split(shaped, written["rent"].to_numpy().reshape(-1, 1)))
    assert held.train.rows + held.test.rows == 300
    monkeypatch.setattr(tables, "IN_MEMORY_BYTES", 0)
    streamed = read(path)
    for stream, split in ((streamed.train, held.train), (streamed.test, held.test)):
        assert isinstance(stream, Stream)
        assert stream.rows == split.rows
        assert_same(stream, split)
        assert_same(stream, split)
    assert held.source == streamed.source == f"{path.name} (300 rows), target rent"


@pytest.mark.parametrize("write", [write_csv, write_parquet])
def test_a_stream_has_full_chunks(
    write: Callable[[Path, Any], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All chunks but the last are as large as they may be, however the file is cut; the rows are those in memory."""
    path = write(tmp_path / "flats.csv", flats(200_000))
    held = read(path, held_out=0.4)
    monkeypatch.setattr(tables, "IN_MEMORY_BYTES", 2**20)
    streamed = read(path, held_out=0.4)
    for stream, split in ((streamed.train, held.train), (streamed.test, held.test)):
        *full, last = [chunk.rows for chunk in stream.chunks()]
        assert full == [CHUNK_ROWS]
        assert 0 < last <= CHUNK_ROWS
        assert_same(stream, split)


def test_memory_is_measured_of_what_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table is held in memory up to the limit, in which strings count with their text."""
    path = write_csv(
        tmp_path / "flats.csv", pa.table({"remark": [f"{n:01000}" for n in range(10)], "rent": [1.0] * 10})
    )
    features = [FEATURES[-1]]
    size = 10 * (sys.getsizeof("0" * 1000) + 8 + 4)  # the text, its place in the array, and the target
    for limit, kind in ((size, Split), (size - 1, Stream)):
        monkeypatch.setattr(tables, "IN_MEMORY_BYTES", limit)
        assert isinstance(read_table(path, features=features, target="rent").train, kind)


def test_a_row_stays_on_its_side_when_the_file_changes(tmp_path: Path) -> None:
    """Rows held out stay so when others come and all change places; of so many rows, the share is near 20 %."""
    table = flats(2_000)
    first = read(write_csv(tmp_path / "some.csv", table.slice(0, 1_000)))
    again = read(write_csv(tmp_path / "all.csv", table.take(np.random.default_rng(1).permutation(2_000))))
    for before, after in ((first.train, again.train), (first.test, again.test)):
        assert set(rows_of(before).inputs["rooms"]) < set(rows_of(after).inputs["rooms"])
    assert again.test.rows / 2_000 == pytest.approx(0.2, abs=0.045)  # five standard deviations


def test_seed_and_share_choose_the_rows_held_out(tmp_path: Path) -> None:
    """Another seed holds out other rows, another share more of them."""
    path = write_csv(tmp_path / "flats.csv", flats(300))
    chosen = [set(rows_of(read(path, seed=seed).test).inputs["rooms"]) for seed in (0, 0, 1)]
    assert chosen[0] == chosen[1] != chosen[2]
    more = read(path, held_out=0.5).test
    assert chosen[0] < set(rows_of(more).inputs["rooms"])


@pytest.mark.parametrize("limit", [0, 2**30])
def test_keep_leaves_rows_out(limit: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are kept by their inputs, given as a split has them; those kept stay on their sides, and are counted."""
    monkeypatch.setattr(tables, "IN_MEMORY_BYTES", limit)

    def keep(inputs: Mapping[str, Array]) -> Array:
        assert inputs["area"].shape == (len(inputs["rooms"]), 1)
        kept: Array = (inputs["area"][:, 0] > 30) & inputs["furnished"][:, 0] & (inputs["remark"] != "")
        return kept

    path = write_parquet(tmp_path / "flats.csv", flats(300))
    everything, kept = read(path), read(path, keep=keep)
    for before, after in ((everything.train, kept.train), (everything.test, kept.test)):
        rows = rows_of(before)
        assert_same(after, rows.take(np.flatnonzero(keep(rows.inputs))))
        assert 0 < after.rows < before.rows
    assert kept.source == f"flats.parquet ({kept.train.rows + kept.test.rows} rows), target rent"


@pytest.mark.parametrize(
    ("keep", "fault"),
    [
        (lambda inputs: inputs["area"], "keep gave float32 of shape (300, 1), not bool of (300,)"),
        (
            lambda inputs: inputs["furnished"] & (inputs["rooms"] > 1),
            "keep gave bool of shape (300, 300), not bool of (300,)",
        ),
        (lambda _: True, "keep gave bool of shape (), not bool of (300,)"),
        (lambda inputs: inputs["rooms"] < 0, "flats.csv holds no rows to keep"),
    ],
    ids=["numbers", "crossed shapes", "one for all", "none"],
)
def test_a_keep_that_does_not_choose_rows_is_refused(keep: Keep, fault: str, tmp_path: Path) -> None:
    """What it gives is one boolean a row, and some of them are true."""
    with pytest.raises(RecipeError) as caught:
        read(write_csv(tmp_path / "flats.csv", flats(300)), keep=keep)
    assert str(caught.value).endswith(fault)


def test_a_column_of_booleans_keeps_rows(tmp_path: Path) -> None:
    """A feature of shape (1,) compared as it is gives booleans in a column, which are one a row too."""
    kept = read(write_csv(tmp_path / "flats.csv", flats(300)), keep=lambda inputs: inputs["area"] > 100)
    assert rows_of(kept.train).inputs["area"].min() > 100


@pytest.mark.parametrize("rows", [100, 500], ids=["fewer", "more"])
@pytest.mark.parametrize("write", [write_csv, write_parquet])
def test_a_file_that_changes_between_passes_is_refused(
    write: Callable[[Path, Any], Path], rows: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pass gives as many rows as were counted, or ends with an error before there are more."""
    monkeypatch.setattr(tables, "IN_MEMORY_BYTES", 0)
    path = write(tmp_path / "flats.csv", flats(300))
    stream = read(path).train
    write(tmp_path / "flats.csv", flats(rows))
    seen: list[int] = []
    with pytest.raises(RecipeError) as caught:
        seen.extend(chunk.rows for chunk in stream.chunks())
    fault = f"has changed while it was in use: it had {stream.rows} rows to train on, and has not now"
    assert str(caught.value) == f"{path} {fault}"
    assert sum(seen) < stream.rows
    path.unlink()
    with pytest.raises(RecipeError) as caught:
        list(stream.chunks())
    assert str(caught.value) == f"cannot read {path}: No such file or directory"


@pytest.mark.parametrize(
    ("features", "target", "fault"),
    [
        (FEATURES, "area", "the target 'area' is one of the features"),
        (
            [Feature(name="area", dtype="float32", shape=(2,), description="Two areas.")],
            "rent",
            "feature 'area' of shape (2,) is not one column",
        ),
    ],
)
def test_features_that_are_no_columns_are_refused(
    features: Sequence[Feature], target: str, fault: str, tmp_path: Path
) -> None:
    """A feature is one value a row, and not what is to be predicted."""
    path = tmp_path / "flats.csv"
    with pytest.raises(RecipeError) as caught:
        read_table(path, features=features, target=target)
    assert str(caught.value) == f"{path}: {fault}"


def test_the_import_is_cheap() -> None:
    """To name a recipe that reads a table costs neither pandas nor pyarrow."""
    code = "import sys, src.tables; print({'pandas', 'pyarrow'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
