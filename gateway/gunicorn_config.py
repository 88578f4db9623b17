"""gunicorn's settings: `gunicorn -c gateway/gunicorn_config.py`."""

import logging
import math
import sys
from typing import Any

import msgspec

from gateway import key_file, metrics, prediction_log
from gateway.config import ConfigError, load_settings
from gateway.logs import logging_config
from gateway.worker import balance, generation

try:
    _settings = load_settings()
except ConfigError as error:
    sys.exit(f"gateway: {error}")

wsgi_app = "gateway:create_app()"
bind = f"[{_settings.host}]:{_settings.port}" if ":" in _settings.host else f"{_settings.host}:{_settings.port}"
workers = _settings.workers
threads = _settings.threads
# Threads suit a gateway that waits for another server; gevent and grpcio have a history of crashes together. Ours has
# gunicorn's threads, and an event loop that reads requests before a thread takes them.
worker_class = "gateway.worker.worker.Worker"
sendfile = False  # the event loop sends
# Of what comes in front of a body: gunicorn's defaults, stated since the documentation names them.
limit_request_line = 4094
limit_request_fields = 100
limit_request_field_size = 8190
# A gRPC channel must not be made before the fork: every worker imports the application by itself.
preload_app = False
# Longer than the idle time of common load balancers (60 s), so that it is they who close a connection.
keepalive = 75
# How long a worker may go on and then finish its requests when it is told to stop.
graceful_timeout = math.ceil(_settings.drain_seconds) + 30
# The control socket wants a home directory that can be written; the container's root file system cannot.
control_socket_disable = True
logger_class = "gateway.worker.log.Log"
logconfig_dict = logging_config(_settings.log_level)


def on_starting(_arbiter: Any) -> None:
    """Log the options once, so that a log tells what the gateway ran with; let the workers share what they measure."""
    try:
        key_file.check(_settings.api_keys_file)
        prediction_log.check(_settings.prediction_log)
    except ConfigError as error:
        sys.exit(f"gateway: {error}")
    metrics.share()
    logging.getLogger("gateway").info("settings", extra={"settings": msgspec.to_builtins(_settings)})


def on_reload(_arbiter: Any) -> None:
    """Let the workers know that others take their place."""
    generation.advance()


def post_fork(_arbiter: Any, _worker: Any) -> None:
    """Take the room for this worker's metrics while there is some."""
    metrics.reserve()


def child_exit(_arbiter: Any, worker: Any) -> None:
    """Let a worker that has ended leave no false gauge, and no false count of connections."""
    metrics.forget(worker.pid)
    balance.leave(worker.age)


def on_exit(_arbiter: Any) -> None:
    """Leave nothing behind."""
    metrics.end_sharing()
