"""The table of a run, and its place in the documentation."""

import os
import platform
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.chaos.world import Fault, Observed

BEGIN, END = "<!-- chaos -->", "<!-- /chaos -->"
_PLACE = re.compile(f"{BEGIN}.*?{END}", re.DOTALL)
VERDICTS = {True: "", False: "**Not as expected.** ", None: "**Skipped**, "}


def table(results: Sequence[tuple[Fault, Observed]], server: str) -> str:
    """The results in Markdown, with when and where they came about.

    Args:
        results: What was done, and what came of it.
        server: The model server's name.
    """
    rows = [
        f"| {fault.name} | {fault.expected} | {VERDICTS[seen.held]}{seen.text.replace('|', '/')} |"
        for fault, seen in results
    ]
    return "\n".join([_machine(server), "", "| fault | expected | observed |", "|---|---|---|", *rows])


def check(document: Path) -> None:
    """Find out whether a document takes a table.

    Raises:
        OSError: It cannot be read.
        ValueError: It has no markers.
    """
    if len(_PLACE.findall(document.read_text(encoding="utf-8"))) != 1:
        raise ValueError(f"{document} has no {BEGIN} … {END}")


def write(document: Path, text: str) -> None:
    """Put a table into a document that takes one, between its markers."""
    before = document.read_text(encoding="utf-8")
    document.write_text(_PLACE.sub(lambda _: f"{BEGIN}\n\n{text}\n\n{END}", before), encoding="utf-8")


def _machine(server: str) -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    where = f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.machine()}"
    what = f"Python {platform.python_version()}, model server: {server}; two gateway workers, eight clients"
    return f"{datetime.now(UTC).date()}, {where}, {what}."
