"""Training in blocks: the same steps as `Model.fit`, without its overhead of tens of milliseconds for each epoch."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from src import devices
from src.answers import of_keras
from src.batches import batches, steps_of
from src.dataset import Rows, Split
from src.errors import GateError
from src.recipe import Params
from src.scoring import NUMBER, Scoring

# Steps that TensorFlow runs before it comes back to Python. 500 one-step epochs in blocks of 50 took a fiftieth of
# the time of 500 single ones; longer blocks gain little and make the progress bar and Ctrl-C sluggish.
BLOCK_STEPS = 50
CHECKS = 40  # how often in a run the held-out rows are asked, for the learning curve
CHECK_ROWS = 4096  # how many of them


@dataclass
class History:
    """How a run went: the learning curves.

    Attributes:
        losses: After how many steps the mean loss of the block before was how high.
        held_out: After how many steps the loss on (some) held-out rows (the mean absolute error; of labels the
            logarithmic loss) was how high. It is for people to look at: nothing is chosen by it.
    """

    losses: list[tuple[int, float]] = field(default_factory=list)
    held_out: list[tuple[int, float]] = field(default_factory=list)


def fit(
    model: Any,
    train: Rows,
    test: Split,
    params: Params,
    history: History,
    *,
    scoring: Scoring = NUMBER,
    progress: bool = False,
) -> None:
    """Train a compiled model on one split.

    Takes `params.epochs` passes over the rows, as `model.fit` would; where the whole split is one batch the weights
    come out equal to the bit.

    Args:
        model: A compiled Keras model; its weights change.
        train: The rows to learn from.
        test: Held-out rows for the learning curve; CHECK_ROWS of them are asked.
        params: Gives epochs, batch_size and seed (the order of the batches).
        history: Takes down how it goes, also of a run that fails.
        scoring: What the learning curve shows.
        progress: Whether to draw one progress bar on standard error, if that is a terminal.

    Raises:
        GateError: The loss became NaN or infinite; training stops there.
        RecipeError: Streamed rows cannot be read any more.
    """
    from tqdm import tqdm

    replicas = devices.replicas(model)
    steps = steps_of(train.rows, params, replicas)
    # Over several devices TensorFlow 2.21 cannot take several steps at a time: its graph for that does not run.
    model.steps_per_execution = min(BLOCK_STEPS, steps) if replicas == 1 else 1
    # From all over the split, whose rows may be sorted.
    few = test.take(np.unique(np.linspace(0, test.rows - 1, CHECK_ROWS).astype(int)))
    check_every = math.ceil(steps / CHECKS)
    # disable=None: no bar where standard error is not a terminal, such as in a log file.
    with tqdm(total=steps, desc="training", unit="step", leave=False, disable=None if progress else True) as bar:

        def on_block(done: int, loss: float) -> None:
            history.losses.append((done, loss))
            bar.update(done - bar.n)
            bar.set_postfix(loss=f"{loss:.3g}")
            if not math.isfinite(loss):
                raise GateError(
                    f"the loss became {loss} within {done} of {steps} steps; a lower learning rate may help"
                )
            if done - (history.held_out[-1][0] if history.held_out else 0) >= check_every or done == steps:
                losses = scoring.losses(of_keras(model)(few.inputs), few.targets)
                history.held_out.append((done, float(losses.mean())))

        failures: list[Exception] = []
        dataset = batches(train, params, failures, replicas)
        try:
            devices.build(model, dataset)
            model.fit(dataset, epochs=1, verbose=0, shuffle=False, callbacks=[_block_callback(on_block, steps)])
        except Exception:
            if not failures:
                raise
        if failures:  # the reason, of which TensorFlow's error, which is let go with all it holds, was the consequence
            raise failures[0]


def _block_callback(on_block: Callable[[int, float], None], steps: int) -> Any:
    import keras

    class Blocks(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no annotations: its classes are Any
        def on_train_batch_end(self, batch: int, logs: dict[str, float]) -> None:
            done = min(batch + 1, steps)  # Keras counts a shorter last block as a whole one
            if done % BLOCK_STEPS == 0 or done == steps:
                on_block(done, float(logs["loss"]))
                self.model.reset_metrics()  # so that the next block reports its own mean, not the run's

    return Blocks()
