"""The models that are served, trained as users train theirs."""

import subprocess
import sys
from pathlib import Path

TRAIN_SECONDS = 300.0
RECIPES = ("line", *(str(Path(__file__).with_name("recipes") / f"{name}.py") for name in ("nine", "thirty")))


def train(store: Path) -> None:
    """Publish them all, as version 1.

    Args:
        store: A new model store, which servers find where it is.

    Raises:
        subprocess.CalledProcessError: A training fails.
    """
    for recipe in RECIPES:
        words = [
            sys.executable,
            "-m",
            "src.train",
            recipe,
            "--quiet",
            "--store",
            str(store),
            "--served-from",
            str(store),
        ]
        subprocess.run(words, check=True, timeout=TRAIN_SECONDS)
