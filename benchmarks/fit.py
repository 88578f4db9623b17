"""How much faster training in blocks is than the notebook's own loop, at equal weights.

python -m benchmarks.fit        exits with 1 where the weights differ or the ratio is below 20

Both train the same model with the same seed for the 500 epochs of `params.yaml`, in one process, in turns, so that
what slows the machine down slows both.
"""

import sys
import time
from statistics import median
from typing import Any

from src import recipes
from src.batches import steps_of
from src.fitting import History, fit
from src.params import load_params
from src.quiet import import_tensorflow
from src.recipe import Params, Recipe, Split, Training

ROUNDS = 3
LEAST_RATIO = 20


def fit_as_ours(model: Any, train: Split, params: Params) -> None:
    """Train as the product does, learning curves and all."""
    fit(model, train, train, params, History())


def fit_as_notebook(model: Any, train: Split, params: Params) -> None:
    """Train as the notebook does: one `fit`, whose every epoch is one step."""
    model.fit(train.inputs["x"], train.targets, epochs=params.epochs, verbose=0)


def measure(fitter: Any, recipe: Recipe[Any], params: Params) -> tuple[float, bytes]:
    """Train a fresh model.

    Returns:
        The seconds that training took, TensorFlow's tracing included, and the weights' bytes.
    """
    import keras

    keras.utils.set_random_seed(params.seed)
    train = recipe.load(params).train
    assert isinstance(train, Split)
    model = recipe.build_model(params, Training(train, steps_of(train.rows, params)))
    start = time.perf_counter()
    fitter(model, train, params)
    seconds = time.perf_counter() - start
    return seconds, b"".join(array.tobytes() for array in model.get_weights())


def main() -> int:
    """Run the rounds and print the table.

    Returns:
        The exit code.
    """
    import_tensorflow()
    recipe = recipes.find("line")
    params = load_params(recipe)
    seconds: dict[str, list[float]] = {"notebook": [], "src": []}
    weights = set()
    for _ in range(ROUNDS):
        for name, fitter in (("notebook", fit_as_notebook), ("src", fit_as_ours)):
            taken, learnt = measure(fitter, recipe, params)
            seconds[name].append(taken)
            weights.add(learnt)
    ratio = median(seconds["notebook"]) / median(seconds["src"])
    print(f"{params.epochs} epochs  median (s)  rounds (s)")
    for name, taken_each in seconds.items():
        print(f"{name:<10}  {median(taken_each):>10.2f}  {'  '.join(f'{taken:.2f}' for taken in taken_each)}")
    equal = len(weights) == 1
    print(f"ratio {ratio:.1f} (at least {LEAST_RATIO}); weights {'equal to the bit' if equal else 'DIFFER'}")
    return 0 if equal and ratio >= LEAST_RATIO else 1


if __name__ == "__main__":
    sys.exit(main())
