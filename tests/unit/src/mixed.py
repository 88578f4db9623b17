"""A recipe of six inputs of every kind, and a way to publish it; no part of the product.

python -m tests.unit.src.mixed STORE   publishes its next version, as `src.train` would
"""

import sys
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from src import cli, training
from src.recipe import Array, Dataset, Feature, Output, Params, Recipe, Split, Training
from src.release.operations import Operator
from src.run import Run

DISTRICTS = ("harbour", "old town", "Südhang")
WORDS = ("balcony", "noisy", "light")
REMARKS = ("a light room, balcony", "noisy", "", 'light, but noisy: "bring plugs"', "近い駅")
PARAMS = Params(seed=7, epochs=40, batch_size=32)


def _load(params: Params) -> Dataset:
    random = np.random.default_rng(params.seed)
    return Dataset("computed: rents by a made-up tariff", train=_split(random, 256), test=_split(random, 64))


def _split(random: np.random.Generator, rows: int) -> Split:
    inputs: dict[str, Array] = {
        "area": random.uniform(0.2, 1.2, (rows, 1)).astype("float32"),
        "distance": random.uniform(0, 1, rows),
        "rooms": random.integers(1, 5, rows, dtype="int64"),
        "furnished": random.integers(0, 2, rows).astype(bool),
        "district": np.array(DISTRICTS, object)[random.integers(0, 3, (rows, 1))],
        "remark": np.array(REMARKS, object)[random.integers(0, len(REMARKS), rows)],
    }
    return Split(inputs, _rents(inputs).astype("float32").reshape(-1, 1))


def _rents(inputs: dict[str, Array]) -> Array:
    """The tariff: what the model should find out."""
    by_district = np.array([DISTRICTS.index(name) for name in inputs["district"][:, 0]])
    by_remark = np.array([("balcony" in text) - ("noisy" in text) for text in inputs["remark"]])
    numbers = 3 * inputs["area"][:, 0] - inputs["distance"] + 0.5 * inputs["rooms"] + inputs["furnished"]
    found: Array = numbers + by_district + by_remark
    return found


def _build_model(_params: Params, _training: Training) -> Any:
    import keras

    inputs = {f.name: keras.Input(shape=f.shape, name=f.name, dtype=f.dtype) for f in FEATURES}
    column = keras.layers.Reshape((1,))
    parts = [
        inputs["area"],
        *(column(keras.ops.cast(inputs[name], "float32")) for name in ("distance", "rooms", "furnished")),
        keras.layers.StringLookup(vocabulary=list(DISTRICTS), output_mode="one_hot")(inputs["district"]),
        keras.layers.TextVectorization(vocabulary=list(WORDS), output_mode="multi_hot")(inputs["remark"]),
    ]
    columns = keras.layers.Concatenate()([keras.ops.cast(part, "float32") for part in parts])
    model = keras.Model(inputs, keras.layers.Dense(1)(columns))
    model.compile(optimizer=keras.optimizers.Adam(0.05), loss="mean_squared_error")
    return model


FEATURES = (
    Feature(name="area", dtype="float32", unit="100 m²", description="The flat's area."),
    Feature(name="distance", dtype="float64", unit="km", shape=(), description="How far the station is."),
    Feature(name="rooms", dtype="int64", shape=(), description="How many rooms it has."),
    Feature(name="furnished", dtype="bool", shape=(), description="Whether furniture is in it."),
    Feature(name="district", dtype="string", vocabulary=DISTRICTS, description="Where it is."),
    Feature(name="remark", dtype="string", shape=(), description="What the owner says of it."),
)
MIXED = Recipe(
    name="mixed",
    description="What a flat costs a month.",
    features=FEATURES,
    output=Output(name="rent", unit="100 €", description="The rent a month."),
    params=Params,
    load=_load,
    build_model=_build_model,
    example={
        "area": 0.8,
        "distance": 0.25,
        "rooms": 3,
        "furnished": True,
        "district": "old town",
        "remark": "light, with a balcony",
    },
    min_r2=0.9,
)


def publish_mixed(store: Path) -> Run:
    """Train the recipe for a few steps and publish it, verified, as the next version.

    Args:
        store: The model store; made if missing. A model server sees it where it is.

    Returns:
        The run, which published a version.
    """
    return training.train(MIXED, PARAMS, Operator(store=store, served_from=PurePosixPath(store.resolve())))


def main() -> None:
    """Run the command."""
    publish_mixed(Path(sys.argv[1]))


if __name__ == "__main__":
    sys.exit(cli.run(main, "mixed"))
