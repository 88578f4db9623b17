"""The text recipes: their data, on slices of a few hundred rows, and what they learn from them."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest
import tensorflow as tf

from src import recipes, training
from src.checks import check_recipe
from src.dataset import Dataset, Split
from src.errors import DataError
from src.own_code import load
from src.params import load_params
from src.profiles import profiles
from src.recipes import emotions, sentiment, spam
from src.release.operations import Operator
from src.rows import Row
from src.run import Run
from src.saved_model import SavedModel

SLICES = Path("tests/data")
NAMES = ("spam", "sentiment", "emotions")
READERS: dict[str, Callable[[], Split]] = {
    "SMSSpamCollection": spam.messages,
    "sentiment/yelp_labelled.txt": lambda: sentiment.sentences("yelp"),
    "goemotions/train.tsv": lambda: emotions.comments("train"),
}
ODD = ["", " ", "🙂" * 3000, "\u0000", "x" * 100_000, "\u202eab", "a\tb\nc", "İstanbul ẞ", "\ufffd"]


@pytest.fixture(autouse=True)
def slices(monkeypatch: pytest.MonkeyPatch) -> None:
    """The slices are the data."""
    monkeypatch.setenv("DATA_DIR", str(SLICES))


def loaded(name: str) -> Dataset:
    """A recipe's data."""
    recipe = recipes.find(name)
    return load(recipe, load_params(recipe))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Run]]:
    """All three, trained on the slices for a few epochs, and published."""
    store, made = tmp_path_factory.mktemp("texts") / "store", {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATA_DIR", str(SLICES))
        for name in NAMES:
            recipe = recipes.find(name)
            params = msgspec.structs.replace(load_params(recipe), epochs=6, batch_size=32)
            made[name] = training.train(recipe, params, Operator(store=store))
    return store, made


@pytest.mark.parametrize("name", NAMES)
def test_the_recipe_is_sound(name: str) -> None:
    """Declaration and data fit each other, as every run checks."""
    recipe = recipes.find(name)
    check_recipe(recipe)
    profiles(recipe, loaded(name))


@pytest.mark.parametrize("name", ["spam", "sentiment"])
def test_no_text_is_on_both_sides(name: str) -> None:
    """Repetitions are left out, or stand on one side together; about a fifth is held out."""
    dataset = loaded(name)
    train, test = (set(side.inputs["text"][:, 0]) for side in (dataset.train, dataset.test) if isinstance(side, Split))
    assert not train & test
    assert 0.1 < len(test) / len(train | test) < 0.3


def test_messages_are_told_apart() -> None:
    """Each different message once, in the collection's order, with its mark."""
    rows = spam.messages()
    lines = (SLICES / "SMSSpamCollection").read_bytes().decode().rstrip("\n").split("\n")
    assert rows.inputs["text"][0, 0] == lines[0].split("\t")[1]
    assert rows.targets.sum() == sum(line.startswith("spam\t") for line in lines)


def test_a_line_ends_with_a_line_feed_only() -> None:
    """IMDB's sentences hold characters that Python's splitlines takes for ends."""
    rows = sentiment.sentences("imdb")
    assert any("\x85" in text for text in rows.inputs["text"][:, 0])
    assert rows.rows == (SLICES / "sentiment" / "imdb_labelled.txt").read_bytes().count(b"\n")


def test_emotions_are_told_by_their_numbers() -> None:
    """A comment may show several; the numbers are those of the names."""
    rows = emotions.comments("train")
    first = (SLICES / "goemotions" / "train.tsv").read_text(encoding="utf-8").splitlines()[0].split("\t")
    assert rows.inputs["text"][0, 0] == first[0]
    assert np.flatnonzero(rows.targets[0]).tolist() == [int(number) for number in first[1].split(",")]
    assert (rows.targets.sum(axis=1) > 1).any()
    assert len(emotions.EMOTIONS) == 28


@pytest.mark.parametrize(
    ("path", "line", "words"),
    [
        ("SMSSpamCollection", "eggs\thello", "line 2: 'eggs' is neither ham nor spam"),
        ("SMSSpamCollection", "ham", "line 2: 1 columns by tabs, not 2"),
        ("sentiment/yelp_labelled.txt", "fine\t2", "line 2: '2' is neither 0 nor 1"),
        ("goemotions/train.tsv", "fine\t3,28\tid", "line 2: '28' is no emotion's number"),
        ("goemotions/train.tsv", "fine\tjoy\tid", "line 2: 'joy' is no emotion's number"),
    ],
)
def test_a_line_that_cannot_be_read_is_told(
    path: str, line: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file and the line, in a folder of somebody's own."""
    good = (SLICES / path).read_bytes().split(b"\n")[0]
    (tmp_path / path).parent.mkdir(exist_ok=True)
    (tmp_path / path).write_bytes(good + b"\n" + line.encode() + b"\n")
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    with pytest.raises(DataError, match=f"^{tmp_path / path} {words}$"):
        READERS[path]()


def test_text_that_is_no_utf_8_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file in another encoding is refused."""
    (tmp_path / "SMSSpamCollection").write_bytes(b"ham\tcaf\xe9\n")
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    with pytest.raises(DataError, match=r"^cannot read \S+SMSSpamCollection: 'utf-8' codec can't decode"):
        spam.messages()


@pytest.mark.parametrize("name", NAMES)
def test_it_learns_from_a_few_hundred_rows(name: str, runs: tuple[Path, dict[str, Run]]) -> None:
    """Less wrong than the labels' shares, by more than chance; the gate's own threshold is for the whole data."""
    run = runs[1][name]
    assert run.verdict
    assert run.evaluation
    assert all("the recipe asks for an F1" in reason for reason in run.verdict.reasons), run.verdict.reasons
    model, baseline = run.evaluation.model.test.labels, run.evaluation.baseline.test.labels
    assert model
    assert baseline
    assert model.log_loss < baseline.log_loss


@pytest.mark.parametrize("name", NAMES)
def test_any_text_is_answered_with_probabilities(name: str, runs: tuple[Path, dict[str, Run]]) -> None:
    """Empty, very long, with characters that are no letters: alone and together, by what was saved."""
    signature = tf.saved_model.load(str(runs[0] / name / "1")).signatures["serving_default"]
    together = signature(text=tf.constant(np.array(ODD, object)[:, None]))
    assert set(together) == {label.name for label in recipes.find(name).labels}
    for output, given in together.items():
        assert given.shape == (len(ODD),)
        assert ((given.numpy() >= 0) & (given.numpy() <= 1)).all()
        alone = [signature(text=tf.constant([[text]]))[output].numpy()[0] for text in ODD]
        np.testing.assert_allclose(alone, given.numpy(), atol=1e-6)


def test_thanks_are_gratitude(runs: tuple[Path, dict[str, Run]]) -> None:
    """Of all emotions, thankful words are given gratitude most, even by what a few hundred comments teach."""
    (answer,) = SavedModel(runs[0] / "emotions" / "1").predict([Row("here", {"text": "Oh thank you so much"})])
    assert max(answer, key=answer.get) == "gratitude"


def test_thresholds_are_found_on_the_dev_split(runs: tuple[Path, dict[str, Run]]) -> None:
    """Of emotions each has one of its own; the spam filter's, which has no such rows, is the label's."""
    assert len(set(runs[1]["emotions"].thresholds)) > 20
    assert runs[1]["spam"].thresholds == (0.5,)
