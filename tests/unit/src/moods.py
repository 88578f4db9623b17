"""A recipe of two labels that is learnt in a moment; no part of the product.

python -m tests.unit.src.moods STORE   publishes its next version, as `src.train` would
"""

import sys
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from src import cli, training
from src.recipe import Dataset, Feature, Label, Params, Recipe, Split, Training
from src.release.operations import Operator
from src.run import Run

GLAD, SAD, PLAIN = ("sunny", "cake", "hooray"), ("rain", "alas", "lost"), ("the", "of", "7", "été", "🙂")
PARAMS = Params(seed=3, epochs=60, batch_size=32)


def split(seed: int, rows: int) -> Split:
    """Rows of a few words, some of which are glad or sad."""
    random = np.random.default_rng(seed)
    texts = [" ".join(random.choice([*GLAD, *SAD, *PLAIN, *PLAIN, *PLAIN], 4)) for _ in range(rows)]
    targets = [[any(word in text.split() for word in words) for words in (GLAD, SAD)] for text in texts]
    return Split({"text": np.array(texts, object)[:, None]}, np.array(targets, "float32"))


def _load(_params: Params) -> Dataset:
    return Dataset("computed: words that are glad or sad", split(0, 256), split(1, 64), dev=split(2, 64))


def _build_model(_params: Params, training: Training) -> Any:
    import keras

    text = keras.Input((1,), name="text", dtype="string")
    words = keras.layers.TextVectorization(output_mode="multi_hot")
    words.adapt(training.sample.inputs["text"])
    model = keras.Model(text, keras.layers.Dense(2, "sigmoid")(words(text)))
    model.compile(keras.optimizers.Adam(0.05), loss="binary_crossentropy")
    return model


MOODS = Recipe(
    name="moods",
    description="Which moods a few words are in.",
    features=(Feature(name="text", dtype="string", description="A few words."),),
    output=(
        Label(name="glad", description="The probability that they are glad."),
        Label(name="sad", description="The probability that they are sad.", otherwise="content"),
    ),
    params=Params,
    load=_load,
    build_model=_build_model,
    example={"text": "cake in the rain"},
    min_f1=0.9,
)


def publish(store: Path) -> Run:
    """Train the recipe and publish it, verified, as the next version.

    Args:
        store: The model store; made if missing. A model server sees it where it is.

    Returns:
        The run, which published a version.
    """
    return training.train(MOODS, PARAMS, Operator(store=store, served_from=PurePosixPath(store.resolve())))


def main() -> None:
    """Run the command."""
    publish(Path(sys.argv[1]))


if __name__ == "__main__":
    sys.exit(cli.run(main, "moods"))
