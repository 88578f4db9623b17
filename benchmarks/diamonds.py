"""How good the recipe diamonds is, and how long it takes.

`python -m benchmarks.diamonds`: trains it as `params.yaml` says and measures it on the held-out fifth, beside gradient
boosting, linear regression and the median on the same rows of the same run. Exits with 1 where a goal is missed.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from src import recipes, training
from src.metrics import Metrics, regression_metrics
from src.params import load_params
from src.recipe import Array, Split
from src.recipes.diamonds import CATEGORIES, NUMBERS, load
from src.release.operations import Operator

GOAL_MAE = 265.0  # US dollars
GOAL_SECONDS = 300.0


def table(split: Split) -> Array:
    """The features as linear regression takes them: numbers, and a column of zeros and ones a grade; and a constant."""
    grades = [split.inputs[name] == np.array([words[1:]], object) for name, words in CATEGORIES.items()]
    numbers = [split.inputs[name] for name in NUMBERS]
    columns: Array = np.concatenate([*numbers, *grades, np.ones((split.rows, 1))], axis=1).astype("float64")
    return columns


def simple_models(train: Split, test: Split) -> dict[str, Metrics]:
    """What can be had for less: the metrics of linear regression and of the median on the held-out rows."""
    weights = np.linalg.lstsq(table(train), train.targets.astype("float64"), rcond=None)[0]
    median = np.full_like(test.targets, np.median(train.targets))
    return {
        "linear regression": regression_metrics(table(test) @ weights, test.targets),
        "median": regression_metrics(median, test.targets),
    }


def main() -> int:
    """Train and print the tables.

    Returns:
        The exit code.
    """
    recipe = recipes.find("diamonds")
    params = load_params(recipe)
    start, busy = time.perf_counter(), time.process_time()
    with tempfile.TemporaryDirectory() as store:
        run = training.train(recipe, params, Operator(store=Path(store)))
    seconds = time.perf_counter() - start
    share = (time.process_time() - busy) / seconds / len(os.sched_getaffinity(0))
    assert run.evaluation is not None
    dataset = load(params)
    assert isinstance(dataset.train, Split)
    assert isinstance(dataset.test, Split)
    found = {"diamonds": run.evaluation.model.test, recipe.baseline.name: run.evaluation.baseline.test}
    print(f"{dataset.train.rows:,} rows to train on, {dataset.test.rows:,} held out\n")
    print(f"{'on the held-out rows':<32}{'MAE':>8}{'RMSE':>8}{'R²':>9}")
    for name, metrics in (found | simple_models(dataset.train, dataset.test)).items():
        print(f"{name:<32}{metrics.mae:>8.1f}{metrics.rmse:>8.1f}{metrics.r2:>9.4f}")
    print(f"\n{'MAE by tenths of the price':<32}{'diamonds':>9}{'boosting':>9}")
    for tenth in run.evaluation.deciles:
        print(f"{f'{tenth.least:,.0f} to {tenth.greatest:,.0f}':<32}{tenth.model:>9.1f}{tenth.baseline:>9.1f}")
    print(f"\n{seconds:.0f} s to a published version, of them {run.seconds:.0f} s training; cores busy {share:.0%}")
    ours, boosting = found["diamonds"].mae, found[recipe.baseline.name].mae
    print(f"goals: MAE at most {GOAL_MAE:.0f} and below boosting's, at most {GOAL_SECONDS:.0f} s")
    return 0 if ours <= min(GOAL_MAE, boosting) and seconds <= GOAL_SECONDS else 1


if __name__ == "__main__":
    sys.exit(main())
