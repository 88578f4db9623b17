"""Writes tiny SavedModels into a model store, as whole versions or none."""

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

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


def write_release(
    folder: Path, *, slope: float, intercept: float = 0.0, answers: float | None = None, **card: object
) -> None:
    """Publish the line y = slope * x + intercept as training does: with a card, golden examples and checksums.

    Args:
        folder: the version's folder, `<store>/<model>/<version>`.
        slope: the line's slope.
        intercept: the line's value at 0.
        answers: what the golden example for 1 has; the line's value there if left out.
        card: more of the card.
    """
    answer = slope + intercept if answers is None else answers
    golden = {"inputs": {"x": [[1.0]]}, "outputs": {"y": [[answer]]}, "tolerance": 1e-6}
    text = json.dumps({"schema_version": 1, "name": folder.parent.name, "golden": golden, **card})
    made = folder.with_name(f".made-{folder.name}")
    write_line(made, slope=slope, intercept=intercept, card=text)
    (made / "assets.extra").mkdir()
    (made / "assets.extra" / "card.json").write_text(text, encoding="utf-8")
    files = sorted(path for path in made.rglob("*") if path.is_file())
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(made)}\n" for path in files]
    (made / "assets.extra" / "SHA256SUMS").write_text("".join(sums), encoding="utf-8")
    made.rename(folder)


def write_sum(folder: Path) -> None:
    """Publish y, the sum of two numbers: x is float32 of shape (None, 2), y float32 of shape (None, 1).

    Args:
        folder: the version's folder, `<store>/<model>/<version>`.
    """
    signature = [tf.TensorSpec((None, 2), tf.float32, name="x")]
    total = tf.function(lambda x: {"y": tf.reduce_sum(x, 1, keepdims=True)}, input_signature=signature)
    _save(folder, total)


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


def write_half_plus(folder: Path, *, addend: float) -> None:
    """Publish y = x / 2 + addend, both float32 of shape (None,): TensorFlow Serving's examples half_plus_two and so on.

    Args:
        folder: the version's folder, `<store>/<model>/<version>`.
        addend: what is added.
    """
    signature = [tf.TensorSpec((None,), tf.float32, name="x")]
    _save(folder, tf.function(lambda x: {"y": x / 2 + addend}, input_signature=signature))


def write_sensors(folder: Path) -> None:
    """Publish a model of TensorFlow Serving's example with several inputs of several shapes.

    It takes tag (string, (None,)), signal (int64, (None, 5)) and sensor (float32, (None, 2, 2)), and answers label
    (string, the tag in upper case), peak (int64, the signal's greatest) and mean (float32, of the sensor).

    Args:
        folder: the version's folder, `<store>/<model>/<version>`.
    """
    sensors = tf.function(
        lambda tag, signal, sensor: {
            "label": tf.strings.upper(tag),
            "peak": tf.reduce_max(signal, axis=1),
            "mean": tf.reduce_mean(sensor, axis=(1, 2)),
        },
        input_signature=[
            tf.TensorSpec((None,), tf.string, name="tag"),
            tf.TensorSpec((None, 5), tf.int64, name="signal"),
            tf.TensorSpec((None, 2, 2), tf.float32, name="sensor"),
        ],
    )
    _save(folder, sensors)


def write_shifted(folder: Path) -> None:
    """Publish y = x + the sum of shift, all float32 of shape (None,): x and shift need not have as many rows.

    Args:
        folder: the version's folder, `<store>/<model>/<version>`.
    """
    signature = [tf.TensorSpec((None,), tf.float32, name=name) for name in ("x", "shift")]
    shifted = tf.function(lambda x, shift: {"y": x + tf.reduce_sum(shift)}, input_signature=signature)
    _save(folder, shifted)


def write_picture(folder: Path) -> None:
    """Publish a model that takes picture_bytes (string, (None,)) and answers them back under the same name.

    Args:
        folder: the version's folder, `<store>/<model>/<version>`.
    """
    signature = [tf.TensorSpec((None,), tf.string, name="picture_bytes")]
    picture = tf.function(
        lambda picture_bytes: {"picture_bytes": tf.identity(picture_bytes)}, input_signature=signature
    )
    _save(folder, picture)


def write_echo(folder: Path, dtypes: Mapping[str, tf.DType]) -> None:
    """Publish a model that answers every input back, each of shape (None, 2), under its name with `_out` behind it.

    Args:
        folder: the version's folder, `<store>/<model>/<version>`.
        dtypes: the inputs' dtypes by their names.
    """
    signature = {name: tf.TensorSpec((None, 2), dtype, name=name) for name, dtype in dtypes.items()}
    echo = tf.function(lambda **inputs: {f"{name}_out": tf.identity(value) for name, value in inputs.items()})
    _save(folder, echo.get_concrete_function(**signature))


def write_corrupt(folder: Path) -> None:
    """Publish a version that no server can load.

    Args:
        folder: the version's folder, `<store>/<model>/<version>`.
    """

    def write(staged: str) -> None:
        Path(staged).mkdir()
        (Path(staged) / "saved_model.pb").write_bytes(b"this is no SavedModel")

    _publish(folder, write)


def _save(folder: Path, signature: Any) -> None:
    _publish(folder, lambda staged: tf.saved_model.save(tf.Module(), staged, {"serving_default": signature}))


def _publish(folder: Path, write: Callable[[str], object]) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    staged = folder.with_name(f".staging-{folder.name}")  # no integer: a server that polls now does not see it
    write(str(staged))
    staged.rename(folder)
