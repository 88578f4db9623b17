"""The traffic file: followed when it changes, and never a reason to fail."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway import traffic as traffic_module
from gateway.traffic import NONE, Shares, Traffic


@pytest.fixture(autouse=True)
def _each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is looked at each time."""
    monkeypatch.setattr(traffic_module, "LOOK_SECONDS", 0.0)


@pytest.fixture
def traffic(traffic_file: Path) -> Traffic:
    """The shares; there is no file yet."""
    return Traffic(str(traffic_file))


def causes(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The causes in the log's errors."""
    return [record.__dict__["cause"] for record in caplog.records if record.levelname == "ERROR"]


def test_without_a_file_there_are_no_shares(traffic: Traffic, caplog: pytest.LogCaptureFixture) -> None:
    """No setting and a file that is not there yet are both nothing to complain of."""
    assert Traffic("").shares("line") == traffic.shares("line") == NONE == Shares()
    assert (NONE.canary_share, NONE.shadow_share, NONE.shadow_label) == (0.0, 0.0, "canary")
    assert causes(caplog) == []


def test_follows_the_file(traffic: Traffic, traffic_file: Path) -> None:
    """What is written, written anew, and taken away is in force at the next look, model by model."""
    traffic_file.write_text('{"line": {"canary_share": 0.1, "shadow_share": 1, "shadow_label": "next"}, "other": {}}')
    assert traffic.shares("line") == Shares(canary_share=0.1, shadow_share=1.0, shadow_label="next")
    assert traffic.shares("other") == traffic.shares("third") == NONE
    traffic_file.write_text('{"line": {"canary_share": 0.25}}')
    assert traffic.shares("line") == Shares(canary_share=0.25)
    traffic_file.unlink()
    assert traffic.shares("line") == NONE


def test_a_file_that_is_replaced_by_one_of_the_same_size_and_time_is_read(traffic: Traffic, traffic_file: Path) -> None:
    """A copy that keeps its time is told by being another file."""
    for share in (0.1, 0.2):
        staged = traffic_file.with_suffix(".new")
        staged.write_text(f'{{"line": {{"canary_share": {share}}}}}')
        os.utime(staged, ns=(0, 0))
        staged.replace(traffic_file)
        assert traffic.shares("line").canary_share == share


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ('{"line": {"canary_sh', "truncated"),
        ("", "truncated"),
        ('{"line": {"canary_share": 1.1}}', "Expected `float` <= 1.0 - at `$[...].canary_share`"),
        ('{"line": {"canary_share": -0.1}}', "Expected `float` >= 0.0 - at `$[...].canary_share`"),
        ('{"line": {"canary_share": "0.1"}}', "Expected `float`, got `str`"),
        ('{"line": {"canary": 0.1}}', "unknown field `canary`"),
        ('{"line": {"shadow_label": "a b"}}', "regex"),
        ('{"line": {"shadow_label": "a\\n"}}', "regex"),
        ('[{"canary_share": 0.1}]', "Expected `object`, got `array`"),
        ('{"line": {"canary_share": NaN}}', "JSON is malformed"),
    ],
)
def test_keeps_the_last_good_state(
    traffic: Traffic, traffic_file: Path, caplog: pytest.LogCaptureFixture, text: str, cause: str
) -> None:
    """While the file is torn, or holds something else, the shares that it held before stay; the log says so once."""
    traffic_file.write_text('{"line": {"canary_share": 0.5}}')
    assert traffic.shares("line").canary_share == 0.5
    for _ in range(2):
        traffic_file.write_text(text)
        assert [traffic.shares("line").canary_share for _ in range(3)] == [0.5] * 3
    assert len(causes(caplog)) == 1
    assert cause in causes(caplog)[0]
    traffic_file.write_text('{"line": {"canary_share": 1}}')
    assert traffic.shares("line").canary_share == 1


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo], ids=["folder", "pipe"])
def test_is_not_held_up_by_what_is_no_file(
    traffic: Traffic, traffic_file: Path, caplog: pytest.LogCaptureFixture, make: Callable[[Path], None]
) -> None:
    """A folder or a pipe in the file's place is an error in the log, and nothing waits for it."""
    make(traffic_file)
    assert traffic.shares("line") == NONE
    assert causes(caplog) == ["it is no regular file"]


def test_is_looked_at_twice_a_second_at_most(
    traffic: Traffic, traffic_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two looks the file may say what it likes."""
    monkeypatch.setattr(traffic_module, "LOOK_SECONDS", 3600.0)
    traffic_file.write_text('{"line": {"canary_share": 1}}')
    assert traffic.shares("line") == NONE


def test_nobody_waits_for_the_look(traffic: Traffic, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one thread reads a file that is slow to come, the others go on with what is known."""
    begun, goes_on = threading.Event(), threading.Event()

    def slow(*_: object) -> None:
        begun.set()
        goes_on.wait(10)

    monkeypatch.setattr(traffic, "_look", slow)
    thread = threading.Thread(target=traffic.shares, args=["line"])
    thread.start()
    assert begun.wait(10)
    assert traffic.shares("line") == NONE
    goes_on.set()
    thread.join()
