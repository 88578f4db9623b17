"""What a cut diamond costs: 53,940 offers that come with the package plotnine (the set is known from ggplot2)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

import msgspec
import numpy as np

from src.recipe import Array, Baseline, Dataset, Feature, Output, Params, Recipe, Split, Training
from src.splitting import held_out

NUMBERS = ("carat", "depth", "table", "x", "y", "z")
CATEGORIES = {  # from the worst to the best
    "cut": ("Fair", "Good", "Very Good", "Premium", "Ideal"),
    "color": ("J", "I", "H", "G", "F", "E", "D"),
    "clarity": ("I1", "SI2", "SI1", "VS2", "VS1", "VVS2", "VVS1", "IF"),
}
HELD_OUT_SHARE = 0.2
SPLIT_SEED = 0  # not the run's: every version is judged by the same rows
Positive = Annotated[int, msgspec.Meta(ge=1)]


class DiamondsParams(Params, frozen=True, kw_only=True):
    """The hyperparameters beside those that every recipe has.

    Attributes:
        learning_rate: At its highest, after the warm-up; it then falls along a cosine to nothing.
        weight_decay: AdamW's.
        members: How many networks answer together.
        layers: How many hidden layers each has.
        units: How many units each hidden layer has.
        bins: Into how many pieces the range of a number is cut.
        carat_bins: The same for the weight, whose price jumps at round numbers.
    """

    learning_rate: Annotated[float, msgspec.Meta(gt=0)]
    weight_decay: Annotated[float, msgspec.Meta(ge=0)]
    members: Positive
    layers: Positive
    units: Positive
    bins: Positive
    carat_bins: Positive


def load(_params: DiamondsParams) -> Dataset:
    """The offers, cleaned, and split by a hash of their features.

    146 offers repeat another in every column: held out, they would be judged by what was trained on. 20 (one of them
    such a repetition) have a length, width or height of zero, and 3 a width or height of more than twice their length,
    such as 58.9 mm at two carats: gaps and slips of the pen, which nobody will ask the price of. The slips would also
    stretch the ranges that the gateway warns by.
    """
    from plotnine.data import diamonds as offers

    offers = offers.drop_duplicates()
    sides = offers[["x", "y", "z"]]
    offers = offers[(sides > 0).all(axis=1) & (sides[["y", "z"]].max(axis=1) <= 2 * sides["x"])]
    inputs: dict[str, Array] = {name: offers[name].to_numpy("float32")[:, None] for name in NUMBERS}
    inputs |= {name: offers[name].astype(str).to_numpy(object)[:, None] for name in CATEGORIES}
    rows = Split(inputs, offers["price"].to_numpy("float32")[:, None])
    test = held_out(inputs, HELD_OUT_SHARE, SPLIT_SEED)
    return Dataset(
        source=f"plotnine.data.diamonds; of 53,940 offers {rows.rows:,} without repetitions, zeros and slips",
        train=rows.take(~test),
        test=rows.take(test),
    )


def fit_boosting(train: Split) -> Callable[[Mapping[str, Array]], Array]:
    """Gradient boosting on the logarithm of the price, as one would do it without a neural network."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    def table(inputs: Mapping[str, Array]) -> Array:
        ranks = [np.vectorize(words.index, otypes=[float])(inputs[name]) for name, words in CATEGORIES.items()]
        return np.concatenate([*(inputs[name] for name in NUMBERS), *ranks], axis=1)

    booster = HistGradientBoostingRegressor(max_iter=400, learning_rate=0.08, random_state=0)
    booster.fit(table(train.inputs), np.log(train.targets[:, 0]))
    return lambda inputs: np.exp(booster.predict(table(inputs)))[:, None].astype("float32")


def measures(inputs: Mapping[str, Any]) -> Any:
    """What can be told from the numbers, in scales where equal steps matter alike.

    Args:
        inputs: The numeric features, each of shape (n, 1).

    Returns:
        Shape (n, 9): logarithms of weight and sizes, the two percentages; how dense, how round, how deep a stone is.
    """
    from keras import ops

    carat, x, y, z = (ops.log(ops.maximum(inputs[name], 1e-3)) for name in ("carat", "x", "y", "z"))
    return ops.concatenate([carat, inputs["depth"], inputs["table"], x, y, z, carat - x - y - z, x - y, z - x], axis=1)


