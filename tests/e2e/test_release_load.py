"""Versions are published, tried out, promoted and rolled back while clients ask, and nothing is lost."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.release_load import Releases, Seen, clients, make
from tests.e2e.stack import Stack, command, started
from tests.servers import Command

CLIENTS = 32
ROUNDS = 3
LATE_SECONDS = 2.0  # after a rollback's command has returned


@pytest.fixture
def stack(server_command: Command, tmp_path: Path) -> Iterator[Stack]:
    """A gateway and a model server that serve version 1."""
    store = tmp_path / "store"
    make(store, [1])
    make(tmp_path / "made", range(2, ROUNDS + 2))
    command("src.release", "promote", "line", "1", "--offline", "--store", store, "--served-from", store)
    with started(tmp_path, server_command, TRAFFIC_FILE=str(store / "traffic.json")) as running:
        running.wait_until_ready()
        yield running


def test_releases_change_under_load_with_nothing_lost(stack: Stack, tmp_path: Path) -> None:
    """No request fails, each value belongs to the version that its answer names, and models.config is never torn."""
    seen = Seen()
    releases = Releases(stack, tmp_path / "made", seen)
    with clients(stack, seen, CLIENTS):
        for version in range(2, ROUNDS + 2):
            releases.round(version)
    assert set(seen.statuses()) == {200}
    assert seen.wrong() == []
    assert {answer.version for answer in seen.answers} == set(range(1, ROUNDS + 2))
    assert seen.labels().keys() >= {"stable", "canary"}
    assert (seen.invalid, seen.reads > 100) == (0, True)
    assert max(seen.late()) < LATE_SECONDS


def test_a_share_changes_without_a_restart(stack: Stack, tmp_path: Path) -> None:
    """From none of the requests to all and back to none, by the same command; the canary can always be forced."""
    releases = Releases(stack, tmp_path / "made", Seen())
    releases.publish(2)
    for share, versions in (("0", {1}), ("1", {2}), ("0", {1})):
        releases.run("canary", "line", "2", "--share", share)
        stack.wait_until_ready()  # for longer than workers take to look at the file again
        assert {stack.predict(10).json()["version"] for _ in range(20)} == versions
    forced = [stack.predict(10, headers={"X-Canary": word}).json()["version"] for word in ("always", "never")]
    assert forced == [2, 1]
