"""Does a sentence of a review praise or complain? 3,000 sentences from Yelp, IMDB and Amazon, half of them positive."""

from typing import Any

import numpy as np

from src import ngrams
from src.dataset import join
from src.downloads import File, read_lines
from src.errors import DataError
from src.ngrams import TextParams, View
from src.recipe import Dataset, Feature, Label, Recipe, Split, Training
from src.splitting import held_out

SITES = {
    "yelp": "b565b1eeb864d76842588c3a256731b08bcdd9faf6de507bfe211a96f8b81912",
    "imdb": "aef2e49e3da25714d61175e3a6e68eeef74a20a2f914318dc3be9947ea86512d",
    "amazon_cells": "47003fc0a0d4840b00e96e715b6189bad09e7443a3da41c4cbe12ffc79f86ae3",
}
HELD_OUT_SHARE = 0.2
SPLIT_SEED = 0  # not the run's: every version is judged by the same rows
VIEWS = (View("words", 2, 2**16), View("letters", 5, 2**16))


def sentences(site: str) -> Split:
    """One site's sentences, in the order of its file, and whether each is positive.

    Args:
        site: One of SITES.

    Raises:
        DataError: The file cannot be had, or a line is marked as neither.
    """
    file = File(
        path=f"sentiment/{site}_labelled.txt",
        url="https://archive.ics.uci.edu/static/public/331/sentiment+labelled+sentences.zip",
        member=f"sentiment labelled sentences/{site}_labelled.txt",
        sha256=SITES[site],
    )
    texts, targets = [], []
    for place, (text, mark) in read_lines(file, 2):
        if mark not in ("0", "1"):
            raise DataError(f"{place}: {mark[:30]!r} is neither 0 nor 1")
        texts.append(text.strip())
        targets.append(float(mark))
    return Split({"text": np.array(texts, object)[:, None]}, np.array(targets, "float32")[:, None])


def load(_params: TextParams) -> Dataset:
    """The sentences of all three sites, a fifth of them held out by a hash of the text."""
    rows = join([sentences(site) for site in SITES])
    test = held_out(rows.inputs, HELD_OUT_SHARE, SPLIT_SEED)
    return Dataset(
        source=f"Sentiment Labelled Sentences (UCI 331, CC BY 4.0); {rows.rows:,} sentences of {', '.join(SITES)}",
        train=rows.take(~test),
        test=rows.take(test),
    )


def build_model(params: TextParams, training: Training) -> Any:
    """Logistic regression on the n-grams of words and of letters, weighted by what counting says of them.

    Returns:
        A compiled `keras.Model` from `text` (None, 1) to (None, 1).
    """
    return ngrams.build_model(params, training, VIEWS)


RECIPE = Recipe(
    name="sentiment",
    description="Whether a sentence of a review praises or complains.",
    features=(
        Feature(
            name="text",
            dtype="string",
            description="A sentence of a review, in English; its first 1,000 characters count.",
        ),
    ),
    output=(Label(name="positive", description="The probability that the sentence praises.", otherwise="negative"),),
    params=TextParams,
    load=load,
    build_model=build_model,
    example={"text": "The food was great and so was the service."},
    min_f1=0.75,
    max_regression=0.1,
)
