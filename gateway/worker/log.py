"""gunicorn's own log."""

from gunicorn import glogging


class Log(glogging.Logger):  # type: ignore[misc]  # gunicorn has no annotations
    """Without the access log: gunicorn would make up each line, for nobody to write; the request log says more."""

    access_log_enabled = False
