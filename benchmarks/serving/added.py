"""`python -m benchmarks.serving.added`: what the gateway adds to what has to be done anyway.

To a call: a row over one connection, through the gateway and straight to the model server, in turns. To reading and
writing: the processor time of its workers for 10,000 rows, beside msgspec's for decoding and encoding the same bodies,
in turns. And its own start, with everything in the file cache.
"""

import argparse
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import grpc
import msgspec
import requests

from benchmarks.serving import report, usage
from benchmarks.serving.contenders import OURS
from benchmarks.serving.load import LOADS, ONE
from benchmarks.serving.measure import Started, started
from benchmarks.serving.models import train
from gateway import tf_serving_pb2 as pb
from gateway.dtypes import DTYPES
from gateway.protos import to_proto
from gateway.signature import SERVING_DEFAULT, Selector
from gateway.tensors import pack

ROUNDS, WARM_UP = 5, 200
CALLS, LARGE_CALLS, STARTS = 400, 10, 5
METHOD = "/tensorflow.serving.PredictionService/Predict"
ONE_ROW, LARGE = ONE[0], LOADS[-1]
SECTION = "added"


@dataclass
class Found:
    """What was measured, once a round.

    Attributes:
        direct: Seconds of a call to the model server; the median of a round.
        through: Seconds of a request to the gateway; the median of a round.
        bare: Processor seconds of msgspec for large bodies.
        workers: Processor seconds of the gateway's processes for them.
        private_bytes: The memory that these share with none, after the last.
        starts: Seconds from the gateway's start to its first answer.
    """

    direct: list[float] = field(default_factory=list)
    through: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)
    workers: list[float] = field(default_factory=list)
    private_bytes: int = 0
    starts: list[float] = field(default_factory=list)


def main(arguments: list[str] | None = None) -> int:
    """Measure.

    Args:
        arguments: The command line's; those of this process if left out.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serving.added", description=__doc__)
    parser.add_argument("--report", type=Path, metavar="FILE", help="a document to put the table into")
    args = parser.parse_args(arguments)
    found = Found()
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "store"
        train(store)
        for number in range(STARTS):
            with started(OURS, store, Path(folder) / str(number), ONE_ROW) as running:
                found.starts.append(running.start_seconds)
                if number == STARTS - 1:
                    _measure_calls(running, found)
        with started(OURS, store, Path(folder) / "large", LARGE) as running:
            _measure_large(running, found)
    table = _text(found)
    print(table)
    if args.report:
        report.write(args.report, table, SECTION)
    return 0


def _measure_calls(running: Started, found: Found) -> None:
    with grpc.insecure_channel(f"127.0.0.1:{running.site.server_port}") as channel:
        call = channel.unary_unary(METHOD, pb.PredictRequest.SerializeToString, pb.PredictResponse.FromString)
        inputs = {"x": to_proto(pack(DTYPES[pb.DT_FLOAT], [1, 1], [10.0]))}
        request = pb.PredictRequest(model_spec=Selector(1).spec(ONE_ROW.model, SERVING_DEFAULT), inputs=inputs)
        body = running.body(ONE_ROW).read_bytes()
        head = f"POST /predict HTTP/1.1\r\nHost: gateway\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        with socket.create_connection(("127.0.0.1", running.site.port)) as client:

            def ask() -> None:
                client.sendall(head + body)
                answer = client.recv(65536)
                assert answer.startswith(b"HTTP/1.1 200"), answer

            for _ in range(WARM_UP):
                ask()
                call(request)
            for _ in range(ROUNDS):
                found.direct.append(_median_seconds(lambda: call(request)))
                found.through.append(_median_seconds(ask))


def _median_seconds(do: Callable[[], Any]) -> float:
    taken = []
    for _ in range(CALLS):
        began = time.perf_counter()
        do()
        taken.append(time.perf_counter() - began)
    return median(taken)


def _measure_large(running: Started, found: Found) -> None:
    body, url = running.body(LARGE).read_bytes(), running.url(LARGE)
    processes = usage.tree(running.process.pid)
    with requests.Session() as session:
        answer = session.post(url, data=body, timeout=60).content
        document = msgspec.json.decode(answer)
        for _ in range(ROUNDS):
            began = time.process_time()
            for _ in range(LARGE_CALLS):
                msgspec.json.decode(body), msgspec.json.encode(document)
            found.bare.append((time.process_time() - began) / LARGE_CALLS)
            before = usage.cpu_seconds(processes)
            for _ in range(LARGE_CALLS):
                session.post(url, data=body, timeout=60).raise_for_status()
            found.workers.append((usage.cpu_seconds(processes) - before) / LARGE_CALLS)
    found.private_bytes = usage.private_bytes(processes)


def _text(found: Found) -> str:
    added = [through - direct for through, direct in zip(found.through, found.direct, strict=True)]
    ratios = [workers / bare for workers, bare in zip(found.workers, found.bare, strict=True)]
    lines = [
        ("one row, one connection: a gRPC call, p50", f"{1e3 * median(found.direct):.2f} ms"),
        ("the same through the gateway, p50", f"{1e3 * median(found.through):.2f} ms"),
        ("**added**", f"**{1e3 * median(added):.2f} ms**"),
        ("10,000 rows of 9: msgspec alone, decode and encode", f"{1e3 * median(found.bare):.1f} ms of processor time"),
        ("the gateway's processes, all they do", f"{1e3 * median(found.workers):.1f} ms"),
        ("**of msgspec's**", f"**{median(ratios):.2f} times**"),
        ("private memory of the gateway's processes then", f"{found.private_bytes / report.MEGABYTE:.0f} MB"),
        ("from the gateway's start to its first answer", f"{median(found.starts):.2f} s"),
    ]
    rows = "\n".join(f"| {what} | {value} |" for what, value in lines)
    return f"Medians of {ROUNDS} rounds, each in turn with what it is compared with.\n\n| | |\n|---|---|\n{rows}"


if __name__ == "__main__":
    sys.exit(main())
