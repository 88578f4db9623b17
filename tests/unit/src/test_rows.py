"""Rows given as text: what is read, and the exact words for what is not."""

import os
from pathlib import Path

import pytest

from src.errors import InputError
from src.rows import read_csv


def write(tmp_path: Path, content: str | bytes) -> str:
    """A CSV file's name."""
    path = tmp_path / "rows.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(path)


def read(tmp_path: Path, content: str | bytes, *columns: str) -> list[tuple[str, dict[str, str]]]:
    """The rows of a file, with their places below the file's name."""
    name = write(tmp_path, content)
    return [(row.place.removeprefix(f"{name} "), dict(row.values)) for row in read_csv(name, columns)]


def refusal(tmp_path: Path, content: str | bytes, *columns: str) -> str:
    """The message for a file, without its folder."""
    with pytest.raises(InputError) as caught:
        read(tmp_path, content, *columns)
    return str(caught.value).replace(f"{tmp_path}/", "")


def test_a_header_names_the_columns_in_any_order_and_among_others(tmp_path: Path) -> None:
    """The columns needed are found by name; each row knows its line."""
    rows = read(tmp_path, "note, b ,a\nfirst,2,1\nsecond,4,3\n", "a", "b")
    assert [place for place, _ in rows] == ["line 2", "line 3"]
    assert [(values["a"], values["b"]) for _, values in rows] == [("1", "2"), ("3", "4")]


@pytest.mark.parametrize(
    "content",
    ["x\n1\n2\n", "1\n2\n", "x\r\n1\r\n2", "\n1\n\n2\n\n", b"\xef\xbb\xbfx\n1\n2\n", b"\xef\xbb\xbf1\n2\n", '"1"\n"2"'],
)
def test_one_column_may_go_without_a_header(tmp_path: Path, content: str | bytes) -> None:
    """With or without header, byte order mark, blank lines, quotes or Windows' line ends: the same rows."""
    assert [values for _, values in read(tmp_path, content, "x")] == [{"x": "1"}, {"x": "2"}]


def test_lines_are_counted_as_an_editor_does(tmp_path: Path) -> None:
    """Blank lines and line breaks within quotes count."""
    rows = read(tmp_path, 'x,note\n1,"two\nlines"\n\n2,one\n', "x")
    assert [place for place, _ in rows] == ["line 3", "line 5"]
    assert read(tmp_path, "\n7\n", "x") == [("line 2", {"x": "7"})]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "rows.csv holds no rows"),
        ("\n\n", "rows.csv holds no rows"),
        ("a,c\n1,2\n", "rows.csv line 1: no column b in the header a,c"),
        ("c\n1\n", "rows.csv line 1: no column a, b in the header c"),
        ("1,2\n", "rows.csv line 1: no column a, b in the header 1,2"),
        ("a,b\n1\n", "rows.csv line 2: 1 cells where the header has 2"),
        ("a,b\n1,2\n1,2,3\n", "rows.csv line 3: 3 cells where the header has 2"),
        ('a,b\n1,"2\n', "rows.csv line 2: not CSV: unexpected end of data"),
        ('a,b\n1,"2"3\n', "rows.csv line 2: not CSV: ',' expected after '\"'"),
        (b"a,b\n1,\xff\n", "rows.csv is not UTF-8 text: invalid start byte"),
    ],
)
def test_a_file_that_cannot_be_read_as_rows_is_refused(tmp_path: Path, content: str | bytes, message: str) -> None:
    """Each refusal names the file, and the line where there is one."""
    assert refusal(tmp_path, content, "a", "b") == message


def test_a_file_that_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    """A missing file and a folder are refused with the system's reason."""
    for name, reason in ((str(tmp_path / "none.csv"), "No such file or directory"), (str(tmp_path), "Is a directory")):
        with pytest.raises(InputError) as caught:
            list(read_csv(name, ["x"]))
        assert str(caught.value) == f"cannot read {name}: {reason}"


@pytest.mark.parametrize("content", [b"x\n1\n", b"\xef\xbb\xbfx\r\n1\r\n", b"1"])
def test_standard_input_is_read_like_a_file(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """`-` reads the same text as a file, with or without a byte order mark, and leaves standard input open."""
    reading, writing = os.pipe()
    os.write(writing, content)
    os.close(writing)
    with os.fdopen(reading) as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        assert [dict(row.values) for row in read_csv("-", ["x"])] == [{"x": "1"}]
        assert not stdin.closed
