"""A version trained again from its card is the same to the bit, or what differs is told."""

import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import msgspec
import pytest

from src import reproduction, training
from src.card import Card, read_card
from src.errors import ReproduceError, StoreError
from src.models_config import CARD_FILE
from src.recipes import find
from src.release.operations import Operator
from src.reproduce import main
from src.reproduction import circumstances, compare_weights
from tests.unit.src.conftest import Trained
from tests.unit.src.test_comparison import LINE, LINE_PARAMS

RECIPE = '''
"""Half of the number."""

import numpy as np

from src.recipe import Dataset, Feature, Output, Params, Recipe, Split
from src.release.operations import Operator


class HalfParams(Params, frozen=True, kw_only=True):
    seed: int = 3
    epochs: int = 30
    batch_size: int = 16
    learning_rate: float = 0.1
    bias: bool = False
    units: tuple[int, ...] = (8,)
    drop: float | None = 0.5
    note: str | None = None


def split(rows):
    xs = np.linspace(0, 1, rows, dtype="float32")[:, None]
    return Split({"x": xs}, xs / 2)


def build_model(params, training):
    import keras

    hidden = [keras.layers.Dense(units) for units in params.units]
    layers = [keras.Input((1,), name="x"), *hidden, keras.layers.Dense(1, use_bias=params.bias)]
    model = keras.Sequential(layers)
    model.compile(optimizer=keras.optimizers.Adam(params.learning_rate), loss="mean_squared_error")
    return model


RECIPE = Recipe(
    name="half",
    description=__doc__,
    features=(Feature(name="x", dtype="float32", description="A number."),),
    output=Output(name="y", description="Half of it."),
    params=HalfParams,
    load=lambda _: Dataset("computed", split(100), split(11)),
    build_model=build_model,
    example={"x": 1},
)
'''


