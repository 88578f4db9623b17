"""Which emotions does a comment show? GoEmotions: 54,263 comments, 27 emotions and neutral, often several at once."""

from typing import Any

import numpy as np

from src import ngrams
from src.downloads import File, read_lines
from src.errors import DataError
from src.ngrams import TextParams, View
from src.recipe import Dataset, Feature, Label, Recipe, Split, Training

URL = "https://raw.githubusercontent.com/google-research/google-research/master/goemotions/data/"
FILES = {
    "train": "1c254a142be5c00e80d819b9ae1bbd36d94b2eeb8f4b1271846508d57e57d9c5",
    "test": "0587b2dd8b27b97352adbfc3fb083d46005c8946657fdc2b1ca8b1cc7f1f8be4",
    "dev": "575489c079c9de1097062a01738f998590d6b7ead66dd1c9fd1d2ba01fd8bc62",
}
EMOTIONS = {  # in the order of the numbers that the files have for them; each with what somebody who shows it does
    "admiration": "finds something impressive or worthy of respect",
    "amusement": "finds something funny or entertaining",
    "anger": "is strongly displeased",
    "annoyance": "is mildly irritated",
    "approval": "has a favourable opinion",
    "caring": "shows kindness and concern for others",
    "confusion": "lacks understanding",
    "curiosity": "wants to know something",
    "desire": "wishes for something",
    "disappointment": "is sad because hopes were not met",
    "disapproval": "has an unfavourable opinion",
    "disgust": "is repelled by something",
    "embarrassment": "is ashamed or self-conscious",
    "excitement": "is enthusiastic and eager",
    "fear": "is afraid or worried",
    "gratitude": "is thankful",
    "grief": "mourns a loss",
    "joy": "is glad and happy",
    "love": "feels great affection",
    "nervousness": "is anxious or uneasy",
    "optimism": "is hopeful about what will come",
    "pride": "is pleased with an achievement",
    "realization": "becomes aware of something",
    "relief": "is reassured after distress",
    "remorse": "regrets or feels guilty",
    "sadness": "is unhappy",
    "surprise": "is astonished",
    "neutral": "shows no emotion",
}
VIEWS = (View("words", 2, 2**16), View("letters", 5, 2**16))


def comments(split: str) -> Split:
    """The comments of an official split, in the order of its file, and which emotions each shows.

    Args:
        split: One of FILES.

    Raises:
        DataError: The file cannot be had, or a line has a number that is no emotion's.
    """
    file = File(path=f"goemotions/{split}.tsv", url=f"{URL}{split}.tsv", sha256=FILES[split])
    texts, targets = [], []
    for place, (text, numbers, _) in read_lines(file, 3):
        shown = np.zeros(len(EMOTIONS), "float32")
        for number in numbers.split(","):
            if not number.isdecimal() or int(number) >= len(EMOTIONS):
                raise DataError(f"{place}: {number[:30]!r} is no emotion's number")
            shown[int(number)] = 1
        texts.append(text)
        targets.append(shown)
    return Split({"text": np.array(texts, object)[:, None]}, np.array(targets).reshape(-1, len(EMOTIONS)))


def load(_params: TextParams) -> Dataset:
    """The official splits; the thresholds are found on the one that is meant for it."""
    return Dataset(
        source="GoEmotions (google-research, CC BY 4.0), the official splits",
        train=comments("train"),
        test=comments("test"),
        dev=comments("dev"),
    )


def build_model(params: TextParams, training: Training) -> Any:
    """Logistic regression on the n-grams of words and of letters, weighted by what counting says of them.

    Returns:
        A compiled `keras.Model` from `text` (None, 1) to (None, 28).
    """
    return ngrams.build_model(params, training, VIEWS)


RECIPE = Recipe(
    name="emotions",
    description="Which emotions a comment shows; it may be several.",
    features=(
        Feature(
            name="text",
            dtype="string",
            description="A comment of a few sentences, in English; its first 1,000 characters count.",
        ),
    ),
    output=tuple(
        Label(name=name, description=f"The probability that the writer {does}.") for name, does in EMOTIONS.items()
    ),
    params=TextParams,
    load=load,
    build_model=build_model,
    example={"text": "Oh thank you so much"},
    min_f1=0.4,
    max_regression=0.1,
)
