"""Labels, from training to the client: text goes in as it stands, and a probability of each label comes out by name."""

from collections.abc import Iterator

import pytest
import requests

from tests.e2e.stack import Stack, command, started
from tests.servers import Command

TEXTS = ["hooray, cake 🙂", "alas, rain"]


@pytest.fixture(scope="module")
def moods(server_command: Command, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A gateway for a model of one text and two labels."""
    folder = tmp_path_factory.mktemp("labels")
    command("tests.unit.src.moods", folder / "store")
    with started(folder, server_command, MODEL_NAME="moods") as stack:
        stack.wait_until_ready()
        yield stack


def said(prediction: dict[str, float]) -> list[str]:
    """The labels that a prediction is sure of."""
    assert set(prediction) == {"glad", "sad"}
    return [label for label, probability in prediction.items() if probability > 0.8]


@pytest.mark.parametrize("data", [[{"text": text} for text in TEXTS], TEXTS, [[text] for text in TEXTS]])
def test_texts_are_answered_label_by_label(moods: Stack, data: list[object]) -> None:
    """Named, bare or in columns: each text has an object of its labels."""
    answer = moods.predict(data).json()
    assert (answer["model"], answer["version"]) == ("moods", 1)
    assert [said(prediction) for prediction in answer["prediction"]] == [["glad"], ["sad"]]


@pytest.mark.parametrize("data", [{"text": TEXTS[0]}, TEXTS[0]])
def test_one_text_is_answered_by_one_object(moods: Stack, data: object) -> None:
    """The answer mirrors the question."""
    assert said(moods.predict(data).json()["prediction"]) == ["glad"]


def test_tensorflow_servings_clients_are_answered(moods: Stack) -> None:
    """`instances` on `/v1` are answered by name as well."""
    answer = requests.post(f"{moods.url}/v1/models/moods:predict", json={"instances": TEXTS}, timeout=30).json()
    (first, second) = answer["predictions"]
    assert first["glad"] > 0.8 > second["glad"]


def test_what_is_no_text_is_refused(moods: Stack) -> None:
    """A number, nothing at all, and a feature of another name are pointed at."""
    answer = moods.predict([7, None, {"words": "cake"}])
    assert answer.status_code == 422
    assert {error["pointer"].removesuffix("/words") for error in answer.json()["errors"]} == {
        "/data/0",
        "/data/1",
        "/data/2",
    }


@pytest.mark.parametrize("text", ["", "\u0000", "🙂" * 5000, "x" * 200_000, "\u202eabc", "a\tb\nc"])
def test_any_text_has_an_answer(moods: Stack, text: str) -> None:
    """Empty, long, right-to-left and with control characters."""
    answer = moods.predict([text])
    assert answer.status_code == 200
    assert all(0 <= probability <= 1 for probability in answer.json()["prediction"][0].values())


def test_the_documentation_tells_the_thresholds(moods: Stack) -> None:
    """Each label's description says from which probability on it counts."""
    document = requests.get(f"{moods.url}/openapi.json", timeout=30).text
    for words in ("on it counts as glad, below as not glad.", "on it counts as sad, below as content."):
        assert words in document
