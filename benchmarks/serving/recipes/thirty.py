"""A sum of thirty numbers, each a feature with a name."""

import numpy as np

from src.recipe import Dataset, Feature, Output, Params, Recipe, Split

NAMES = tuple(f"feature_{number:02}" for number in range(30))
ROWS = 1000


class ThirtyParams(Params, frozen=True, kw_only=True):
    """Enough for the gate: what is measured is not how good the model is."""

    seed: int = 1
    epochs: int = 300
    batch_size: int = 256


def load(params: ThirtyParams) -> Dataset:
    """Random rows."""
    random = np.random.default_rng(params.seed)

    def split(rows: int) -> Split:
        values = random.random((rows, len(NAMES))).astype("float32")
        inputs = {name: values[:, [number]] for number, name in enumerate(NAMES)}
        return Split(inputs=inputs, targets=values.sum(axis=1, keepdims=True))

    return Dataset(source="computed: the sum of thirty random numbers", train=split(ROWS), test=split(ROWS))


def build_model(_params: ThirtyParams, _training: object) -> object:
    """One dense unit."""
    import keras

    inputs = {name: keras.Input((1,), name=name) for name in NAMES}
    columns = keras.layers.Concatenate()(list(inputs.values()))
    model = keras.Model(inputs, keras.layers.Dense(1)(columns))
    model.compile(optimizer=keras.optimizers.Adam(0.03), loss="mean_squared_error")
    return model


RECIPE = Recipe(
    name="thirty",
    description="The sum of thirty numbers.",
    features=tuple(Feature(name=name, dtype="float32", description="A number.") for name in NAMES),
    output=Output(name="y", description="Their sum."),
    params=ThirtyParams,
    load=load,
    build_model=build_model,
    example=dict.fromkeys(NAMES, 0.5),
    min_r2=0.5,
)
