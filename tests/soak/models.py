"""The models that are served while the product is soaked: a line whose versions follow one another, and offers."""

import json
import shutil
from pathlib import Path
from typing import Any

import tensorflow as tf

from tests.e2e.stack import command
from tests.saved_models import write_release

SLOPE, INTERCEPT = 3.0, 1.0
CUTS = ("Fair", "Good", "Ideal")


def line(x: float) -> float:
    """What the model `line` answers, all of its versions."""
    return SLOPE * x + INTERCEPT


def price(carat: float, cut: str) -> float:
    """What the model `offers` answers: two for each carat, one for each letter of the cut.

    So small that where the two cancel out, a float32 is still as near as the clients want it.
    """
    return 2 * carat + len(cut)


# What training would have seen, so that values are counted by bucket as those of a trained model are.
_DECILES = [float(edge) for edge in range(-5, 6)]
_EVEN = {"min": _DECILES[0], "max": _DECILES[-1], "deciles": _DECILES, "shares": [0.1] * 10}
_LINE_CARD: dict[str, Any] = {
    "features": [{"name": "x", "dtype": "float32", "shape": [1], **_EVEN}],
    "outputs": [{"name": "y", **_EVEN, "deciles": [line(edge) for edge in _DECILES]}],
}
_OFFERS_CARD: dict[str, Any] = {
    "schema_version": 1,
    "name": "offers",
    "features": [
        {"name": "carat", "dtype": "float32", "shape": [], **_EVEN},
        {"name": "cut", "dtype": "string", "shape": [], "vocabulary": CUTS, "shares": [0.2, 0.3, 0.5]},
    ],
    "outputs": [{"name": "price"}],
}


def _write_offers(folder: Path) -> None:
    card = json.dumps(_OFFERS_CARD)
    signature = [tf.TensorSpec((None,), tf.float32, name="carat"), tf.TensorSpec((None,), tf.string, name="cut")]
    prices = tf.function(
        lambda carat, cut: {"price": 2 * carat + tf.cast(tf.strings.length(cut), tf.float32)},
        input_signature=signature,
    )
    cards = tf.function(
        lambda rows: {"card": tf.fill(tf.shape(rows), card)},
        input_signature=[tf.TensorSpec((None,), tf.int32, name="rows")],
    )
    tf.saved_model.save(tf.Module(), str(folder), {"serving_default": prices, "card": cards})


def make_store(store: Path) -> None:
    """Write a store that serves version 1 of both models; the line's is released.

    Args:
        store: The folder, which is made.
    """
    write_release(store / "line" / "1", slope=SLOPE, intercept=INTERCEPT, **_LINE_CARD)
    _write_offers(store / "offers" / "1")
    offers = f'config {{ name: "offers" base_path: "{store / "offers"}" model_platform: "tensorflow" }}'
    (store / "models.config").write_text(f"model_config_list {{ {offers} }}\n", encoding="utf-8")
    command("src.release", "promote", "line", "1", "--offline", "--store", store, "--served-from", store)


def copy_version(store: Path, version: int) -> None:
    """Let the line's next version appear in the store, whole: the one before again, under another number.

    Args:
        store: The store.
        version: The number.
    """
    staged = store / "line" / f".copy-{version}"
    shutil.copytree(store / "line" / str(version - 1), staged)
    staged.rename(store / "line" / str(version))
