"""The command that makes keys."""

import re
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from gateway import key_file, keys


def make(capsys: pytest.CaptureFixture[str], name: str) -> tuple[str, str]:
    """The key that the command shows, and the line that it prints."""
    assert keys.main([name]) == 0
    printed = capsys.readouterr()
    (key,) = re.findall(r"^[\w-]{43}$", printed.err, flags=re.MULTILINE)
    return key, printed.out


def test_makes_a_key_and_the_line_that_makes_it_known(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """What is printed can be appended to the file as it is, and holds the key's hash, never the key."""
    file = tmp_path / "keys.txt"
    key, line = make(capsys, "batch-jobs")
    other, other_line = make(capsys, "people@example.org")
    file.write_text(line + other_line)
    key_file.check(str(file))
    assert line == f"batch-jobs {sha256(key.encode()).hexdigest()}\n"
    assert key_file.Keys(str(file)).names([key]) == ["batch-jobs"]
    assert key_file.Keys(str(file)).names([other]) == ["people@example.org"]
    assert key_file.Keys(str(file)).names([line.split()[1], ""]) == []


def test_no_two_keys_are_alike(capsys: pytest.CaptureFixture[str]) -> None:
    """A key is made of 256 random bits each time."""
    assert len({make(capsys, "jobs") for _ in range(100)}) == 100


@pytest.mark.parametrize("name", ["", "a b", "a\n", "#a", "a#b", "-a", "é", "a" * 64])
def test_refuses_a_name_that_the_file_could_not_hold(capsys: pytest.CaptureFixture[str], name: str) -> None:
    """A name that a line cannot have is a wrong call: one line says so, and no key is made."""
    with pytest.raises(SystemExit, match=r"^2$"):
        keys.main(["--", name])
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "no name" in printed.err.splitlines()[-1]


def test_is_a_command_of_the_gateways_image() -> None:
    """It runs with what the gateway runs with, and asks no model server."""
    ended = subprocess.run([sys.executable, "-m", "gateway.keys", "jobs"], capture_output=True, text=True, check=True)
    assert re.fullmatch(r"jobs [0-9a-f]{64}\n", ended.stdout)
    assert "jobs" in ended.stderr
