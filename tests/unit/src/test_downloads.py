"""Public data: fetched once, checked, kept; or taken from a folder; and what to do where neither works."""

import hashlib
import io
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from src import downloads
from src.downloads import File, fetch
from src.errors import DataError

CONTENT = b"ham\tSee you at six\nspam\tYou have won\n"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def zipped(name: str, content: bytes = CONTENT) -> bytes:
    """An archive with the content under this name."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return written.getvalue()


@dataclass
class Publisher:
    """A web server that publishes files, and notes what it was asked for."""

    url: str
    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def publisher(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Publisher]:
    """A publisher on a free port; what is fetched is kept in a folder of the test's own."""
    monkeypatch.setattr(downloads, "DATA", tmp_path / "data")
    monkeypatch.delenv("DATA_DIR", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            published.asked.append(self.path)
            content = published.files.get(self.path)
            self.send_response(404 if content is None else 200)
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        published = Publisher(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield published
        server.shutdown()
        thread.join()


def plain(publisher: Publisher) -> File:
    """A file that is published as it is."""
    publisher.files["/sms.txt"] = CONTENT
    return File(path="sms/messages.txt", url=f"{publisher.url}/sms.txt", sha256=SHA256)


def test_a_file_is_fetched_once_and_kept(publisher: Publisher) -> None:
    """The second time nobody is asked, and nothing but the file is in its folder."""
    file = plain(publisher)
    assert fetch(file).read_bytes() == CONTENT
    assert fetch(file) == downloads.DATA / "sms" / "messages.txt"
    assert publisher.asked == ["/sms.txt"]
    assert [path.name for path in (downloads.DATA / "sms").iterdir()] == ["messages.txt"]


def test_a_file_comes_out_of_an_archive(publisher: Publisher) -> None:
    """Of a ZIP archive, the member that is named is kept, and its checksum counts."""
    publisher.files["/set.zip"] = zipped("some folder/messages.txt")
    file = replace(plain(publisher), url=f"{publisher.url}/set.zip", member="some folder/messages.txt")
    assert fetch(file).read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (CONTENT, "is no ZIP archive with messages.txt: File is not a zip file"),
        (zipped("others.txt"), "is no ZIP archive with messages.txt: "),
        (zipped("messages.txt")[:-30], "is no ZIP archive with messages.txt: File is not a zip file"),
        (
            zipped("messages.txt").replace(zipped("messages.txt")[42:52], b"\xff" * 10),
            "is no ZIP archive with messages.txt: ",
        ),
    ],
)
def test_what_is_no_archive_with_the_file_is_refused(publisher: Publisher, content: bytes, words: str) -> None:
    """Another file, an archive of others and a torn one are told, and nothing is kept."""
    publisher.files["/set.zip"] = content
    with pytest.raises(DataError, match=words):
        fetch(replace(plain(publisher), url=f"{publisher.url}/set.zip", member="messages.txt"))
    assert list((downloads.DATA / "sms").iterdir()) == []


def test_another_file_than_was_published_is_refused(publisher: Publisher) -> None:
    """What has changed where it is published does not become data here; both checksums are told."""
    file = plain(publisher)
    publisher.files["/sms.txt"] = b"moved elsewhere"
    with pytest.raises(DataError, match=rf"gives another sms/messages.txt than it did: sha256 \w{{64}}, not {SHA256}$"):
        fetch(file)
    assert list((downloads.DATA / "sms").iterdir()) == []


def test_a_kept_file_that_was_changed_is_refused(publisher: Publisher) -> None:
    """A file that somebody has edited is neither used as the published one nor overwritten."""
    kept = fetch(plain(publisher))
    kept.write_bytes(b"mine")
    with pytest.raises(DataError, match="is not the file that was published: remove it to have it fetched again"):
        fetch(plain(publisher))
    assert kept.read_bytes() == b"mine"


@pytest.mark.parametrize(
    ("path", "reason"), [("/gone.txt", "404 Client Error: Not Found for url"), (None, "Connection refused")]
)
def test_without_a_network_it_says_what_to_do(publisher: Publisher, path: str | None, reason: str) -> None:
    """The error names the address, the reason, the file and the setting that takes a folder instead."""
    url = f"{publisher.url}{path}" if path else "http://127.0.0.1:9/sms.txt"
    with pytest.raises(DataError) as caught:
        fetch(replace(plain(publisher), url=url))
    told = str(caught.value)
    assert told.startswith(f"cannot download {url}: ")
    assert reason in told
    assert told.endswith(
        "Without a network, put it into a folder as sms/messages.txt, with what else the recipe takes (docs/models.md),"
        " and name the folder: DATA_DIR=FOLDER"
    )
    assert "\n" not in told


def test_more_than_any_set_has_is_refused(publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that does not stop does not fill the disk, whether it packs what it gives or not."""
    monkeypatch.setattr(downloads, "MAX_BYTES", 200)
    file = plain(publisher)
    publisher.files |= {"/sms.txt": b"x" * 201, "/set.zip": zipped("messages.txt", CONTENT * 100)}
    with pytest.raises(DataError, match="gives more than 200 bytes"):
        fetch(file)
    monkeypatch.setattr(downloads, "MAX_BYTES", 3000)
    with pytest.raises(DataError, match="unpacks to more than 3000 bytes"):
        fetch(replace(file, url=f"{publisher.url}/set.zip", member="messages.txt"))


def test_a_folder_takes_the_place_of_the_network(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What DATA_DIR names is taken as it is, such as a slice or a newer collection, and nobody is asked."""
    (tmp_path / "mine" / "sms").mkdir(parents=True)
    (tmp_path / "mine" / "sms" / "messages.txt").write_text("ham\thello\n")
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "mine"))
    assert fetch(plain(publisher)).read_text() == "ham\thello\n"
    with pytest.raises(DataError, match=r"^DATA_DIR=\S+ has no file other.txt; without DATA_DIR it comes from http://"):
        fetch(replace(plain(publisher), path="other.txt"))
    assert publisher.asked == []


def test_a_folder_that_cannot_be_written_is_told(publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the data's folder cannot be made, the error names it."""
    monkeypatch.setattr(downloads, "DATA", Path("/proc/data"))
    with pytest.raises(DataError, match=r"^cannot keep /proc/data/sms/messages\.txt: "):
        fetch(plain(publisher))
