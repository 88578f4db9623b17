"""The release's history: who changed what, when and why. One JSON document a line, in the store, only ever added to.

An operation has two lines: one before anything is changed and one with what became of it. One that has its first line
alone was cut off, by SIGKILL or a power cut; whoever works on the release next can tell, and completes it.
"""

import contextlib
import errno
import getpass
import os
import socket
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, get_args

import msgspec

from src.errors import StoreError
from src.models_config import sync_folder

HISTORY_FILE = "history.jsonl"
Action = Literal["promote", "rollback", "canary", "retire"]


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One change of a release; as a line, how far it has come.

    Attributes:
        id: The same in both lines.
        time: When the line was written, UTC.
        action: What was done.
        model: The model's name.
        version: The version that it was done with: of a rollback, the one that it leads to.
        replaced: The version that was stable before.
        user: Who did it, as the operating system knows them.
        host: Where.
        reason: Why, in their words.
        outcome: `begun`, and then `done` or `failed`.
        detail: Why it failed.
    """

    id: str
    time: datetime
    action: Action
    model: str
    version: int
    replaced: int | None
    user: str
    host: str
    reason: str
    outcome: Literal["begun", "done", "failed"] = "begun"
    detail: str = ""


def begin(store: Path, action: Action, model: str, version: int, *, replaced: int | None, reason: str) -> Operation:
    """Note that something is about to be changed.

    Args:
        store: The model store.
        action: What is to be done.
        model: The model's name.
        version: The version that it is done with.
        replaced: The version that is stable now.
        reason: Why.

    Returns:
        The operation, to be ended.

    Raises:
        OSError: The history cannot be written.
    """
    operation = Operation(
        id=uuid.uuid4().hex,
        time=datetime.now(UTC),
        action=action,
        model=model,
        version=version,
        replaced=replaced,
        user=_user(),
        host=socket.gethostname(),
        reason=reason,
    )
    _append(store, operation)
    return operation


def end(store: Path, operation: Operation, outcome: Literal["done", "failed"], detail: str = "") -> None:
    """Note what became of an operation.

    Raises:
        OSError: The history cannot be written.
    """
    changes = {"time": datetime.now(UTC), "outcome": outcome, "detail": detail}
    _append(store, msgspec.structs.replace(operation, **changes))


def read(store: Path, model: str | None = None) -> list[Operation]:
    """The operations so far, each as its last line tells, in the order in which they began.

    Args:
        store: The model store.
        model: The model's name; None for all.

    Returns:
        The operations. Lines that cannot be read are passed over: a power cut tears what was being written.

    Raises:
        StoreError: The history cannot be read.
    """
    found: dict[str, Operation] = {}
    try:
        lines = (store / HISTORY_FILE).read_bytes().splitlines()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StoreError(f"cannot read {store / HISTORY_FILE}: {error.strerror or error}") from error
    for line in lines:
        with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError):
            operation = msgspec.json.decode(line, type=Operation)
            found[operation.id] = operation
    return [operation for operation in found.values() if model in (None, operation.model)]


def stables(operations: Sequence[Operation], now: int | None, others: Sequence[int] = ()) -> list[int]:
    """The versions that were stable, each once, the one that is so now at the end; a rollback goes back from there.

    A version that was rolled back from is left out, so that the next rollback does not lead to it again.

    Args:
        operations: A model's.
        now: The version that is stable, whatever the history says.
        others: Versions that may have been stable though the history does not tell, as models.config has them.

    Returns:
        The versions, oldest first.
    """
    # A canary that failed, or that came to be, says nothing of a version; one that was cut off may have left it loaded.
    passing = {("failed", action) for action in get_args(Action)} | {("done", "canary")}
    counted = [operation for operation in operations if (operation.outcome, operation.action) not in passing]
    told = {operation.version for operation in counted} | {operation.replaced for operation in counted}
    found = [version for version in others if version not in told and version != now]
    for operation in operations:
        if operation.outcome == "failed":
            continue
        _settle(found, operation.replaced)  # of an operation that was cut off, this tells how far it came
        if operation.action == "rollback":
            if operation.version not in found:  # it was older than all that the history tells
                found.clear()
            _settle(found, operation.version)
        elif operation.action in ("promote", "retire") and operation.version in found:
            found.remove(operation.version)
        if operation.action == "promote":
            found.append(operation.version)
    last = operations[-1] if operations else None
    if last is None or (last.outcome, last.action) != ("begun", "rollback"):  # which is to be completed
        _settle(found, now)
    return found


def _settle(found: list[int], stable: int | None) -> None:
    """Have a version at the end, as it is the stable one: what came after it was rolled back, or never came to be."""
    if stable in found:
        del found[found.index(stable) + 1 :]
    elif stable is not None:
        found.append(stable)


def _append(store: Path, operation: Operation) -> None:
    path = store / HISTORY_FILE
    is_new = not path.exists()
    with path.open("ab+", buffering=0) as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(size - 1, 0))
        torn = b"" if size == 0 or file.read(1) == b"\n" else b"\n"  # what was torn stays a line of its own
        line = torn + msgspec.json.encode(operation) + b"\n"
        try:
            whole = file.write(line) == len(line)
            os.fsync(file.fileno())
        except OSError:
            file.truncate(size)
            raise
        if not whole:
            file.truncate(size)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if is_new:
        sync_folder(store)


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # in a container, a number may have no name
        return str(os.getuid())
