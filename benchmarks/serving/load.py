"""Loads, and the client that all contenders meet: wrk."""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import requests

from benchmarks.serving.environments import MissingError
from benchmarks.serving.recipes.nine import WIDTH
from benchmarks.serving.recipes.thirty import NAMES

SCRIPT = Path(__file__).with_name("wrk.lua")
ANSWER_SECONDS = 30.0


@dataclass(frozen=True)
class Load:
    """What is asked.

    Attributes:
        name: What it is called.
        model: The model that it is for.
        data: The rows.
        connections: How many clients ask, each on a connection of its own.
    """

    name: str
    model: str
    data: list[Any]
    connections: int


def _table(rows: int) -> list[list[float]]:
    return [[round(0.01 * ((7 * row + 3 * column) % 100), 2) for column in range(WIDTH)] for row in range(rows)]


NAMED = {name: round(0.01 * number, 2) for number, name in enumerate(NAMES)}
ONE = [Load(f"one row, {count} connection{'s' * (count > 1)}", "line", [10], count) for count in (1, 8, 32, 128)]
LOADS = [
    *ONE,
    Load("30 named features, 32 connections", "thirty", [NAMED], 32),
    Load("1,000 rows, 8 connections", "nine", _table(1_000), 8),
    Load("10,000 rows, 2 connections", "nine", _table(10_000), 2),
]


class Seen(msgspec.Struct, frozen=True):
    """What clients saw: how many requests were answered in how long, how many failed, and how long they took."""

    requests: int
    seconds: float
    failed: int
    p50_seconds: float
    p99_seconds: float


def find_wrk() -> str:
    """The program.

    Raises:
        MissingError: It is not installed.
    """
    found = shutil.which("wrk")
    if found is None:
        raise MissingError("wrk is not on PATH: apt install wrk, brew install wrk")
    return found


def ask(url: str, body: Path) -> Any:
    """Ask once.

    Raises:
        requests.RequestException: There is no answer, or another than 200.
    """
    headers = {"Content-Type": "application/json"}
    answer = requests.post(url, data=body.read_bytes(), headers=headers, timeout=ANSWER_SECONDS)
    answer.raise_for_status()
    return answer.json()


def put(url: str, body: Path, *, connections: int, seconds: float) -> Seen:
    """Put a load on a server.

    Args:
        url: Where to post.
        body: A file with the body.
        connections: How many.
        seconds: For how long.

    Raises:
        RuntimeError: wrk fails.
    """
    words = [find_wrk(), "-t1", f"-c{connections}", f"-d{seconds:.0f}s", "--timeout", f"{ANSWER_SECONDS:.0f}s"]
    ended = subprocess.run(
        [*words, "-s", str(SCRIPT), url],
        env=os.environ | {"BENCH_BODY": str(body)},
        capture_output=True,
        text=True,
        timeout=seconds + 2 * ANSWER_SECONDS,
        check=False,
    )
    told = [line.removeprefix("BENCH ") for line in ended.stdout.splitlines() if line.startswith("BENCH ")]
    if ended.returncode or not told:
        raise RuntimeError(f"wrk ended with {ended.returncode}: {ended.stderr.strip() or ended.stdout.strip()}")
    return msgspec.convert(json.loads(told[0]), Seen)
