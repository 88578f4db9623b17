"""A table's files: what is taken for a value, and the exact words for what is not."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from src.dtypes import Array
from src.errors import RecipeError
from src.recipe import Feature
from src.tables import read_table


def values(path: Path, dtype: str) -> Array:
    """The column x of a file with the target y, in the file's order, from both splits."""
    feature = Feature(name="x", dtype=dtype, shape=(), description="A value.")
    found = read_table(path, features=[feature], target="y", held_out=0.5)
    parts = [chunk for split in (found.train, found.test) for chunk in split.chunks()]
    order = np.argsort(np.concatenate([part.targets[:, 0] for part in parts]))
    array: Array = np.concatenate([part.inputs["x"] for part in parts])[order]
    return array


def refusal(path: Path, dtype: str = "float32") -> str:
    """The message for a file, without its folder."""
    with pytest.raises(RecipeError) as caught:
        values(path, dtype)
    message = str(caught.value)
    assert "\n" not in message
    return message.replace(f"{path.parent}/", "")


def write(tmp_path: Path, content: str | bytes, name: str = "t.csv") -> Path:
    """A file with this content."""
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def column(tmp_path: Path, *cells: str) -> Path:
    """A CSV file with these cells in its column x."""
    return write(tmp_path, "y,x\n" + "".join(f"{row},{cell}\n" for row, cell in enumerate(cells)))


def test_cells_become_values_of_the_dtype(tmp_path: Path) -> None:
    """Numbers in any notation, in quotes or among spaces; booleans in any case."""
    cells = ["1", " -2.5 ", "1e2", '"7"', "3.4e38"]
    assert values(column(tmp_path, *cells), "float32").tolist() == [1, -2.5, 100, 7, pytest.approx(3.4e38)]
    assert values(column(tmp_path, "0.1", "65504"), "float16").tolist() == [pytest.approx(0.1, rel=1e-3), 65504]
    assert values(column(tmp_path, "0.1", "1e300"), "float64").tolist() == [0.1, 1e300]
    assert values(column(tmp_path, "9223372036854775807", "-1"), "int64").tolist() == [2**63 - 1, -1]
    assert values(column(tmp_path, "18446744073709551615", "0"), "uint64").tolist() == [2**64 - 1, 0]
    assert values(column(tmp_path, "true", "False", "TRUE", "fALSE"), "bool").tolist() == [True, False, True, False]


def test_text_is_taken_as_it_stands(tmp_path: Path) -> None:
    """An empty cell is empty text, and NA, null and nan are words; neither spaces, quotes nor line breaks are lost."""
    cells = ["", "NA", "null", "nan", " a ", '"b, ""c"""', '"two\nlines"', '""', "近い", "zero\0", '5" wide']
    expected = ["", "NA", "null", "nan", " a ", 'b, "c"', "two\nlines", "", "近い", "zero\0", '5" wide']
    assert values(column(tmp_path, *cells), "string").tolist() == expected


@pytest.mark.parametrize(
    "content",
    [
        "x,y\n1,2\n3,4\n",
        "x,y\r\n1,2\r\n3,4",
        "\n\nx,y\n\n1,2\n\n3,4\n\n",
        b"\xef\xbb\xbfx,y\n1,2\n3,4\n",
        " y , x \n2,1\n4, 3\n",
        '"y","note, ""n""","x"\n2,"a\nb",1\n4,,3\n',
        b"y,x,note\n2,1,\xff\n4,3,\n",
    ],
    ids=["plain", "Windows", "blank lines", "byte order mark", "spaces", "quotes", "a byte in a column not needed"],
)
def test_a_csv_file_may_be_written_in_many_ways(content: str | bytes, tmp_path: Path) -> None:
    """Columns are found by name; line ends, blank lines, a byte order mark and spaces change nothing."""
    assert values(write(tmp_path, content), "float32").tolist() == [1, 3]


@pytest.mark.parametrize(
    ("dtype", "cell", "fault"),
    [("float32", cell, f"{cell!r} is no float32") for cell in ("abc", "", "NA", "null", "0x10", "1_0", "true")]
    + [("float32", '"1,5"', "'1,5' is no float32"), ("float32", '"it\'s\ntwo"', '"it\'s\\ntwo" is no float32')]
    + [("float32", "y" * 200, f"'{'y' * 79} is no float32")]
    + [("float32", cell, f"{shown} is no finite float32") for cell, shown in (("1e39", "1e+39"), ("-inf", "-inf"))]
    + [("float32", "nan", "nan is no finite float32"), ("float16", "70000", "70000.0 is no finite float16")]
    + [("float64", "1e309", "inf is no finite float64")]
    + [("uint8", cell, f"{cell!r} is no uint8") for cell in ("300", "-1", "1.0", "1e1", "", "nan")]
    + [("int64", "9223372036854775808", "'9223372036854775808' is no int64")]
    + [("bool", cell, f"{cell!r} is no bool") for cell in ("", "1", "yes", "t")],
)
def test_a_cell_that_is_no_value_of_the_dtype_is_refused(dtype: str, cell: str, fault: str, tmp_path: Path) -> None:
    """The message names the row as a spreadsheet counts it, the column and what stands there."""
    good = "true" if dtype == "bool" else "1"
    assert refusal(column(tmp_path, good, good, cell, good), dtype) == f"t.csv row 4, column x: {fault}"


