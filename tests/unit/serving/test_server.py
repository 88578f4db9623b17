"""The embedded server as a whole, in this process."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from serving.embedded.server import Options, serve
from tests.processes import free_port

CLIENTS = 6
TIMES = 50  # each; without care it ends at the first few


def test_clients_that_watch_its_health_and_go_do_not_block_it(tmp_path: Path) -> None:
    """While some come and some are gone, each is told that it serves, as is whoever only asks."""
    port, stop = free_port(), Event()

    def watch() -> list[int]:
        told = []
        for _ in range(TIMES):
            options = [("grpc.use_local_subchannel_pool", 1)]  # a connection of its own
            with grpc.insecure_channel(f"127.0.0.1:{port}", options=options) as channel:
                stub, request = health_pb2_grpc.HealthStub(channel), health_pb2.HealthCheckRequest()
                told.append(next(stub.Watch(request, timeout=20, wait_for_ready=True)).status)
                told.append(stub.Check(request, timeout=20).status)
        return told

    with ThreadPoolExecutor(CLIENTS + 1) as pool:
        serving = pool.submit(serve, Options(store=tmp_path, host="127.0.0.1", port=port, poll_seconds=60), stop)
        try:
            told = [status for client in [pool.submit(watch) for _ in range(CLIENTS)] for status in client.result()]
        finally:
            stop.set()
        serving.result()
    assert told == [health_pb2.HealthCheckResponse.SERVING] * (2 * TIMES * CLIENTS)
