"""A small world to watch: offers drawn at random, their model's card, and what a gateway tells of requests.

No TensorFlow: the model is a formula. The gateway is a few lines of its own, by the names and rules that gateways have.
"""

import json
import sys
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

from src import describe
from src.card import Card, encode_card
from src.gate import Verdict
from src.metrics import Evaluation, Metrics, SplitMetrics
from src.profiles import profile
from src.recipe import Array, Dataset, Feature, Output, Params, Recipe, Split

GRADES = ("poor", "fair", "good")
FEATURES = (
    Feature(name="area", dtype="float32", unit="m²", description="The area."),
    Feature(name="rooms", dtype="int64", shape=(), description="How many rooms there are."),
    Feature(name="grade", dtype="string", vocabulary=GRADES, description="The state it is in."),
    Feature(name="remark", dtype="string", description="What else is said of it."),
)
PARAMS = Params(seed=1, epochs=1, batch_size=1)


def draw(seed: int, rows: int, *, larger: float = 0.0, grades: tuple[float, ...] = (0.2, 0.3, 0.5)) -> Split:
    """Offers from the training distribution or, where more is said, another.

    Args:
        seed: For the random numbers.
        rows: How many offers.
        larger: By how many standard deviations the areas are larger.
        grades: The probabilities of the grades.
    """
    random = np.random.default_rng(seed)
    inputs: dict[str, Array] = {
        "area": (70 + 20 * (random.normal(size=(rows, 1)) + larger)).round(1).astype("float32"),
        "rooms": random.choice([1, 2, 3, 4], rows, p=[0.1, 0.5, 0.3, 0.1]).astype("int64"),
        "grade": random.choice(np.array(GRADES, object), (rows, 1), p=grades),
        "remark": np.array([["as seen"]] * rows, object),
    }
    return Split(inputs, rent(inputs))


def rent(inputs: Mapping[str, Array]) -> Array:
    """What the model answers."""
    answers: Array = (12 * inputs["area"] + 50 * inputs["rooms"].reshape(-1, 1)).astype("float32")
    return answers


def recipe(train: Split) -> Recipe[Any]:
    """A recipe of these rows; there is nothing in it to train."""
    return Recipe(
        name="flats",
        description="What a flat costs a month.",
        features=FEATURES,
        output=Output(name="rent", unit="€", description="The rent."),
        params=Params,
        load=lambda _: Dataset("drawn", train=train, test=train),
        build_model=lambda *_: None,
        example={"area": 70.5, "rooms": 2, "grade": "good", "remark": "as seen"},
    )


def card(train: Split) -> Card:
    """The card of a model that was trained on these rows."""
    made, known = recipe(train), profile(recipe(train), "train", train)
    metrics = Metrics(mae=0, rmse=0, r2=1)
    both = SplitMetrics(train=metrics, test=metrics)
    evaluation = Evaluation(model=both, baseline=both, baseline_name="none", deciles=[])
    origin = describe.origin(made, PARAMS, "drawn", {"train": known, "test": known})
    return describe.build_card(made, origin, known, rent, evaluation, Verdict(passed=True, reasons=[], stable=None))


def put_into_store(store: Path, version: int, made: Card) -> None:
    """Have a store hold a version, as far as its card."""
    file = store / made.name / str(version) / "assets.extra" / "card.json"
    file.parent.mkdir(parents=True)
    file.write_text(encode_card(made), encoding="utf-8")


def log_lines(rows: Split, *, version: int = 1, size: int = 7, start: datetime | None = None) -> str:
    """A prediction log of requests for so many rows each, a second apart."""
    time = start or datetime(2026, 11, 27, 17, 20, 43, 123456, tzinfo=UTC)
    lines = []
    for first in range(0, rows.rows, size):
        inputs = rows.take(slice(first, first + size)).inputs
        lines.append(
            {
                "time": time.isoformat(),
                "request_id": f"r{first}",
                "model": "flats",
                "version": version,
                "label": "stable",
                "rows": len(inputs["area"]),
                "inputs": {name: _short(array) for name, array in inputs.items()},
                "outputs": {"rent": rent(inputs).tolist()},
            }
        )
        time += timedelta(seconds=1)
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)


