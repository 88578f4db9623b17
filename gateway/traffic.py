"""How default traffic is shared out: a file that names each model's shares, followed when it changes."""

import logging
import math
import os
import stat
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

LOOK_SECONDS = 0.5  # how often the file is looked at, by each worker

log = logging.getLogger("gateway")

Share = Annotated[float, Meta(ge=0, le=1)]


class Shares(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What becomes of a model's default traffic.

    Attributes:
        canary_share: How much of it the version labelled `canary` answers.
        shadow_share: How much of it is copied to another version as well, to compare the two.
        shadow_label: The label of that version.
    """

    canary_share: Share = 0.0
    shadow_share: Share = 0.0
    shadow_label: Annotated[str, Meta(pattern=r"^[a-zA-Z0-9_]+\Z")] = "canary"


NONE = Shares()
DECODER = msgspec.json.Decoder(dict[str, Shares])


class Traffic:
    """The shares of all models, at most LOOK_SECONDS old.

    One thread at a time looks at the file; the others go on with what is known, so that nobody waits. While the file
    is missing there are no shares. While it cannot be read, or holds something else, those it held before stay.
    """

    def __init__(self, file: str) -> None:
        """Read the file, if there is one.

        Args:
            file: Its path; empty for none.
        """
        self._file = Path(file) if file else None
        self._shares: Mapping[str, Shares] = {}
        self._stamp: tuple[int, ...] | None = None
        self._looked = -math.inf
        self._cause = ""
        self._lock = threading.Lock()
        self.shares("")  # so that the first request finds them

    def shares(self, model: str) -> Shares:
        """What becomes of a model's traffic.

        Args:
            model: The model's name.

        Returns:
            The shares; none where the file does not name it.
        """
        if self._file is not None and self._lock.acquire(blocking=False):
            try:
                self._look(self._file)
            finally:
                self._lock.release()
        return self._shares.get(model, NONE)

    def _look(self, file: Path) -> None:
        now = time.monotonic()
        if now - self._looked < LOOK_SECONDS:
            return
        self._looked = now
        try:
            stamp = _stamp(file.stat())
            if stamp != self._stamp:
                self._take(DECODER.decode(file.read_bytes()), stamp)
        except FileNotFoundError:
            self._take({}, None)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            self._stamp = None  # it may be half written: the other half would not always change the stamp
            if str(error) != self._cause:
                self._cause = str(error)
                fields = {"file": str(file), "cause": self._cause}
                log.error("unreadable traffic file", extra=fields)  # noqa: TRY400  # the cause says it all

    def _take(self, shares: Mapping[str, Shares], stamp: tuple[int, ...] | None) -> None:
        if shares != self._shares:
            log.info("traffic", extra={"traffic": msgspec.to_builtins(shares)})
        self._shares, self._stamp, self._cause = shares, stamp, ""


def _stamp(status: os.stat_result) -> tuple[int, ...]:
    """What changes with the file."""
    if not stat.S_ISREG(status.st_mode):
        raise OSError("it is no regular file")  # and reading it might never end
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino
