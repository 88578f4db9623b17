"""A model of the user's own: one file outside the project, with a CSV file beside it, through the unchanged gateway."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.stack import Stack, command, started
from tests.servers import Command

RECIPE = '''
"""Rents of flats, from a table of our own."""

from pathlib import Path

from src.recipe import Feature, Output, Params, Recipe
from src.tables import read_table

FEATURES = (
    Feature(name="area", dtype="float32", unit="m²", description="The flat's area."),
    Feature(name="district", dtype="string", vocabulary=("centre", "hill"), description="Where it is."),
)


class RentParams(Params, frozen=True, kw_only=True):
    seed: int = 1
    epochs: int = 60
    batch_size: int = 32


def load(params):
    return read_table(Path(__file__).with_name("rents.csv"), features=FEATURES, target="rent")


def build_model(params, training):
    import keras

    area = keras.Input((1,), name="area")
    district = keras.Input((1,), name="district", dtype="string")
    scale = keras.layers.Normalization()
    scale.adapt(training.sample.inputs["area"])
    place = keras.layers.StringLookup(vocabulary=["centre", "hill"], num_oov_indices=0, output_mode="one_hot")
    columns = keras.layers.Concatenate()([scale(area), place(district)])
    model = keras.Model({"area": area, "district": district}, keras.layers.Dense(1)(columns))
    model.compile(optimizer=keras.optimizers.Adam(1.0), loss="mean_absolute_error")
    return model


RECIPE = Recipe(
    name="rents",
    description="What a flat costs a month.",
    features=FEATURES,
    output=Output(name="rent", unit="€", description="The rent a month."),
    params=RentParams,
    load=load,
    build_model=build_model,
    example={"area": 60, "district": "hill"},
    min_r2=0.9,
)
'''


def write_rents(path: Path) -> None:
    """A table with a column too many: 10 € a square metre, and 300 € more in the centre."""
    chance = random.Random(0)  # noqa: S311  # no secret
    lines = ["id,district,rent,area"]
    for number in range(1000):
        area, district = chance.uniform(20, 120), chance.choice(["centre", "hill"])
        lines.append(f"{number},{district},{10 * area + 300 * (district == 'centre'):.2f},{area:.2f}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Somewhere outside the project: the recipe and its table, and the store after training."""
    folder: Path = tmp_path_factory.mktemp("own")
    (folder / "our_rents.py").write_text(RECIPE, encoding="utf-8")
    write_rents(folder / "rents.csv")
    store = folder / "store"
    command("src.train", folder / "our_rents.py", "--quiet", "--store", store, "--served-from", store)
    return folder


@pytest.fixture(scope="module")
def stack(folder: Path, server_command: Command) -> Iterator[Stack]:
    """A model server and a gateway, which know nothing of rents."""
    with started(folder, server_command, MODEL_NAME="rents") as stack:
        stack.wait_until_ready()
        yield stack


def test_is_served_with_its_own_features(stack: Stack) -> None:
    """Features, unit and vocabulary are the recipe's, and so is what the gateway refuses."""
    answer = stack.predict([{"area": 50, "district": "centre"}, {"area": 50, "district": "hill"}]).json()
    assert answer["prediction"] == pytest.approx([800, 500], rel=0.05)
    assert answer["model"] == "rents"
    refused = stack.predict({"area": 50, "district": "moon"})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/data/district"


def test_all_commands_take_the_file(folder: Path) -> None:
    """It is evaluated and trained again by its path, and predicted with by its name."""
    store = ("--store", folder / "store")
    table = command("src.evaluate", folder / "our_rents.py", *store).stdout
    assert table.startswith("rents, test split, ")
    again = command("src.reproduce", folder / "our_rents.py", "1", *store).stdout
    assert again.splitlines()[-1].endswith("equal to the bit")
    (folder / "ask.csv").write_text("district,area\nhill,50\n", encoding="utf-8")
    assert float(command("src.predict", "rents", folder / "ask.csv", *store).stdout) == pytest.approx(500, rel=0.05)


def test_a_value_in_the_table_that_does_not_fit_is_named_by_its_place(folder: Path, tmp_path: Path) -> None:
    """File, row and column, in one line, and nothing is trained."""
    (tmp_path / "our_rents.py").write_text(RECIPE, encoding="utf-8")
    table = (folder / "rents.csv").read_text(encoding="utf-8").splitlines()
    table[41] = table[41].rpartition(",")[0] + ",large"
    (tmp_path / "rents.csv").write_text("\n".join(table), encoding="utf-8")
    ended = command("src.train", tmp_path / "our_rents.py", "--store", tmp_path / "store", check=False)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == f"train: {tmp_path}/rents.csv row 42, column area: 'large' is no float32\n"
