"""What runs out, and the clock."""

import math
import resource
import socket
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack, suppress

from tests.chaos.clock import make
from tests.chaos.load import get, load
from tests.chaos.model_servers import PROBE_SECONDS, relay
from tests.chaos.world import GUNICORN, START_SECONDS, Fault, Observed, World, for_seconds
from tests.processes import free_port, running, wait_until


def overloaded(world: World) -> Observed:
    """More requests come than a worker may have in hand, while the model server is slow."""
    server = int(world.settings["MODEL_SERVER"].rpartition(":")[2])
    port = free_port()
    with relay(server, 0.5) as slow:
        limits = {"MAX_IN_FLIGHT": "4", "THREADS": "2", "WORKERS": "1", "TIMEOUT_SECONDS": "20"}
        env = world.settings | {"PORT": str(port), "MODEL_SERVER": f"127.0.0.1:{slow}"} | limits
        with running(GUNICORN, log_file=world.folder / "overloaded.log", env=env):
            wait_until(lambda: get(port, "/readyz")[0] == 200, START_SECONDS, "the gateway")
            with load(port, clients=16) as seen:
                for_seconds(1)
                began = time.monotonic()
                probes = Counter(get(port, path)[0] for path in ("/livez", "/metrics") * 5)
                took = (time.monotonic() - began) / probes.total()
                probes.update(get(port, "/readyz")[0] for _ in range(3))  # which asks the slow server
                for_seconds(1)
    refused = seen.slowest.get("503", math.inf)
    held = set(seen.kinds()) == {"200", "503"} and not seen.unhelpful and set(probes) == {200}
    held = held and refused < PROBE_SECONDS and took < PROBE_SECONDS
    told = f"slowest 503 {refused:.2f} s; probes {dict(probes)}, /livez and /metrics {took:.2f} s each"
    return Observed(held, f"{seen}; {told}")


def out_of_descriptors(world: World) -> Observed:
    """A gateway may open 64 files, and a hundred connections are left idle on it."""
    port = free_port()
    env = world.settings | {"PORT": str(port), "WORKERS": "1"}
    command = ["sh", "-c", f"ulimit -n 64; exec {' '.join(GUNICORN)}"]
    with running(command, log_file=world.folder / "descriptors.log", env=env) as gateway, ExitStack() as exits:
        wait_until(lambda: get(port, "/readyz")[0] == 200, START_SECONDS, "the gateway")
        for _ in range(100):
            exits.enter_context(socket.create_connection(("127.0.0.1", port)))
        with load(port, clients=2) as seen:
            for_seconds(3)
        booted = gateway.output().count("Booting worker")
    good = seen.kinds()["200"]
    return Observed(good > 0 and not seen.failed() and booted == 1, f"{seen}; {booted} worker process was started")


def clock_jumps(world: World) -> Observed:
    """The clock is set a day forward, two back, and right again."""
    clock = make(world.folder)
    if clock is None:
        return Observed(None, "not tried: there is no C compiler to make such a clock")
    port, day = free_port(), 86_400
    env = world.settings | {"PORT": str(port)} | clock.environment
    with running(GUNICORN, log_file=world.folder / "clock.log", env=env) as gateway:
        wait_until(lambda: get(port, "/readyz")[0] == 200, START_SECONDS, "the gateway")
        with load(port) as seen:
            for shift in (day, -day, 0):
                clock.set(shift)
                for_seconds(1.5)
        lines = [line for line in gateway.output().splitlines() if '"time":"' in line]
        days = {line.partition('"time":"')[2][:10] for line in lines}
        booted = gateway.output().count("Booting worker")
    held = not seen.failed() and len(days) == 3 and booted == 2
    return Observed(held, f"{seen}; the log has {len(days)} days; {booted} worker processes were started")


def out_of_ports(_world: World) -> Observed:
    """All ports for outgoing connections are taken for a while, in a network of its own."""
    few = "ip link set lo up && sysctl -qw net.ipv4.ip_local_port_range='40000 40029'"
    namespace = ["unshare", "--net", "sh", "-c"]
    allowed = subprocess.run([*namespace, few], capture_output=True, text=True, check=False)
    if allowed.returncode:
        return Observed(None, f"not tried: {allowed.stderr.strip()}")
    words = f"{few} && exec {sys.executable} -m tests.chaos.ports"
    ended = subprocess.run([*namespace, words], capture_output=True, text=True, check=False, timeout=120)
    told = ended.stdout.strip() or (ended.stderr.strip().splitlines() or ["nothing was told"])[-1]
    return Observed(ended.returncode == 0, told)


def raise_limit() -> None:
    """Let this process open as many connections as its clients need."""
    with suppress(ValueError, OSError):
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))


ALL = [
    Fault(
        "More requests than a worker may have in hand",
        "503 with Retry-After at once for those, 200 for the others and for probes",
        overloaded,
    ),
    Fault(
        "The gateway may open 64 files, and 100 connections are left idle",
        "no failed request: idle connections make room",
        out_of_descriptors,
    ),
    Fault(
        "The clock jumps a day forward, two back, one forward",
        "no failed request, no worker replaced",
        clock_jumps,
    ),
    Fault(
        "All ports for outgoing connections are taken",
        "open connections go on; new ones work when there are ports again",
        out_of_ports,
    ),
]
