"""The certificate, which is renewed while the gateway runs."""

import logging
import ssl
from typing import Any

from gunicorn import sock

log = logging.getLogger("gateway")

_last: list[ssl.SSLContext] = []


def context(cfg: Any) -> ssl.SSLContext:
    """The certificate as it is now; while it is being renewed, and cannot be read, the one before.

    Called in gunicorn's master, which an exception would end.

    Raises:
        OSError: There is none before.
    """
    try:
        _last[:] = [sock.ssl_context(cfg)]
    except OSError as error:
        if not _last:
            raise
        log.error("unreadable certificate", extra={"cause": str(error)})  # noqa: TRY400  # the cause says it all
    return _last[0]
