"""What gateways count by is what the model side has the training rows' shares of."""

import math
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import msgspec
import numpy as np
import pytest

from gateway.buckets import Watched, watched
from gateway.card import Card as GatewayCard
from gateway.dtypes import DTYPES
from src.card import Card, FeatureCard, encode_card
from src.describe import feature_cards
from src.drift import columns
from src.drift.tally import Key
from src.profiles import profile
from src.recipe import Array, Feature, Recipe, Split
from tests.unit.src.drift import world

NOW = datetime.now(UTC)
BY_NAME = {dtype.name: dtype for dtype in DTYPES.values()}


def by_gateway(card: Card) -> dict[tuple[str, str], Watched]:
    """What a gateway makes of a card, after it has gone over the wire."""
    seen = msgspec.json.decode(encode_card(card), type=GatewayCard)
    dtypes = {feature.name: feature.dtype for feature in card.features}
    found = [watched("feature", feature, BY_NAME[dtypes[feature.name]]) for feature in seen.features]
    found += [watched("output", output, BY_NAME["float32"]) for output in seen.outputs]
    return {(each.kind, each.name): each for each in found if each}


def test_both_watch_the_same_by_the_same_buckets() -> None:
    """Features and outputs, bucket for bucket, with the same shares."""
    card = world.card(world.draw(1, 777))
    ours = {(key.kind, key.name): column.tally.shares for key, column in columns.watched(card, "flats", 1)}
    theirs = {place: dict(zip(each.buckets, each.shares, strict=True)) for place, each in by_gateway(card).items()}
    assert ours == theirs
    assert len(ours) == 4


def numbers(dtype: str, random: np.random.Generator) -> Array:
    """Values of a dtype, many of them equal, some of them far away."""
    if dtype.startswith("float"):
        few = random.normal(size=40).round(1) * 10.0 ** random.integers(-3, 4)
        return random.choice(few, 500).astype(dtype)
    return (random.integers(0, 100, 500) // random.integers(1, 60)).astype(dtype)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int8", "int64", "uint16"])
def test_every_value_falls_into_the_same_bucket(dtype: str) -> None:
    """Of every dtype: those of training, which lie on the edges, their neighbours, and what training has not seen."""
    random = np.random.default_rng(len(dtype))
    recipe = world.recipe(world.draw(1, 5))
    for _ in range(20):
        values = numbers(dtype, random)
        feature = Feature(name="x", dtype=dtype, shape=(), description="A number.")
        made = msgspec.structs.replace(world.card(world.draw(1, 5)), features=cards(recipe, feature, values))
        column = dict(columns.watched(made, "m", 1))[Key("m", 1, "feature", "x")]
        asked = around(values)
        column.take(asked.tolist(), NOW)
        column.count()
        theirs = by_gateway(made)["feature", "x"]
        counted = {theirs.buckets[place]: n for place, n in theirs.count(asked.tolist()).items() if place is not None}
        assert dict(+column.tally.counts) == counted
        assert column.tally.out_of_range == theirs.outside(asked.tolist())


def cards(recipe: Recipe[Any], feature: Feature, values: Array) -> list[FeatureCard]:
    """The card of one feature that had these values in training."""
    made = replace(recipe, features=(feature,), example={})
    return feature_cards(made, profile(made, "train", Split({"x": values}, np.zeros((len(values), 1), "float32"))))


def around(values: Array) -> Array:
    """The values, and what lies beside them."""
    if values.dtype.kind == "f":
        ends = (values.dtype.type(-math.inf), values.dtype.type(math.inf))
        return np.concatenate([values, *(np.nextafter(values, end) for end in ends)])
    wide = values.astype("int64")
    near = np.concatenate([wide, wide - 1, wide + 1])
    info = np.iinfo(values.dtype)
    return near[(near >= info.min) & (near <= info.max)]
