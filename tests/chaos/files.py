"""Faults of files: corrupt, missing, no room for them."""

import hashlib
import shlex
import shutil
import subprocess
import sys

from tests.chaos.load import HEADERS, get, load
from tests.chaos.world import GUNICORN, START_SECONDS, Fault, Observed, World, configure, for_seconds
from tests.processes import free_port, running, wait_until
from tests.saved_models import write_release

WAIT_SECONDS = 60.0
WORKERS = 2
KEY = "a-key-of-the-test"
NAMESPACE = ["unshare", "--mount", "--map-root-user", "sh", "-c"]


def corrupt_version(world: World) -> Observed:
    """A version comes into the store that is no SavedModel."""
    folder = world.store / "line" / "8"
    with load(world.port) as seen:
        for_seconds(1)
        (folder / "variables").mkdir(parents=True)
        (folder / "saved_model.pb").write_bytes(b"\x00rubbish" * 100)
        for_seconds(4)
        shutil.rmtree(folder)
        for_seconds(1)
    return Observed(not seen.failed() and 8 not in seen.versions, f"{seen}; answered by {_versions(seen.versions)}")


def not_golden(world: World) -> Observed:
    """A version comes that does not answer as it did in training."""
    folder = world.store / "line" / "9"
    with load(world.port) as seen:
        for_seconds(1)
        write_release(folder, slope=-7.0, answers=5.0)
        wait_until(lambda: "refused" in get(world.port, "/readyz")[1], WAIT_SECONDS, "the refusal")
        ready = get(world.port, "/readyz")[0]
        for_seconds(2)
    shutil.rmtree(folder)
    held = not seen.failed() and 9 not in seen.versions and ready == 200
    return Observed(held, f"{seen}; answered by {_versions(seen.versions)}; /readyz {ready} names the refused one")


def corrupt_configuration(world: World) -> Observed:
    """The release state is overwritten with rubbish, and mended."""
    with load(world.port) as seen:
        for_seconds(1)
        (world.store / "models.config").write_text("model_config_list { config {", encoding="utf-8")
        for_seconds(4)
        configure(world.store)
        for_seconds(2)
    return Observed(not seen.failed(), str(seen))


def corrupt_followed(world: World) -> Observed:
    """The files that the gateway follows are overwritten with rubbish."""
    port, keys, traffic = free_port(), world.folder / "keys", world.folder / "traffic.json"
    keys.write_text(f"somebody {hashlib.sha256(KEY.encode()).hexdigest()}\n", encoding="utf-8")
    traffic.write_text('{"line": {"canary_share": 0.5}}', encoding="utf-8")
    env = world.settings | {"PORT": str(port), "API_KEYS_FILE": str(keys), "TRAFFIC_FILE": str(traffic)}
    unread = ("unreadable API keys file", "unreadable traffic file")
    with running(GUNICORN, log_file=world.folder / "followed.log", env=env) as gateway:
        wait_until(lambda: get(port, "/readyz")[0] == 200, START_SECONDS, "the gateway")
        for_seconds(1)  # that was one worker; clients that keep their connections stay with those that were there
        with load(port, headers=HEADERS | {"X-API-Key": KEY}) as seen:
            for_seconds(1)
            for file in (keys, traffic):
                file.write_bytes(b"\xff\xfe{rubbish")
            wait_until(
                lambda: all(gateway.output().count(words) == WORKERS for words in unread),
                WAIT_SECONDS,
                "both workers' log",
            )
            for_seconds(1)
            keyless = get(port, "/metrics")[0]
    held = not seen.failed() and keyless == 401
    return Observed(held, f"{seen}, with a key; {keyless} without one; both workers' log tells of both files")


def full_disk_for_predictions(world: World) -> Observed:
    """The disk that the prediction log is on runs full."""
    port, small = free_port(), world.folder / "small"
    small.mkdir(exist_ok=True)
    mount = f"mount -t tmpfs -o size=64k tmpfs {shlex.quote(str(small))}"
    if subprocess.run([*NAMESPACE, mount], capture_output=True, check=False).returncode:
        return Observed(None, "not tried: nothing can be mounted here")
    env = world.settings | {"PORT": str(port), "PREDICTION_LOG": str(small / "log")}
    words = f"{mount} && exec {shlex.join(GUNICORN)}"
    with running([*NAMESPACE, words], log_file=world.folder / "small.log", env=env):
        wait_until(lambda: get(port, "/readyz")[0] == 200, START_SECONDS, "the gateway")
        with load(port) as seen:
            for_seconds(3)
        shown = [line for line in get(port, "/metrics")[1].splitlines() if line.startswith("gateway_dropped_total")]
    dropped = float(shown[0].rpartition(" ")[2]) if shown else 0.0
    return Observed(not seen.failed() and dropped > 0, f"{seen}; {dropped:,.0f} lines dropped, and counted")


def full_disk_for_the_store(world: World) -> Observed:
    """The disk that the model store is on runs full while a model is trained."""
    small = world.folder / "small-store"
    small.mkdir(exist_ok=True)
    mount = f"mount -t tmpfs -o size=32k tmpfs {shlex.quote(str(small))}"
    if subprocess.run([*NAMESPACE, mount], capture_output=True, check=False).returncode:
        return Observed(None, "not tried: nothing can be mounted here")
    train = shlex.join([sys.executable, "-m", "src.train", "--quiet", "--set", "epochs=1", "--store", str(small)])
    words = f"{mount} && {train}; code=$?; ls {shlex.quote(str(small))}/line >&1 2>/dev/null; exit $code"
    with load(world.port, clients=2) as seen:
        ended = subprocess.run([*NAMESPACE, words], capture_output=True, text=True, check=False, timeout=120)
    told = [line for line in ended.stderr.splitlines() if line.startswith("train:")]
    left = [name for name in ended.stdout.split() if name.isdigit()]
    held = ended.returncode == 1 and len(told) == 1 and "No space left" in told[0] and not left and not seen.failed()
    text = told[0].replace(str(small), "…") if told else ended.stderr[-200:]
    return Observed(held, f"exit code {ended.returncode}: `{text}`; {len(left)} versions left; {seen}")


def _versions(versions: dict[int, int]) -> str:
    return "version " + ", ".join(map(str, sorted(versions)))


ALL = [
    Fault(
        "A version that is no SavedModel comes into the store",
        "the old one answers, no failed request",
        corrupt_version,
    ),
    Fault(
        "A version that does not reproduce its golden examples comes into the store",
        "it is never served; the old one answers, `/readyz` says so",
        not_golden,
    ),
    Fault("`models.config` is overwritten with rubbish", "no failed request", corrupt_configuration),
    Fault(
        "The keys' and the traffic's file are overwritten with rubbish",
        "no failed request of who has a key, 401 for who has none: what they held stays in force, and the log says so",
        corrupt_followed,
    ),
    Fault(
        "The disk of the prediction log is full",
        "no failed request; lines are dropped and counted",
        full_disk_for_predictions,
    ),
    Fault(
        "The disk of the model store is full while a model is trained",
        "the training ends with one line and leaves no half version; serving goes on",
        full_disk_for_the_store,
    ),
]
