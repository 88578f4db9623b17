"""All batches of a run, in an order that the seed decides, as one finite `tf.data` pipeline."""

from collections.abc import Iterator
from typing import Any

from src.dataset import Rows, Split, Stream, join
from src.recipe import Params, keras_inputs

WINDOW_ROWS = 262_144  # of streamed rows: what is shuffled at a time, and so in memory


def steps_of(rows: int, params: Params, replicas: int = 1) -> int:
    """How many steps a run over so many rows takes.

    Args:
        rows: The rows.
        params: Gives epochs and batch_size.
        replicas: Among how many devices a batch is divided; a last one too small for that is left out, since the mean
            of no rows is no number.
    """
    whole, rest = divmod(rows, params.batch_size)
    return params.epochs * (whole + (rest >= replicas))


def batches(train: Rows, params: Params, failures: list[Exception], replicas: int = 1) -> Any:
    """All steps of the run as one finite dataset, so that a last, shorter block of steps ends where it should.

    Rows in memory are shuffled anew for each epoch. Streamed rows are shuffled within windows of WINDOW_ROWS; a file
    that is sorted should be shuffled once, before it is used. Rows that are all one batch are not shuffled.

    Args:
        train: The rows to learn from.
        params: Gives epochs, batch_size and seed.
        failures: Takes what a stream raises while it is read; TensorFlow passes on no more than its text.
        replicas: Among how many devices a batch is divided.

    Returns:
        A `tf.data.Dataset` of (inputs, targets), of `steps_of` batches.
    """
    import tensorflow as tf

    if isinstance(train, Split):
        windows = tf.data.Dataset.from_tensors(_tensors(train)).repeat(params.epochs)
    else:
        windows = _windows(train, params, failures)
    if train.rows > params.batch_size:
        # Stateless, and numbered: the order is that of this window in this epoch, whoever asks and whenever.
        windows = windows.enumerate().flat_map(lambda number, rows: _shuffled(rows, number, params, replicas))
    # Told, since Keras warns of an end that it did not expect.
    counted = windows.apply(tf.data.experimental.assert_cardinality(steps_of(train.rows, params, replicas)))
    return counted.prefetch(tf.data.AUTOTUNE)


def _shuffled(rows: Any, number: Any, params: Params, replicas: int) -> Any:
    """One window's batches. Rows are gathered a batch at a time: row by row takes longer than training on them."""
    import tensorflow as tf

    count = tf.shape(rows[1], out_type=tf.int64)[0]
    order = tf.random.experimental.stateless_shuffle(tf.range(count), seed=[params.seed, number])
    starts = tf.data.Dataset.range(0, count - replicas + 1, params.batch_size)
    return starts.map(
        lambda start: tf.nest.map_structure(lambda a: tf.gather(a, order[start : start + params.batch_size]), rows),
        num_parallel_calls=tf.data.AUTOTUNE,
    )


def _tensors(split: Split) -> Any:
    import tensorflow as tf

    return tf.nest.map_structure(tf.constant, (keras_inputs(split.inputs), split.targets))


def _windows(train: Stream, params: Params, failures: list[Exception]) -> Any:
    """Windows of the stream, of whole batches but for each pass's last one."""
    import tensorflow as tf

    size = max(WINDOW_ROWS // params.batch_size, 1) * params.batch_size
    example = _tensors(next(iter(train.chunks())))
    form = tf.nest.map_structure(lambda tensor: tf.TensorSpec((None, *tensor.shape[1:]), tensor.dtype), example)

    def passes() -> Iterator[Any]:
        try:
            for _ in range(params.epochs):
                yield from (_tensors(window) for window in _cut(train, size))
        except Exception as error:
            failures.append(error)
            raise

    return tf.data.Dataset.from_generator(passes, output_signature=form)


def _cut(train: Stream, size: int) -> Iterator[Split]:
    """One pass over the stream in splits of so many rows; the last one may be shorter."""
    held: list[Split] = []
    rows = 0
    for chunk in train.chunks():
        held.append(chunk)
        rows += chunk.rows
        while rows >= size:
            whole = join(held)
            yield whole.take(slice(size))
            held, rows = [whole.take(slice(size, None))], rows - size
    if rows:
        yield join(held)
