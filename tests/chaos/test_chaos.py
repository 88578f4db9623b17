"""Some of the faults, those that tell most in little time; `make chaos` does them all."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.chaos import clients, gateways
from tests.chaos.table import BEGIN, END, table, write
from tests.chaos.world import Fault, Observed, World, world
from tests.servers import Command


@pytest.fixture(scope="module")
def made(server_command: Command, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A gateway and a model server."""
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    with world(tmp_path_factory.mktemp("chaos"), server_command) as made:
        yield made


@pytest.mark.parametrize("do", [clients.dripping, clients.not_reading, gateways.worker_killed, gateways.terminated])
def test_faults_do_what_is_expected_of_them(made: World, do: Callable[[World], Observed]) -> None:
    """Slow clients are not noticed, a dead worker is replaced, and a gateway that stops loses nothing."""
    observed = do(made)
    assert observed.held, observed.text


def test_the_table_tells_what_was_not_as_expected(tmp_path: Path) -> None:
    """What failed, or was skipped, is not passed over; the rest of the document stays."""
    document = tmp_path / "page.md"
    document.write_text(f"Before\n{BEGIN}\nold\n{END}\nAfter\n", encoding="utf-8")
    fault = Fault("It rains", "umbrellas", lambda _: Observed(held=True, text=""))
    results = [(fault, Observed(held, f"drops | {held}")) for held in (True, False, None)]
    write(document, table(results, "embedded"))
    text = document.read_text(encoding="utf-8")
    assert text.startswith(f"Before\n{BEGIN}\n")
    assert text.endswith(f"{END}\nAfter\n")
    assert "| It rains | umbrellas | drops / True |" in text
    assert "| It rains | umbrellas | **Not as expected.** drops / False |" in text
    assert "| It rains | umbrellas | **Skipped**, drops / None |" in text