def pieces(columns: Any, sample: Array, bins: Sequence[int]) -> list[Any]:
    """Encode numbers piecewise linearly: how far a number has come through each piece of its range, from 0 to 1.

    A network learns steps and bends of a price from them that it hardly finds in the bare numbers (Gorishniy et al.,
    "On embeddings for numerical features in tabular deep learning", 2022).

    Args:
        columns: The numbers to encode, of shape (None, n).
        sample: Numbers seen in training, of shape (rows, n); the pieces hold equal shares of them.
        bins: Into how many pieces to cut each column; there are fewer where many numbers are equal.

    Returns:
        One tensor a column, of shape (None, its pieces).
    """
    from keras import ops

    encoded = []
    for index, count in enumerate(bins):
        edges = np.unique(np.quantile(sample[:, index], np.linspace(0, 1, count + 1)).astype("float32"))
        number = columns[:, index : index + 1]
        encoded.append(ops.clip((number - edges[:-1]) / np.diff(edges), 0.0, 1.0))
    return encoded


def build_model(params: DiamondsParams, training: Training) -> Any:
    """Several networks that learn the logarithm of the price from raw features; their mean, in dollars, is the answer.

    Returns:
        A compiled `keras.Model` from the named features to (None, 1); while it trains, to (None, members).
    """
    import keras

    inputs = {f.name: keras.Input(shape=f.shape, name=f.name, dtype=f.dtype) for f in FEATURES}
    numbers, seen = measures(inputs), np.asarray(measures(training.sample.inputs))
    scale = keras.layers.Normalization(mean=seen.mean(axis=0), variance=seen.var(axis=0))
    lookups = [
        # Without an index for unknown words, the graph refuses them, as the gateway does.
        keras.layers.StringLookup(vocabulary=list(words), num_oov_indices=0, output_mode="one_hot")(inputs[name])
        for name, words in CATEGORIES.items()
    ]
    bins = [params.carat_bins] + [params.bins] * (seen.shape[1] - 1)
    columns = [keras.ops.clip(scale(numbers), -6.0, 6.0), *pieces(numbers, seen, bins), *lookups]
    features = keras.layers.Concatenate()(columns)
    logs = np.log(training.sample.targets)
    to_log = keras.layers.Rescaling(scale=float(logs.std()), offset=float(logs.mean()))
    members = keras.layers.Concatenate()([_member(features, params) for _ in range(params.members)])
    model = keras.Model(inputs, _mean_when_asked()(keras.ops.exp(to_log(members))))
    warm_up = min(300, training.steps // 10)
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, training.steps - warm_up, warmup_target=params.learning_rate, warmup_steps=warm_up
    )
    model.compile(keras.optimizers.AdamW(rate, weight_decay=params.weight_decay), loss="mean_absolute_error")
    return model


def _member(features: Any, params: DiamondsParams) -> Any:
    import keras

    hidden = features
    for _ in range(params.layers):
        hidden = keras.layers.Dense(params.units, activation="relu")(hidden)
    return keras.layers.Dense(1)(hidden)


def _mean_when_asked() -> Any:
    """A layer that lets each member learn by its own error, and answers with their mean."""
    import keras

    class MeanWhenAsked(keras.layers.Layer):  # type: ignore[misc]  # Keras has no annotations: its classes are Any
        def call(self, prices: Any, training: bool = False) -> Any:  # noqa: FBT001, FBT002  # Keras' own name
            return prices if training else keras.ops.mean(prices, axis=1, keepdims=True)

    return MeanWhenAsked()


FEATURES = (
    Feature(name="carat", dtype="float32", unit="carat", description="The weight; a carat is 0.2 grams."),
    Feature(name="cut", dtype="string", vocabulary=CATEGORIES["cut"], description="How well it is cut, worst first."),
    Feature(
        name="color", dtype="string", vocabulary=CATEGORIES["color"], description="From J, yellowish, to D, colourless."
    ),
    Feature(
        name="clarity",
        dtype="string",
        vocabulary=CATEGORIES["clarity"],
        description="How free of inclusions, worst first.",
    ),
    Feature(
        name="depth", dtype="float32", unit="%", description="The height, as a share of the mean of length and width."
    ),
    Feature(
        name="table",
        dtype="float32",
        unit="%",
        description="The width of the top facet, as a share of the widest point.",
    ),
    Feature(name="x", dtype="float32", unit="mm", description="The length."),
    Feature(name="y", dtype="float32", unit="mm", description="The width."),
    Feature(name="z", dtype="float32", unit="mm", description="The height."),
)
RECIPE = Recipe(
    name="diamonds",
    description="What a cut diamond costs, from its weight, sizes and grades.",
    features=FEATURES,
    output=Output(name="price", unit="US dollars", description="The price asked for it."),
    params=DiamondsParams,
    load=load,
    build_model=build_model,
    example={
        "carat": 0.7,
        "cut": "Ideal",
        "color": "G",
        "clarity": "VS1",
        "depth": 61.8,
        "table": 56,
        "x": 5.7,
        "y": 5.72,
        "z": 3.53,
    },
    baseline=Baseline(name="gradient boosting on log price", fit=fit_boosting),
    min_r2=0.95,
)
