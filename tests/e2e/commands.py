"""Runs the project's commands as a user does: from the checkout, in processes of their own."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

PROJECT = Path(__file__).parents[2]
TIMEOUT_SECONDS = 120


def user_environment() -> dict[str, str]:
    """The environment without what would hide a fault.

    Importing `src` in a test sets TensorFlow's log level; with unbuffered output nothing is left to fail at the exit.
    """
    hiding = ("TF_CPP_MIN_LOG_LEVEL", "PYTHONUNBUFFERED")
    return {name: value for name, value in os.environ.items() if name not in hiding}


def run(module: str, *arguments: str | Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run `python -m <module>` to its end."""
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=PROJECT,
        env=user_environment(),
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_SECONDS,
    )


def versions(store: Path) -> list[str]:
    """All entries of the line's folder in a store but the reports, sorted: versions, and whatever else is there."""
    folder = store / "line"
    return sorted({path.name for path in folder.iterdir()} - {"reports"}) if folder.exists() else []


def predict(version: Path, x: float) -> float:
    """Load a version as a server does, and read the line at x."""
    loaded = tf.saved_model.load(str(version))
    return float(np.squeeze(loaded.signatures["serving_default"](x=tf.constant([[x]], tf.float32))["y"].numpy()))
