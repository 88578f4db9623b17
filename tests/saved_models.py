"""Writes tiny SavedModels into a model store, as whole versions or none."""

from collections.abc import Callable
from pathlib import Path

import tensorflow as tf


def write_line(folder: Path, *, slope: float, intercept: float = 0.0, card: str = "{}") -> None:
    """Publish the line y = slope * x + intercept.

    `serving_default` takes x, float32 of shape (None, 1), and answers y of the same kind. `card` takes rows, int32 of
    shape (None,), and answers card, string of shape (None,).

    Args:
        folder: the version's folder, `<store>/<model>/<version>`.
        slope: the line's slope.
        intercept: the line's value at 0.
        card: what the signature `card` answers once per row.
    """
    module = tf.Module()
    module.slope = tf.Variable([[slope]], dtype=tf.float32)
    module.intercept = tf.Variable([intercept], dtype=tf.float32)
    line = tf.function(
        # A matrix product, so that a wrong shape is an error and not an element-wise answer.
        lambda x: {"y": tf.matmul(x, module.slope) + module.intercept},
        input_signature=[tf.TensorSpec((None, 1), tf.float32, name="x")],
    )
    cards = tf.function(
        lambda rows: {"card": tf.fill(tf.shape(rows), card)},
        input_signature=[tf.TensorSpec((None,), tf.int32, name="rows")],
    )
    _publish(folder, lambda staged: tf.saved_model.save(module, staged, {"serving_default": line, "card": cards}))


def write_mixed(folder: Path) -> None:
    """Publish a model with several named inputs and outputs of several dtypes, all of shape (None,).

    `serving_default` takes price (float64), count (int64), sold (bool) and word (string), and answers total
    (float64, price * count), some (bool, sold and count > 0) and upper (string, word in upper case).

    Args:
        folder: the version's folder, `<store>/<model>/<version>`.
    """
    module = tf.Module()
    mixed = tf.function(
        lambda price, count, sold, word: {
            "total": price * tf.cast(count, tf.float64),
            "some": tf.logical_and(sold, count > 0),
            "upper": tf.strings.upper(word),
        },
        input_signature=[
            tf.TensorSpec((None,), tf.float64, name="price"),
            tf.TensorSpec((None,), tf.int64, name="count"),
            tf.TensorSpec((None,), tf.bool, name="sold"),
            tf.TensorSpec((None,), tf.string, name="word"),
        ],
    )
    _publish(folder, lambda staged: tf.saved_model.save(module, staged, {"serving_default": mixed}))


def write_corrupt(folder: Path) -> None:
    """Publish a version that no server can load.

    Args:
        folder: the version's folder, `<store>/<model>/<version>`.
    """

    def write(staged: str) -> None:
        Path(staged).mkdir()
        (Path(staged) / "saved_model.pb").write_bytes(b"this is no SavedModel")

    _publish(folder, write)


def _publish(folder: Path, write: Callable[[str], object]) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    staged = folder.with_name(f".staging-{folder.name}")  # no integer: a server that polls now does not see it
    write(str(staged))
    staged.rename(folder)
