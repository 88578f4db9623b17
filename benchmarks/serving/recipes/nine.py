"""A sum of nine numbers, which come as one array: for requests of many rows."""

import numpy as np

from src.recipe import Dataset, Feature, Output, Params, Recipe, Split

WIDTH = 9
ROWS = 1000


class NineParams(Params, frozen=True, kw_only=True):
    """Enough for the gate: what is measured is not how good the model is."""

    seed: int = 1
    epochs: int = 300
    batch_size: int = 256


def load(params: NineParams) -> Dataset:
    """Random rows."""
    random = np.random.default_rng(params.seed)

    def split(rows: int) -> Split:
        values = random.random((rows, WIDTH)).astype("float32")
        return Split(inputs={"x": values}, targets=values.sum(axis=1, keepdims=True))

    return Dataset(source="computed: the sum of nine random numbers", train=split(ROWS), test=split(ROWS))


def build_model(_params: NineParams, _training: object) -> object:
    """One dense unit."""
    import keras

    model = keras.Sequential([keras.Input(shape=(WIDTH,), name="x"), keras.layers.Dense(1)])
    model.compile(optimizer=keras.optimizers.Adam(0.03), loss="mean_squared_error")
    return model


RECIPE = Recipe(
    name="nine",
    description="The sum of nine numbers.",
    features=(Feature(name="x", dtype="float32", description="Nine numbers.", shape=(WIDTH,)),),
    output=Output(name="y", description="Their sum."),
    params=NineParams,
    load=load,
    build_model=build_model,
    example={"x": [0.5] * WIDTH},
    min_r2=0.5,
)
