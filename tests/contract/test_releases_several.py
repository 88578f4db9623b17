"""A release with two model servers behind one name. Every test holds for both kinds of servers."""

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath
from threading import Event, Thread

import grpc
import pytest

from src.errors import ReleaseError
from src.release.operations import Operator
from tests.contract.calls import with_label
from tests.contract.model_server import CHANNEL_OPTIONS, ModelServer, State, answers, started
from tests.processes import free_port, running, wait_until
from tests.saved_models import write_release
from tests.servers import Command

WAIT_SECONDS = 60.0


@pytest.fixture
def pair(server_command: Command, tmp_path: Path) -> Iterator[tuple[ModelServer, ModelServer]]:
    """Two servers over one store with three versions of the line."""
    with started(server_command, tmp_path) as first:
        port = free_port()
        target = f"127.0.0.1:{port}"
        with (
            running(server_command(first.store, port), log_file=tmp_path / "second.log") as process,
            grpc.insecure_channel(target, options=CHANNEL_OPTIONS) as channel,
        ):
            second = ModelServer(process, first.store, target, channel)
            wait_until(lambda: answers(second), WAIT_SECONDS, "the second server to answer")
            for version in (1, 2, 3):
                write_release(first.store / "line" / str(version), slope=float(version))
            yield first, second


@pytest.fixture
def operator(pair: tuple[ModelServer, ModelServer]) -> Operator:
    """Who releases to both."""
    target = f"ipv4:{pair[0].target},{pair[1].target}"
    return Operator(store=pair[0].store, target=target, served_from=PurePosixPath(pair[0].store), timeout_seconds=30)


def stables(pair: tuple[ModelServer, ModelServer]) -> list[int | None]:
    """Which version is stable on each."""
    return [server.labelled("line", "stable") for server in pair]


def test_all_servers_have_followed_when_a_command_returns(
    pair: tuple[ModelServer, ModelServer], operator: Operator
) -> None:
    """Each address behind the name is waited for."""
    for version in (1, 2):
        operator.promote("line", version)
        assert stables(pair) == [version, version]
    operator.rollback("line")
    assert stables(pair) == [1, 1]


def test_a_server_that_did_not_answer_is_told_of_and_brought_along_later(
    pair: tuple[ModelServer, ModelServer], operator: Operator
) -> None:
    """One that hangs is named; it refuses what it then reads, and the same command again leads it there in steps."""
    told: list[str] = []
    operator.promote("line", 1)
    os.killpg(pair[1].process.pid, signal.SIGSTOP)
    try:
        replace(operator, say=told.append).promote("line", 2)
    finally:
        os.killpg(pair[1].process.pid, signal.SIGCONT)
    assert told[0] == f"the model server ipv4:{pair[1].target} does not answer, and is not waited for"
    refusal = "Request to assign label to version 2 of model line"
    wait_until(lambda: refusal in pair[1].process.output(), WAIT_SECONDS, "the second server to refuse the label")
    operator.promote("line", 2)
    assert stables(pair) == [2, 2]


def test_the_label_answers_while_a_server_that_is_behind_is_brought_along(
    pair: tuple[ModelServer, ModelServer], operator: Operator
) -> None:
    """The version that a server still has the label on stays loaded until the label has moved."""
    operator.promote("line", 1)
    text = (operator.store / "models.config").read_text(encoding="utf-8")
    behind = text.replace("versions: 1", "versions: 2 versions: 3").replace("value: 1", "value: 3")
    (operator.store / ".draft").write_text(behind, encoding="utf-8")
    (operator.store / ".draft").rename(operator.store / "models.config")
    done, failures = Event(), list[str]()

    def ask() -> None:
        while not done.wait(0.01):
            try:
                pair[0].predict(with_label("line", "stable"))
            except grpc.RpcError as error:
                failures.append(str(error.details()))

    asking = Thread(target=ask)
    asking.start()
    try:
        operator.promote("line", 3)
    finally:
        done.set()
        asking.join()
    assert failures == []
    assert stables(pair) == [3, 3]


def test_servers_that_do_not_follow_leave_the_release_as_it_was(
    pair: tuple[ModelServer, ModelServer], operator: Operator
) -> None:
    """Whether both cannot load a version, or one of them is gone as well, the command says so in time."""
    operator.promote("line", 1)
    before = (operator.store / "models.config").read_text(encoding="utf-8")
    (operator.store / "line" / "2" / "assets.extra" / "SHA256SUMS").unlink()
    for file in (operator.store / "line" / "2" / "variables").iterdir():
        file.unlink()
    with pytest.raises(
        ReleaseError, match=r"^waited 3 s in vain for version 2 of line to be loaded by the model server"
    ):
        replace(operator, timeout_seconds=3).promote("line", 2)
    pair[1].process.kill()
    with pytest.raises(ReleaseError, match=r"^waited 3 s in vain"):
        replace(operator, timeout_seconds=3).promote("line", 2)
    assert (operator.store / "models.config").read_text(encoding="utf-8") == before
    assert pair[0].states("line")[1] == State.AVAILABLE