def _short(array: Array) -> list[Any]:
    """As short as the value allows: of a float32, 70.3 and not 70.30000305175781."""
    plain: list[Any] = (array.astype(str).astype("float64") if array.dtype == "float32" else array).tolist()
    return plain


@dataclass
class Gateway:
    """Counts what a version is asked and answers, as gateways do.

    Attributes:
        card: The version's card.
        version: Its number.
        registry: Takes the metrics; give the same one for several versions.
    """

    card: Card
    version: int = 1
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    def __post_init__(self) -> None:
        names = ("model", "version", "kind", "name")
        known = getattr(self.registry, "_names_to_collectors")  # noqa: B009  # to share what another version has made
        self._values = known.get("gateway_values") or Counter(
            "gateway_values", "Values.", (*names, "bucket"), registry=self.registry
        )
        self._shares = known.get("gateway_training_share") or Gauge(
            "gateway_training_share", "Shares.", (*names, "bucket"), registry=self.registry, multiprocess_mode="max"
        )
        self._outside = known.get("gateway_out_of_range") or Counter(
            "gateway_out_of_range", "Out of range.", names, registry=self.registry
        )
        self._unknown = known.get("gateway_unknown_categories") or Counter(
            "gateway_unknown_categories", "Unknown.", ("model", "version", "name"), registry=self.registry
        )
        for kind, part in self._parts():
            for bucket, share in zip(self._buckets(part), part.shares, strict=True):
                self._shares.labels(self.card.name, self.version, kind, part.name, bucket).set(share)

    def answer(self, rows: Split) -> "Gateway":
        """Count the rows of requests, and the answers to them."""
        for kind, part in self._parts():
            array = rows.inputs[part.name] if kind == "feature" else rent(rows.inputs)
            place = (self.card.name, self.version, kind, part.name)
            for value in array.ravel().tolist():
                self._values.labels(*place, self._bucket(part, value)).inc()
                if kind != "feature" or part.dtype != "string":
                    low, high = (array.dtype.type(end).item() for end in (part.min, part.max))
                    self._outside.labels(*place).inc(int(not low <= value <= high))
        return self

    def refuse(self, name: str, count: int) -> None:
        """Count refused values that are not in the vocabulary."""
        self._unknown.labels(self.card.name, self.version, name).inc(count)

    def text(self) -> str:
        """What `/metrics` says."""
        return generate_latest(self.registry).decode()

    def _parts(self) -> list[tuple[str, Any]]:
        parts: list[tuple[str, Any]] = [("feature", each) for each in self.card.features]
        parts += [("output", each) for each in self.card.outputs]
        return [(kind, part) for kind, part in parts if part.shares]

    def _edges(self, part: Any) -> list[float]:
        return sorted({edge for edge in part.deciles[1:-1] if edge < part.deciles[-1]})

    def _buckets(self, part: Any) -> list[str]:
        if getattr(part, "vocabulary", None):
            return list(part.vocabulary)
        edges = self._edges(part)
        inner = [f"({low!r}, {high!r}]" for low, high in pairwise(edges)]
        return [f"(-inf, {edges[0]!r}]", *inner, f"({edges[-1]!r}, +inf)"]

    def _bucket(self, part: Any, value: Any) -> str:
        if isinstance(value, str):
            return value
        return self._buckets(part)[bisect_left(self._edges(part), value)]


def main() -> None:
    """Be a gateway's worker that has answered some rows: python -m tests.unit.src.drift.world SEED ROWS."""
    seed, rows = map(int, sys.argv[1:])
    Gateway(card(draw(1, 1000))).answer(draw(seed, rows))


if __name__ == "__main__":
    main()
