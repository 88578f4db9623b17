"""Public data: fetched once from where their authors publish them, held against a checksum, and kept in `data/`."""

import hashlib
import os
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from src.errors import DataError

DATA = Path(__file__).parents[1] / "data"
VARIABLE = "DATA_DIR"
SCRATCH = ".download-"
MAX_BYTES = 256 * 1024 * 1024  # no data set here comes near; what answers with more is not it
TIMEOUT_SECONDS = (10, 60)  # to connect, and between two pieces
PIECE_BYTES = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class File:
    """A file of a public data set.

    Attributes:
        path: Where it lies in `data/`, or in the folder that DATA_DIR names.
        url: Where it is published: the file itself or a ZIP archive that has it.
        member: What it is called in the archive; None where the URL is the file.
        sha256: The checksum of the file as it was published.
    """

    path: str
    url: str
    sha256: str
    member: str | None = None


def fetch(file: File) -> Path:
    """Find a file, and download it where it has not been before.

    Args:
        file: The file.

    Returns:
        Where it lies. In `data/` it is what was published; in the folder that DATA_DIR names it is whatever is there.

    Raises:
        DataError: It is not in that folder; it cannot be downloaded; or what is there is not what was published.
    """
    if folder := os.environ.get(VARIABLE):
        local = Path(folder) / file.path
        if not local.is_file():
            raise DataError(f"{VARIABLE}={folder} has no file {file.path}; without {VARIABLE} it comes from {file.url}")
        return local
    kept = DATA / file.path
    try:
        if not kept.is_file():
            _download(file, kept)
        elif _sha256(kept) != file.sha256:
            raise DataError(
                f"{kept} is not the file that was published: remove it to have it fetched again, or, if it is meant,"
                f" name a folder of your own by {VARIABLE}"
            )
    except OSError as error:
        raise DataError(f"cannot keep {kept}: {error.strerror or error}") from error
    return kept


def _download(file: File, kept: Path) -> None:
    """Bring the file here under another name first, so that it is never half there."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    for left in kept.parent.glob(f"{SCRATCH}*"):  # by a run that was killed; one that runs has to begin again
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=kept.parent, prefix=SCRATCH) as scratch:
        fetched = Path(scratch) / "fetched"
        _get(file, fetched)
        if file.member is not None:
            fetched = _unpacked(file, fetched, Path(scratch) / "unpacked")
        if (found := _sha256(fetched)) != file.sha256:
            raise DataError(f"{file.url} gives another {file.path} than it did: sha256 {found}, not {file.sha256}")
        fetched.replace(kept)


def _get(file: File, to: Path) -> None:
    import requests

    try:
        with requests.get(file.url, stream=True, timeout=TIMEOUT_SECONDS) as answer, to.open("wb") as written:
            answer.raise_for_status()
            for piece in answer.iter_content(PIECE_BYTES):
                written.write(piece)
                if written.tell() > MAX_BYTES:
                    raise DataError(f"{file.url} gives more than {MAX_BYTES} bytes")
    except requests.RequestException as error:
        what = f" (of which {file.member} is wanted)" if file.member else ""
        raise DataError(
            f"cannot download {file.url}{what}: {_reason(error)}. Without a network, put it into a folder as"
            f" {file.path}, with what else the recipe takes (docs/models.md), and name the folder: {VARIABLE}=FOLDER"
        ) from error


def _reason(error: Exception) -> str:
    """What went wrong, without the wrapping of the libraries between."""
    cause: BaseException = error
    while (inner := getattr(cause, "reason", None) or next(iter(cause.args), None)) and isinstance(inner, Exception):
        cause = inner
    return " ".join(str(cause).split())[-200:]


def _unpacked(file: File, archive: Path, to: Path) -> Path:
    try:
        with zipfile.ZipFile(archive) as opened, opened.open(file.member or "") as member, to.open("wb") as written:
            for piece in _pieces(member):
                written.write(piece)
                if written.tell() > MAX_BYTES:
                    raise DataError(f"{file.url} unpacks to more than {MAX_BYTES} bytes")
    except (zipfile.BadZipFile, zlib.error, KeyError, EOFError, RuntimeError) as error:
        raise DataError(f"{file.url} is no ZIP archive with {file.member}: {error}") from error
    return to


def _sha256(path: Path) -> str:
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _pieces(opened: IO[bytes]) -> Iterator[bytes]:
    while piece := opened.read(PIECE_BYTES):
        yield piece


def read_lines(file: File, columns: int) -> Iterator[tuple[str, list[str]]]:
    """Read a file of tab-separated lines, fetched if need be.

    Args:
        file: The file, in UTF-8.
        columns: How many columns a line has.

    Yields:
        Where each line stands, for messages, and its columns. Empty lines are passed over.

    Raises:
        DataError: As for `fetch`; or the file is not UTF-8 text, or a line has another number of columns.
    """
    path = fetch(file)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"cannot read {path}: {error}") from error
    # By \n alone: texts hold characters that Python's splitlines takes for ends as well.
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            cells = line.removesuffix("\r").split("\t")
            if len(cells) != columns:
                raise DataError(f"{path} line {number}: {len(cells)} columns by tabs, not {columns}")
            yield f"{path} line {number}", cells
