"""The prediction log."""

import fcntl
import json
import multiprocessing
import os
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from gateway import create_app, prediction_log, tensors
from gateway import tf_serving_pb2 as pb
from gateway.config import ConfigError, Settings
from gateway.contract import Batch
from gateway.dtypes import DTYPES
from gateway.prediction_log import PredictionLog, check
from gateway.predictor import Prediction
from tests.processes import wait_until
from tests.protos import pack
from tests.unit.gateway.contracts import contract
from tests.unit.gateway.fake_server import FLOAT_COLUMN, FakeServer, info
from tests.unit.gateway.measured import Measured

WAIT_SECONDS = 10
Start = Callable[..., FlaskClient]


@pytest.fixture
def start(fake: FakeServer) -> Iterator[Start]:
    """Starts a gateway that writes the log."""
    made = []

    def begin(**settings: Any) -> FlaskClient:
        made.append(create_app(Settings(model_server=fake.target, **settings)))
        return made[-1].test_client()

    yield begin
    for app in made:
        app.extensions["prediction_log"].close()
        app.extensions["model_server"].close()


def lines(client: FlaskClient, file: Path) -> list[dict[str, Any]]:
    """What has been written, when all is."""
    client.application.extensions["prediction_log"].close()
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def test_inputs_and_outputs_are_written_by_name(start: Start, fake: FakeServer, tmp_path: Path) -> None:
    """A line has what was asked and answered, an entry a row, who answered, when, and the request's id."""
    fake.labels = {"stable": 1}
    client = start(prediction_log=str(tmp_path / "log"))
    client.post("/predict", json={"data": [10, 11]}, headers={"X-Request-ID": "abc"})
    (line,) = lines(client, tmp_path / "log")
    assert datetime.fromisoformat(line.pop("time")).tzinfo is not None
    assert line == {
        "request_id": "abc",
        "model": "line",
        "version": 1,
        "label": "stable",
        "rows": 2,
        "inputs": {"x": [[10.0], [11.0]]},
        "outputs": {"y": [[31.0], [34.0]]},
    }


def test_whatever_json_does_not_have_is_written_as_well(start: Start, fake: FakeServer, tmp_path: Path) -> None:
    """Numbers that are not finite are null, bytes that are no text are in base64."""
    fake.inputs, fake.outputs = {"x": info(pb.DT_STRING, -1)}, {"y": info(pb.DT_FLOAT, -1)}
    fake.answer = lambda _: {"y": pack(DTYPES[pb.DT_FLOAT], [2], [float("nan"), float("inf")])}
    client = start(prediction_log=str(tmp_path / "log"))
    client.post("/predict", json={"data": ["é", {"b64": "/w=="}]})
    (line,) = lines(client, tmp_path / "log")
    assert line["inputs"] == {"x": ["é", {"b64": "/w=="}]}
    assert line["outputs"] == {"y": [None, None]}
    assert line["label"] is None


def test_it_is_off_unless_asked_for(start: Start, measured: Measured) -> None:
    """Without a file nothing is kept, and no thread begins."""
    client = start()
    client.post("/predict", json={"data": 10})
    assert client.application.extensions["prediction_log"]._aside._thread is None
    assert measured.grown("gateway_dropped") == {}


def test_refusals_are_not_written(start: Start, tmp_path: Path) -> None:
    """What was not predicted is no prediction."""
    client = start(prediction_log=str(tmp_path / "log"))
    client.post("/predict", json={"data": "ten"})
    assert lines(client, tmp_path / "log") == []


def test_a_share_is_written(start: Start, tmp_path: Path) -> None:
    """A sample is drawn, request by request."""
    client = start(prediction_log=str(tmp_path / "log"), prediction_log_share=0.3)
    for _ in range(200):
        client.post("/predict", json={"data": 10})
    assert 20 < len(lines(client, tmp_path / "log")) < 110


