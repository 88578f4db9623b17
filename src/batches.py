"""All batches of a run, in an order that the seed decides, as one finite `tf.data` pipeline."""

import math
from collections.abc import Iterator
from typing import Any

from src.dataset import Rows, Split, Stream, join
from src.recipe import Params, keras_inputs

WINDOW_ROWS = 262_144  # of streamed rows: what is shuffled at a time, and so in memory


def steps_of(rows: int, params: Params) -> int:
    """How many steps a run over so many rows takes."""
    return params.epochs * math.ceil(rows / params.batch_size)


def batches(train: Rows, params: Params) -> Any:
    """All steps of the run as one finite dataset, so that a last, shorter block of steps ends where it should.

    Rows in memory are shuffled anew for each epoch. Streamed rows are shuffled within windows of WINDOW_ROWS; a file
    that is sorted should be shuffled once, before it is used. Rows that are all one batch are not shuffled.

    Args:
        train: The rows to learn from.
        params: Gives epochs, batch_size and seed.

    Returns:
        A `tf.data.Dataset` of (inputs, targets), `epochs` times ceil(rows / batch_size) batches.
    """
    import tensorflow as tf

    if isinstance(train, Split):
        windows = tf.data.Dataset.from_tensors(_tensors(train)).repeat(params.epochs)
    else:
        windows = _windows(train, params)
    if train.rows > params.batch_size:
        # Stateless, and numbered: the order is that of this window in this epoch, whoever asks and whenever.
        windows = windows.enumerate().flat_map(lambda number, rows: _shuffled(rows, number, params))
    # Told, since Keras warns of an end that it did not expect.
    counted = windows.apply(tf.data.experimental.assert_cardinality(steps_of(train.rows, params)))
    return counted.prefetch(tf.data.AUTOTUNE)


def _shuffled(rows: Any, number: Any, params: Params) -> Any:
    """One window's batches. Rows are gathered a batch at a time: row by row takes longer than training on them."""
    import tensorflow as tf

    count = tf.shape(rows[1], out_type=tf.int64)[0]
    order = tf.random.experimental.stateless_shuffle(tf.range(count), seed=[params.seed, number])
    starts = tf.data.Dataset.range(0, count, params.batch_size)
    return starts.map(
        lambda start: tf.nest.map_structure(lambda a: tf.gather(a, order[start : start + params.batch_size]), rows),
        num_parallel_calls=tf.data.AUTOTUNE,
    )


def _tensors(split: Split) -> Any:
    import tensorflow as tf

    return tf.nest.map_structure(tf.constant, (keras_inputs(split.inputs), split.targets))


def _windows(train: Stream, params: Params) -> Any:
    """Windows of the stream, of whole batches but for each pass's last one."""
    import tensorflow as tf

    size = max(WINDOW_ROWS // params.batch_size, 1) * params.batch_size
    example = _tensors(next(iter(train.chunks())))
    form = tf.nest.map_structure(lambda tensor: tf.TensorSpec((None, *tensor.shape[1:]), tensor.dtype), example)

    def passes() -> Iterator[Any]:
        for _ in range(params.epochs):
            yield from (_tensors(window) for window in _cut(train, size))

    return tf.data.Dataset.from_generator(passes, output_signature=form)


def _cut(train: Stream, size: int) -> Iterator[Split]:
    """One pass over the stream in splits of so many rows; the last one may be shorter."""
    held: list[Split] = []
    for chunk in train.chunks():
        held.append(chunk)
        while sum(part.rows for part in held) >= size:
            whole = join(held)
            yield whole.take(slice(size))
            held = [whole.take(slice(size, None))]
    if rest := [part for part in held if part.rows]:
        yield join(rest)
