"""Whether drift is found where it is, and nowhere else: through training, model server, gateway and `/metrics`.

`python -m benchmarks.drift`: trains `diamonds` for a few epochs, serves it, and asks it held-out rows: as they are, and
then with one feature shifted at a time. After each, `src.drift` tells what has come since. Exits with 1 where rows as
they are have a PSI of 0.1 or more, where a shifted feature is not named, or one that was not shifted is; and where the
prediction log says something else than the metrics.
"""

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import requests

from src.drift import exposition
from src.drift.tally import Key
from src.params import load_params
from src.recipe import Array, Split
from src.recipes import diamonds
from tests.e2e.stack import Stack, command, started
from tests.processes import wait_until
from tests.servers import embedded_command

EPOCHS = 3
ROWS = 3000
ROWS_A_REQUEST = 500
GOAL_PSI = 0.1  # which rows as they are stay below
WAIT_SECONDS = 30.0

LAST = Key("diamonds", 1, "output", diamonds.RECIPE.outputs[0].name)  # of a request's rows, what is counted last
Judgements = list[dict[str, Any]]


def publish(store: Path) -> None:
    """Train the recipe for a few epochs: not good enough for the gate, which is not what is looked at here."""
    words = [sys.executable, "-m", "src.train", "diamonds", "--set", f"epochs={EPOCHS}", "--no-promote", "--quiet"]
    words += ["--store", str(store), "--served-from", str(store)]
    ended = subprocess.run(words, capture_output=True, text=True, timeout=600, check=False)
    assert ended.returncode in (0, 3), ended.stderr
    release = ("--force", "--offline", "--store", store, "--served-from", store)
    command("src.release", "promote", "diamonds", "1", *release)


def shifted(rows: Split, name: str, random: np.random.Generator) -> dict[str, Array]:
    """Rows with one feature moved: a number by half a standard deviation, a grade to the worst in a quarter."""
    inputs = dict(rows.inputs)
    values = inputs[name]
    if name in diamonds.NUMBERS:
        inputs[name] = (values + values.std() / 2).round(2).astype("float32")
    else:
        worst = random.random(values.shape) < 1 / 4
        inputs[name] = np.where(worst, diamonds.CATEGORIES[name][0], values)
    return inputs


def drift(source: str | Path, *options: str | Path) -> tuple[int, Judgements]:
    """What `src.drift` says of a source: its exit code, and its judgements."""
    words = [sys.executable, "-m", "src.drift", source, *options, "--json"]
    ended = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode in (0, 5), ended.stderr
    return ended.returncode, json.loads(ended.stdout)["judgements"]


@dataclass
class Asker:
    """Asks a gateway, and has `src.drift` look at it.

    Attributes:
        stack: The gateway, and what stands behind it.
        since: Where the looks keep their place.
        asked: How many rows it has been asked so far.
    """

    stack: Stack
    since: Path
    asked: int = 0

    def ask(self, inputs: Mapping[str, Array]) -> None:
        """Ask all rows, and wait until they are counted, which happens beside the requests."""
        count = len(inputs["carat"])
        plain = {name: _short(array) for name, array in inputs.items()}
        with requests.Session() as session:
            for start in range(0, count, ROWS_A_REQUEST):
                places = range(start, min(start + ROWS_A_REQUEST, count))
                rows = [{name: column[place] for name, column in plain.items()} for place in places]
                answer = self.stack.predict(rows, session=session)
                assert answer.status_code == 200, answer.text
        self.asked += count
        wait_until(lambda: self._counted() == self.asked, WAIT_SECONDS, "all rows to be counted")

    def look(self) -> tuple[int, Judgements]:
        """What has come since the last look: the exit code of `src.drift`, and its judgements."""
        return drift(self.stack.url, "--since", self.since)

    def _counted(self) -> int:
        text = requests.get(f"{self.stack.url}/metrics", timeout=30).text
        tally = exposition.read(text, self.stack.url).get(LAST)
        return tally.values if tally else 0


def compare(asker: Asker, log: Path) -> bool:
    """Judge all that was asked by the prediction log too, and print how far it is from what the metrics say."""

    def is_written() -> bool:
        return sum(int(rows) for rows in re.findall(r'"rows":(\d+)', log.read_text("utf-8"))) == asker.asked

    wait_until(is_written, WAIT_SECONDS, "all rows to be logged")
    by_metrics, by_log = (
        {(each["kind"], each["name"]): (each["psi"], each["out_of_range"], each["buckets"]) for each in judgements}
        for _, judgements in (drift(asker.stack.url), drift(log, "--store", asker.stack.store))
    )
    print(f"\nall {asker.asked:,} rows by the metrics and by the prediction log: ", end="")
    print("bucket for bucket the same" if by_metrics == by_log else "not the same")
    return by_metrics == by_log


def _short(array: Array) -> list[Any]:
    """Numbers as a client writes them: 61.8, and not 61.79999923706055."""
    column = array.ravel()
    plain: list[Any] = (column.astype(str).astype("float64") if column.dtype == "float32" else column).tolist()
    return plain


def draw(rows: Split, random: np.random.Generator) -> Split:
    """Some of the held-out rows."""
    return rows.take(random.choice(rows.rows, ROWS, replace=False))


def measure(asker: Asker, held_out: Split) -> bool:
    """Ask rows as they are, and with one feature shifted after the other, and print what was found.

    Returns:
        Whether all was found that was there, and nothing else.
    """
    random = np.random.default_rng(0)
    asker.ask(draw(held_out, random).inputs)
    exit_code, judgements = asker.look()
    greatest = max(judgements, key=lambda each: each["psi"])
    good = exit_code == 0 and len(judgements) == len(diamonds.FEATURES) + 1 and greatest["psi"] < GOAL_PSI
    print(f"{ROWS:,} held-out rows as they are: greatest PSI {greatest['psi']:.3f} ({greatest['name']})\n")
    print(f"{'shifted':<10}{'its PSI':>9}{'greatest other':>18}   named as drifted")
    for feature in diamonds.FEATURES:
        asker.ask(shifted(draw(held_out, random), feature.name, random))
        exit_code, judgements = asker.look()
        indices = {each["name"]: each["psi"] for each in judgements if each["kind"] == "feature"}
        own = indices.pop(feature.name)
        named = [each["name"] for each in judgements if each["verdict"] == "drifted"]
        features = [name for name in named if name != diamonds.RECIPE.outputs[0].name]
        good &= exit_code == 5 and features == [feature.name] and max(indices.values()) < GOAL_PSI
        print(f"{feature.name:<10}{own:>9.3f}{max(indices.values()):>18.3f}   {', '.join(named)}")
    return good


def main() -> int:
    """Train, serve, ask and look.

    Returns:
        The exit code.
    """
    dataset = diamonds.load(load_params(diamonds.RECIPE))
    assert isinstance(dataset.test, Split)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        publish(folder / "store")
        log = folder / "predictions.jsonl"
        settings = {"MODEL_NAME": "diamonds", "LOG_LEVEL": "warning", "PREDICTION_LOG": str(log)}
        with started(folder, embedded_command, **settings) as stack:
            stack.wait_until_ready()
            asker = Asker(stack, folder / "drift.json")
            good = measure(asker, dataset.test)
            good &= compare(asker, log)
    print(f"goals: below {GOAL_PSI} where nothing is shifted; what is shifted named, and no more; the same by both")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
