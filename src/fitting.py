"""Training in blocks: the same steps as `Model.fit`, without its overhead of tens of milliseconds for each epoch."""

import math
from collections.abc import Callable
from typing import Any

from src.errors import GateError
from src.recipe import Params, Split, keras_inputs

# Steps that TensorFlow runs before it comes back to Python. 500 one-step epochs in blocks of 50 took a fiftieth of
# the time of 500 single ones; longer blocks gain little and make the progress bar and Ctrl-C sluggish.
BLOCK_STEPS = 50


def fit(model: Any, train: Split, params: Params, *, progress: bool = False) -> list[float]:
    """Train a compiled model on one split.

    Takes `params.epochs` passes over the rows, as `model.fit` would; where the whole split is one batch the weights
    come out equal to the bit.

    Args:
        model: A compiled Keras model; its weights change.
        train: The rows to learn from.
        params: Gives epochs, batch_size and seed (the order of the batches).
        progress: Whether to draw one progress bar on standard error, if that is a terminal.

    Returns:
        The mean loss of each block of up to 50 steps, oldest first.

    Raises:
        GateError: The loss became NaN or infinite; training stops there.
    """
    from tqdm import tqdm

    steps = params.epochs * math.ceil(train.rows / params.batch_size)
    model.steps_per_execution = min(BLOCK_STEPS, steps)
    losses: list[float] = []
    # disable=None: no bar where standard error is not a terminal, such as in a log file.
    with tqdm(total=steps, desc="training", unit="step", leave=False, disable=None if progress else True) as bar:

        def on_block(done: int, loss: float) -> None:
            losses.append(loss)
            bar.update(done - bar.n)
            bar.set_postfix(loss=f"{loss:.3g}")
            if not math.isfinite(loss):
                raise GateError(
                    f"the loss became {loss} within {done} of {steps} steps; a lower learning rate may help"
                )

        model.fit(_batches(train, params), epochs=1, verbose=0, shuffle=False, callbacks=[_block_callback(on_block)])
    return losses


def _batches(train: Split, params: Params) -> Any:
    """All steps of the run as one finite dataset, so that a last, shorter block ends where it should."""
    import tensorflow as tf

    rows = (keras_inputs(train.inputs), train.targets)
    if train.rows <= params.batch_size:
        return tf.data.Dataset.from_tensors(rows).repeat(params.epochs)
    shuffled = tf.data.Dataset.from_tensor_slices(rows).shuffle(train.rows, seed=params.seed)
    return shuffled.batch(params.batch_size).repeat(params.epochs).prefetch(tf.data.AUTOTUNE)


def _block_callback(on_block: Callable[[int, float], None]) -> Any:
    import keras

    class Blocks(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no annotations: its classes are Any
        def on_train_batch_end(self, batch: int, logs: dict[str, float]) -> None:
            on_block(batch + 1, float(logs["loss"]))
            self.model.reset_metrics()  # so that the next block reports its own mean, not the run's

    return Blocks()
