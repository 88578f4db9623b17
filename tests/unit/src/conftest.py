"""Shared by the model side's unit tests: one trained line model, and one recipe of two features of different dtypes."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from src import answers, describe, export, recipes, training
from src.batches import steps_of
from src.card import Card
from src.fitting import History, fit
from src.gate import Verdict
from src.metrics import Evaluation
from src.params import load_params
from src.profiles import Profile, profiles
from src.quiet import import_tensorflow
from src.recipe import Dataset, Feature, Output, Params, Recipe, Split, Training
from src.release.operations import Operator
from src.run import Run
from tests.unit.src.mixed import MIXED, PARAMS, publish_mixed


@dataclass(frozen=True)
class Trained:
    """A recipe, what was trained of it, and the SavedModel written from that."""

    recipe: Recipe[Any]
    params: Params
    train: Split
    test: Split
    profile: Profile
    model: Any
    evaluation: Evaluation
    card: Card
    path: Path


def train_and_export(recipe: Recipe[Any], params: Params, path: Path) -> Trained:
    """Go through the model side's steps up to the export, without store and verification."""
    import_tensorflow()
    import keras

    keras.utils.set_random_seed(params.seed)
    dataset = recipe.load(params)
    assert isinstance(dataset.train, Split)
    assert isinstance(dataset.test, Split)
    known = profiles(recipe, dataset)
    train = known["train"]
    model = recipe.build_model(params, Training(train.sample, steps_of(train.rows, params)))
    fit(model, dataset.train, dataset.test, params, History())
    answer = answers.of_keras(model)
    baseline = recipe.baseline
    evaluation, _ = answers.evaluate(answer, baseline.fit(train.sample), baseline.name, dataset, {})
    origin = describe.origin(recipe, params, dataset.source, known)
    verdict = Verdict(passed=True, reasons=[], stable=None)
    model_card = describe.build_card(recipe, origin, train, answer, evaluation, verdict)
    export.export(model, recipe, model_card, dataset.train, path)
    return Trained(recipe, params, dataset.train, dataset.test, train, model, evaluation, model_card, path)


@pytest.fixture(scope="session")
def line(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """The line, trained as `params.yaml` says."""
    recipe = recipes.find("line")
    return train_and_export(recipe, load_params(recipe), tmp_path_factory.mktemp("line") / "saved_model")


def _load_areas(params: Params) -> Dataset:
    random = np.random.default_rng(params.seed)

    def split(rows: int) -> Split:
        length = random.uniform(1, 3, (rows, 1)).astype("float32")
        count = random.integers(1, 4, (rows,), dtype="int64")
        return Split({"length": length, "count": count}, length * count.reshape(-1, 1).astype("float32"))

    return Dataset(source="computed: length times count", train=split(64), test=split(16))


def _build_areas(_params: Params, _training: Training) -> Any:
    import keras

    length = keras.Input(shape=(1,), name="length")
    count = keras.Input(shape=(), name="count", dtype="int64")
    column = keras.layers.Reshape((1,))(keras.ops.cast(count, "float32"))
    model = keras.Model({"length": length, "count": count}, keras.layers.Dense(1)(length * column))
    model.compile(optimizer=keras.optimizers.SGD(0.01), loss="mean_squared_error")
    return model


AREAS = Recipe(
    name="areas",
    description="How much a number of equal lengths comes to.",
    features=(
        Feature(name="length", dtype="float32", unit="m", description="One length."),
        Feature(name="count", dtype="int64", shape=(), description="How many of them."),
    ),
    output=Output(name="total", unit="m", description="All lengths together."),
    params=Params,
    load=_load_areas,
    build_model=_build_areas,
    example={"length": 2.5, "count": 3},
)


@pytest.fixture(scope="session")
def areas(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """A recipe with two features of different dtypes and shapes, trained for a few epochs."""
    params = Params(seed=7, epochs=20, batch_size=16)
    return train_and_export(AREAS, params, tmp_path_factory.mktemp("areas") / "saved_model")


@pytest.fixture(scope="session")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """The recipe with an input of every kind: numbers, a boolean, a category and free text."""
    return train_and_export(MIXED, PARAMS, tmp_path_factory.mktemp("mixed") / "saved_model")


@pytest.fixture
def empty_store(tmp_path: Path) -> Path:
    """A folder's name for a store that does not exist yet."""
    return tmp_path / "store"


@pytest.fixture(scope="session")
def line_runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Run]]:
    """A store with two published versions of the line; the second was compared with the first."""
    store, recipe = tmp_path_factory.mktemp("reports") / "store", recipes.find("line")
    first = training.train(recipe, load_params(recipe, ["epochs=100"]), Operator(store=store))
    return store, [first, training.train(recipe, load_params(recipe), Operator(store=store))]


@pytest.fixture(scope="session")
def line_run(line_runs: tuple[Path, list[Run]]) -> Run:
    """The line's second run, which was promoted."""
    return line_runs[1][1]


@pytest.fixture(scope="session")
def mixed_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run with inputs of every kind, and no version to compare with."""
    return publish_mixed(tmp_path_factory.mktemp("mixed_report") / "store")