@pytest.fixture(scope="module")
def half(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A recipe's file outside the project, and a version that was trained of it with parameters of its own."""
    folder = tmp_path_factory.mktemp("half")
    (folder / "half.py").write_text(RECIPE, encoding="utf-8")
    recipe = find(str(folder / "half.py"))
    training.train(
        recipe,
        recipe.params(learning_rate=0.05, bias=True, seed=5, units=(8,), drop=None, note=" a b "),
        Operator(store=folder / "store"),
    )
    return str(folder / "half.py"), folder / "store" / "half" / "1"


def test_a_version_trained_again_is_equal_to_the_bit(
    half: tuple[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """Shuffled batches and all, from the parameters in the card: a recipe's file elsewhere is trained again as well."""
    word, version = half
    main([word, "1", "--store", str(version.parents[1])])
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "half version 1 is reproduced: 25 weights in 4 arrays, equal to the bit"


def test_a_version_that_comes_out_differently_is_told_with_an_exit_code_of_its_own(
    half: tuple[str, Path], tmp_path: Path
) -> None:
    """Where the weights are not what the card's parameters give, each array is named."""
    word, version = half
    card = read_card(version)
    assert card is not None
    shutil.copytree(version, tmp_path / "half" / "1")
    forged = msgspec.structs.replace(card, params=card.params | {"seed": 6})
    (tmp_path / "half" / "1" / CARD_FILE).write_bytes(msgspec.json.encode(forged))
    with pytest.raises(ReproduceError, match=r"^half version 1 is not reproduced: .* differs in \d+ of \d+ numbers"):
        main([word, "1", "--store", str(tmp_path)])
    assert ReproduceError.exit_code == 4


def test_training_that_fails_now_is_told(half: tuple[str, Path], tmp_path: Path) -> None:
    """A recipe that has no such parameter any more cannot be trained again, and says why."""
    word, version = half
    card = read_card(version)
    assert card is not None
    shutil.copytree(version, tmp_path / "1")
    forged = msgspec.structs.replace(card, params=card.params | {"momentum": 1})
    (tmp_path / "1" / CARD_FILE).write_bytes(msgspec.json.encode(forged))
    with pytest.raises(ReproduceError, match=r"^training again fails: train: params.json, section half: unknown"):
        reproduction.reproduce(word, tmp_path / "1")


def test_a_version_without_a_card_cannot_be_trained_again(half: tuple[str, Path], tmp_path: Path) -> None:
    """A SavedModel from elsewhere does not say how it was made."""
    word, version = half
    shutil.copytree(version, tmp_path / "1")
    (tmp_path / "1" / CARD_FILE).unlink()
    with pytest.raises(StoreError, match=r"has no model card to train it again from$"):
        reproduction.reproduce(word, tmp_path / "1")


@pytest.fixture
def card(line: Trained) -> Card:
    """A card like any other."""
    return line.card


def test_equal_circumstances_are_not_worth_a_word(card: Card) -> None:
    """The time is another, and does not matter."""
    assert circumstances(card, card) == []


def test_every_circumstance_that_differs_is_told(card: Card) -> None:
    """Data, recipe, parameters, libraries, machine and devices, as they were and as they are."""
    assert card.recipe is not None
    now = msgspec.structs.replace(
        card,
        data=msgspec.structs.replace(card.data, sha256="f" * 64, rows={"train": 7, "test": 5}),
        recipe=msgspec.structs.replace(card.recipe, sha256="e" * 64),
        params=card.params | {"epochs": 1},
        libraries=card.libraries | {"keras": "9.9"},
        machine=card.machine | {"cores": "64"},
        replicas=2,
    )
    assert circumstances(card, now) == [
        f"the data: 6 train and 5 test rows, sha256 {card.data.sha256[:12]}; now 7 train and 5 test rows, ffffffffffff",
        f"the recipe's file: sha256 {card.recipe.sha256[:12]}; now eeeeeeeeeeee",
        "params, epochs: 500; now 1",
        f"libraries, keras: {card.libraries['keras']!r}; now '9.9'",
        f"machine, cores: {card.machine['cores']!r}; now '64'",
        "the number of devices: 1; now 2",
    ]


def test_weights_of_another_shape_or_name_are_told(half: tuple[str, Path], tmp_path: Path) -> None:
    """Two models of different make are not compared number by number."""
    training.train(LINE, LINE_PARAMS, Operator(store=tmp_path))
    differing, arrays, _ = compare_weights(half[1], tmp_path / "line" / "1")
    assert arrays == 4
    assert any("of shape" in line or "is in only one of both" in line for line in differing)


def test_weights_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    """A version without its variables is damaged."""
    with pytest.raises(StoreError, match=r"^cannot read the weights of "):
        compare_weights(tmp_path, tmp_path)


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder."""
    identity = ("-c", "user.name=T", "-c", "user.email=t@localhost")
    command: list[str | Path] = ["git", "-C", folder, *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.mark.parametrize("since", ["committed", "changed"])
def test_a_version_is_trained_again_with_the_code_of_its_commit(tmp_path: Path, since: str) -> None:
    """The line has been another since, in a later commit or in the files alone; the version is what it was."""
    project, store = tmp_path / "project", tmp_path / "store"
    shutil.copytree("src", project / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy("params.yaml", project)
    git(project.parent, "init", "--quiet", str(project))
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", "one")
    run = partial(subprocess.run, cwd=project, capture_output=True, text=True, timeout=120, check=False)
    assert run([sys.executable, "-B", "-m", "src.train", "--quiet", "--store", store]).returncode == 0
    line = project / "src" / "recipes" / "line.py"
    line.write_text(line.read_text(encoding="utf-8").replace("Dense(1)", "Dense(1, use_bias=False)"), encoding="utf-8")
    if since == "committed":
        git(project, "commit", "--quiet", "--all", "--message", "two")
    ended = run([sys.executable, "-B", "-m", "src.reproduce", "line", "1", "--store", store])
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == "line version 1 is reproduced: 2 weights in 2 arrays, equal to the bit\n"
    assert len(git(project, "worktree", "list").splitlines()) == 1