@pytest.mark.parametrize(("cell", "fault"), [("abc", "'abc' is no float32"), ("1e39", "1e+39 is no finite float32")])
def test_rows_are_counted_throughout_a_file(cell: str, fault: str, tmp_path: Path) -> None:
    """A fault far down a file that is read in many pieces, or in a second file, has its own row in its own file."""
    folder = tmp_path / "t"
    folder.mkdir()
    column(folder, *["1"] * 10).rename(folder / "a.csv")
    column(folder, *["1"] * 300_000, cell)
    assert refusal(folder) == f"t/t.csv row 300002, column x: {fault}"


@pytest.mark.parametrize("line", ["1", "1,2,3"])
def test_a_row_of_another_length_is_refused(line: str, tmp_path: Path) -> None:
    """Too few or too many cells are refused with their row."""
    cells = line.count(",") + 1
    assert refusal(write(tmp_path, f"x,y\n1,2\n{line}\n")) == f"t.csv row 3: {cells} cells where the header has 2"


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("", "t.csv is empty"),
        ("\n\n", "t.csv is empty"),
        ("x,y\n", "t.csv holds no rows"),
        ("a,x\n1,2\n", "t.csv: no column y; there is: a, x"),
        ('"a\nb",x\n1,2\n', "t.csv: no column y; there is: a b, x"),
        ("a;x;y\n1;2;3\n", "t.csv: no column x, y; there is: a;x;y"),
        ("x,y,x\n1,2,3\n", "t.csv: more than one column x"),
        (b"x,y,\xe9\n1,2,3\n", "t.csv row 1: not UTF-8 text"),
        ("x,y\n1,2\n".encode("utf-16"), "t.csv row 1: not UTF-8 text"),
        ('x,"y\n1,2\n', "t.csv line 1: not CSV: unexpected end of data"),
        ('x,y\n1,2\n3,"4\n5,6\n7,8\n', "t.csv line 3: not CSV: unexpected end of data"),
        ('"x"a,y\n1,2\n', "t.csv row 1: not CSV: ',' expected after '\"'"),
    ],
)
def test_a_file_that_is_no_table_is_refused(content: str | bytes, fault: str, tmp_path: Path) -> None:
    """Each refusal says what is wrong, and where, or which columns there are."""
    assert refusal(write(tmp_path, content)) == fault


def test_text_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    """A byte far down the file is found where its column is needed."""
    content = b"y,x\n" + b"1,fine\n" * 20_000 + b"1,\xff\n"
    assert refusal(write(tmp_path, content), "string") == "t.csv row 20002, column x: not UTF-8 text"


def test_a_row_longer_than_a_block_is_refused(tmp_path: Path) -> None:
    """What cannot be read for its length ends with one line, too."""
    assert refusal(write(tmp_path, f"x,y\n1,2\n{'1' * 2**22},2\n")).startswith("t.csv: ")


def test_a_file_that_is_not_there_or_of_another_kind_is_refused(tmp_path: Path) -> None:
    """A missing file, another ending, a folder without tables and one with two kinds are told apart."""
    kinds = ".csv, .csv.gz, .parquet file, nor a folder of such files"
    assert refusal(tmp_path / "t.csv") == "cannot read t.csv: No such file or directory"
    assert refusal(write(tmp_path, "x,y\n", "t.xlsx")) == f"t.xlsx is no {kinds}"
    folder = tmp_path / "t"
    folder.mkdir()
    write(folder, "", ".hidden.csv")
    assert refusal(folder) == f"t is no {kinds}"
    write(folder, "x,y\n1,2\n", "a.CSV")
    assert values(folder, "float32").tolist() == [1]
    write(folder, "x,y\n1,2\n", "b.parquet")
    assert refusal(folder) == "t holds both CSV and Parquet files: which are the table?"


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("t.csv.gz", b"x,y\n1,2\n", "zlib inflate failed: incorrect header check"),
        ("t.csv.gz", gzip.compress(b"x,y\n" + b"1,2\n" * 99, mtime=0)[:-20], "Truncated compressed stream"),
        ("t.parquet", b"", "Parquet file size is 0 bytes"),
        ("t.parquet", b"x,y\n1,2\n", "Parquet magic bytes not found in footer"),
    ],
)
def test_a_damaged_file_is_refused(name: str, content: bytes, reason: str, tmp_path: Path) -> None:
    """What cannot be unpacked is refused in one line with the library's reason."""
    assert refusal(write(tmp_path, content, name)).startswith(f"cannot read {name}: {reason}")


def test_a_category_that_is_none_is_refused_with_its_place(tmp_path: Path) -> None:
    """The row of the file, whichever split it would be in; a row that `keep` leaves out may hold anything."""
    path = column(tmp_path, "hill", "", "centre")
    feature = Feature(name="x", dtype="string", shape=(), vocabulary=("hill", "centre"), description="Where.")
    with pytest.raises(RecipeError) as caught:
        read_table(path, features=[feature], target="y")
    assert str(caught.value) == f"{path} row 3, column x: '' is none of hill, centre"
    found = read_table(path, features=[feature], target="y", keep=lambda inputs: inputs["x"] != "")
    assert found.train.rows + found.test.rows == 2
