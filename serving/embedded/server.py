"""Puts the embedded server's parts together, listens and stops."""

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc

from serving.embedded.errors import StartError
from serving.embedded.manager import Manager
from serving.embedded.registry import Registry
from serving.embedded.service import ModelService, PredictionService
from serving.embedded.states import States

_logger = logging.getLogger(__name__)
_THREADS = 16
_WATCHERS = 256  # clients that may watch the server's health, a thread each
_GRACE_SECONDS = 3.0
_GRPC_OPTIONS = (
    ("grpc.so_reuseport", 0),  # else a second server on the same port would take half of the calls
    ("grpc.max_receive_message_length", -1),  # TensorFlow Serving has no limit either
    ("grpc.max_send_message_length", -1),
)


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the command line sets.

    Attributes:
        store: the model store's folder.
        host: the address to listen on.
        port: the port to listen on; 0 lets the system choose.
        poll_seconds: the pause between two looks at the store.
    """

    store: Path
    host: str
    port: int
    poll_seconds: float


def serve(options: Options, stop: Event) -> None:
    """Serve until told to stop, then let running calls finish for a few seconds.

    Args:
        options: what the command line sets.
        stop: ends the server when it is set.

    Raises:
        StartError: if the store is no folder, its models.config cannot be read, or the port cannot be had.
    """
    if not options.store.is_dir():
        raise StartError(f"the model store {options.store} is not a folder")
    states = States()
    registry = Registry(states)
    # Its other way, without a thread for each client that watches, can block the whole server: it sends while it holds
    # the lock that gRPC's only serving thread wants when a client is gone.
    watching = ThreadPoolExecutor(_WATCHERS, thread_name_prefix="watch")
    checks = health.HealthServicer(experimental_non_blocking=False, experimental_thread_pool=watching)
    manager = Manager(options.store, registry, states)
    server = _make_server(registry, states, checks)
    manager.poll()  # before it listens, so that a server that takes connections has what it can have, and answers
    port = _listen(server, options.host, options.port)
    server.start()
    checks.set("", health_pb2.HealthCheckResponse.SERVING)
    _logger.info("serving gRPC on %s:%d, store %s", options.host, port, options.store.absolute())
    polling = manager.run_in_background(options.poll_seconds, stop)
    stop.wait()
    _logger.info("stopping")
    checks.enter_graceful_shutdown()
    server.stop(_GRACE_SECONDS).wait()
    polling.join(_GRACE_SECONDS)


def _make_server(registry: Registry, states: States, checks: health.HealthServicer) -> grpc.Server:
    server = grpc.server(ThreadPoolExecutor(_THREADS, thread_name_prefix="call"), options=_GRPC_OPTIONS)
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(PredictionService(registry), server)
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(ModelService(states), server)
    health_pb2_grpc.add_HealthServicer_to_server(checks, server)
    return server


def _listen(server: grpc.Server, host: str, port: int) -> int:
    try:
        return server.add_insecure_port(f"{host}:{port}")
    except RuntimeError as error:
        raise StartError(f"cannot listen on {host}:{port}: in use, or no address of this machine") from error