def test_what_is_large_is_not_written(
    start: Start, measured: Measured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request with more than so much in its tensors is dropped and counted, and its line is never cut."""
    monkeypatch.setattr(prediction_log, "MAX_LINE_BYTES", 200)
    client = start(prediction_log=str(tmp_path / "log"))
    for rows in (1, 100, 2):
        assert client.post("/predict", json={"data": [10] * rows}).status_code == 200
    assert [line["rows"] for line in lines(client, tmp_path / "log")] == [1, 2]
    assert measured("gateway_dropped_total", what="prediction_log") == 1


def test_it_can_go_to_standard_output(start: Start, capsys: pytest.CaptureFixture[str]) -> None:
    """Beside the request log, line by line."""
    client = start(prediction_log="stdout")
    client.post("/predict", json={"data": 10})
    client.application.extensions["prediction_log"].close()
    assert json.loads(capsys.readouterr().out)["outputs"] == {"y": [[31.0]]}


def test_standard_output_that_cannot_be_written_is_no_reason_to_fail(
    start: Start, measured: Measured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its lines are dropped and counted like those of a file."""
    with Path("/dev/full").open("w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        client = start(prediction_log="stdout")
        assert client.post("/predict", json={"data": 10}).status_code == 200
        client.application.extensions["prediction_log"].close()
        with Path(os.devnull).open("w") as nowhere:
            os.dup2(nowhere.fileno(), full.fileno())  # what it still holds has to go somewhere
    assert measured("gateway_dropped_total", what="prediction_log") == 1


def test_a_log_that_hangs_delays_nobody(
    start: Start, measured: Measured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a line cannot be written requests are answered; so many wait, and the rest are dropped and counted."""
    monkeypatch.setattr(prediction_log, "MAX_WAITING", 3)
    goes_on, begun = threading.Event(), threading.Event()
    write = PredictionLog._write

    def slow(self: PredictionLog, entry: prediction_log.Entry) -> None:
        begun.set()
        goes_on.wait(WAIT_SECONDS)
        write(self, entry)

    monkeypatch.setattr(PredictionLog, "_write", slow)
    client = start(prediction_log=str(tmp_path / "log"))
    assert client.post("/predict", json={"data": 10}).status_code == 200
    begun.wait(WAIT_SECONDS)
    assert {client.post("/predict", json={"data": 10}).status_code for _ in range(5)} == {200}
    assert measured("gateway_dropped_total", what="prediction_log") == 2
    goes_on.set()
    assert len(lines(client, tmp_path / "log")) == 4


def test_a_log_that_cannot_be_written_is_no_reason_to_fail(
    start: Start, measured: Measured, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Lines are dropped and counted, the gateway's log says so once, and when it is possible again they are written."""
    folder = tmp_path / "gone"
    client = start(prediction_log=str(folder / "log"))
    assert {client.post("/predict", json={"data": 10}).status_code for _ in range(3)} == {200}
    wait_until(lambda: measured("gateway_dropped_total", what="prediction_log") == 3, WAIT_SECONDS, "the drops")
    assert caplog.messages.count("cannot write the prediction log") == 1
    folder.mkdir()
    client.post("/predict", json={"data": 10})
    client.application.extensions["prediction_log"].close()
    assert json.loads((folder / "log").read_text())["rows"] == 1


def test_a_full_disk_costs_lines_and_none_of_the_next(start: Start, measured: Measured, tmp_path: Path) -> None:
    """Where there is no room lines are dropped and counted; the next one begins on a line of its own."""
    file = tmp_path / "log"
    file.symlink_to("/dev/full")
    client = start(prediction_log=str(file))
    assert client.post("/predict", json={"data": 10}).status_code == 200
    wait_until(lambda: measured("gateway_dropped_total", what="prediction_log") == 1, WAIT_SECONDS, "the drop")
    file.unlink()
    client.post("/predict", json={"data": 10})
    assert [line["rows"] for line in lines(client, file)] == [1]


def test_an_unfinished_line_costs_none_of_the_next(start: Start, tmp_path: Path) -> None:
    """Where another process was killed in the middle of a line, or had no room for it, a line begins of its own."""
    file = tmp_path / "log"
    client = start(prediction_log=str(file))
    client.post("/predict", json={"data": 10})
    wait_until(lambda: file.exists() and file.stat().st_size, WAIT_SECONDS, "the first line")
    with file.open("a") as other:
        other.write('{"time":"2026-')
    for _ in range(2):
        client.post("/predict", json={"data": 10})
    client.application.extensions["prediction_log"].close()
    first, torn, *rest = file.read_text().splitlines()
    assert torn == '{"time":"2026-'
    assert [json.loads(line)["rows"] for line in (first, *rest)] == [1, 1, 1]


def test_a_file_that_cannot_be_is_found_out_at_the_start(tmp_path: Path) -> None:
    """A folder that is missing is named, with the variable; a pipe is refused, and not waited for."""
    check("")
    check("stdout")
    check(str(tmp_path / "log"))
    with pytest.raises(ConfigError, match=r"PREDICTION_LOG=.*/missing/log: No such file or directory"):
        check(str(tmp_path / "missing" / "log"))
    os.mkfifo(tmp_path / "pipe")
    for other in ("pipe", "."):
        with pytest.raises(ConfigError, match=r"PREDICTION_LOG=.*: not a regular file"):
            check(str(tmp_path / other))


def test_a_folder_that_cannot_be_written_is_found_out_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does not do that the file can be written: the lock and the old files are beside it."""
    (tmp_path / "log").touch(0o666)
    (tmp_path / "log").chmod(0o666)
    tmp_path.chmod(0o555)
    monkeypatch.chdir(tmp_path)
    child = os.fork()
    if child == 0:  # root can write everywhere
        try:
            if os.getuid() == 0:
                os.setuid(65534)
            check("log")
        except ConfigError as error:
            os._exit(0 if "its folder cannot be written" in str(error) else 2)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


PROGRAM = textwrap.dedent("""
    import sys
    from tests.unit.gateway.test_prediction_log import offer_many
    offer_many(sys.argv[1], 0)
""")


def test_a_process_that_ends_writes_what_waits(tmp_path: Path) -> None:
    """All that was answered is in the log, though nobody has closed it."""
    subprocess.run([sys.executable, "-c", PROGRAM, tmp_path / "log"], check=True, timeout=60)
    assert len([line for file in tmp_path.glob("log*") for line in file.read_text().splitlines()]) == 200


def test_a_log_that_hangs_does_not_keep_a_process_from_ending(tmp_path: Path) -> None:
    """It ends also while the lock on the file is held by a process that has stopped."""
    with (tmp_path / ".__log.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        subprocess.run([sys.executable, "-c", PROGRAM, tmp_path / "log"], check=True, timeout=60)


def offer_many(file: str, process: int) -> PredictionLog:
    """What a worker process does."""
    log = PredictionLog(file, share=1.0, max_bytes=20_000)
    tensor = tensors.pack(DTYPES[pb.DT_FLOAT], [1, 1], [float(process)])
    prediction = Prediction(1, None, contract({"x": FLOAT_COLUMN}), Batch({"x": tensor}, 1, "/data"), {"y": tensor})
    for number in range(200):
        log.offer(f"{process}-{number}", "line", prediction)
    return log


def write_many(file: str, process: int) -> None:
    """What a worker process does, and then ends."""
    offer_many(file, process).close()


def test_several_processes_write_one_file(tmp_path: Path) -> None:
    """None of their lines is torn or lost, also not while a new file is begun; five old ones are kept."""
    file = tmp_path / "log"
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=write_many, args=(str(file), number)) for number in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    files = sorted(tmp_path.glob("log*"))
    assert len(files) > 3
    written = [json.loads(line)["request_id"] for each in files for line in each.read_text().splitlines()]
    assert sorted(written) == sorted(f"{process}-{number}" for process in range(3) for number in range(200))
