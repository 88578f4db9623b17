"""A version with another signature takes over while clients ask."""

from pathlib import Path

import pytest

from tests.e2e.stack import Load, load, serve_newest, started, train
from tests.processes import wait_until
from tests.saved_models import write_sum
from tests.servers import Command

ENOUGH = 200  # answers in a row, of eight clients and two workers


def settled(seen: Load, status: int) -> bool:
    """Whether the last answers all have one status."""
    last = [answered for answered, _, _ in seen.answers[-ENOUGH:]]
    return last == [status] * ENOUGH


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store, in which the line is trained."""
    folder: Path = tmp_path_factory.mktemp("takeover")
    train(folder / "store")
    serve_newest(folder / "store")
    return folder


def test_another_signature_takes_over_under_load(server_command: Command, folder: Path) -> None:
    """No restart and no failure: what fits the new version is answered, what fitted the old one gets its 422.

    Bodies of both kinds are sent all the time. Each is answered by the version that takes it or refused by the contract
    in force, and in the end by the new version's alone.
    """
    with started(folder, server_command) as stack:
        stack.wait_until_ready()
        with load(stack, data=10, clients=4) as old, load(stack, data=[[1, 2]], clients=4) as new:
            wait_until(lambda: settled(old, 200) and settled(new, 422), 60, "the old contract's answers")
            write_sum(folder / "store" / "line" / "2")
            wait_until(lambda: settled(old, 422) and settled(new, 200), 60, "the new contract's answers")
    predicted = [[document for status, document, _ in seen.answers if status == 200] for seen in (old, new)]
    assert old.statuses().keys() == new.statuses().keys() == {200, 422}
    assert {document["version"] for document in predicted[0]} == {1}
    assert [document["prediction"] for document in predicted[0]] == [pytest.approx(31, abs=1e-2)] * len(predicted[0])
    assert {document["version"] for document in predicted[1]} == {2}
    assert all(document["prediction"] == [[3.0]] for document in predicted[1])
