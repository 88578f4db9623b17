"""Is a text message spam? The SMS Spam Collection: 5,574 messages, of which 747 are."""

from typing import Any

import numpy as np

from src import ngrams
from src.downloads import File, read_lines
from src.errors import DataError
from src.ngrams import TextParams, View
from src.recipe import Dataset, Feature, Label, Recipe, Split, Training
from src.splitting import held_out

MESSAGES = File(
    path="SMSSpamCollection",
    url="https://archive.ics.uci.edu/static/public/228/sms+spam+collection.zip",
    member="SMSSpamCollection",
    sha256="7d039a24a6083ed9ef0f806ebad56bbb976e3aeb8de05669173bfdc4996c239d",
)
HELD_OUT_SHARE = 0.2
SPLIT_SEED = 0  # not the run's: every version is judged by the same rows
VIEWS = (View("words", 2, 2**16), View("letters", 5, 2**18))


def messages() -> Split:
    """All different messages, in the order of the collection, and whether each is spam.

    403 of its lines repeat an earlier one: held out, they would be judged by what was trained on.

    Raises:
        DataError: The collection cannot be had, or a line is marked as neither.
    """
    is_spam: dict[str, bool] = {}
    for place, (mark, text) in read_lines(MESSAGES, 2):
        if mark not in ("ham", "spam"):
            raise DataError(f"{place}: {mark[:30]!r} is neither ham nor spam")
        is_spam.setdefault(text, mark == "spam")
    texts, targets = np.array(list(is_spam), object), np.array(list(is_spam.values()), "float32")
    return Split({"text": texts[:, None]}, targets[:, None])


def load(_params: TextParams) -> Dataset:
    """The messages, a fifth of them held out by a hash of the text."""
    rows = messages()
    test = held_out(rows.inputs, HELD_OUT_SHARE, SPLIT_SEED)
    return Dataset(
        source=f"SMS Spam Collection (UCI 228, CC BY 4.0); {rows.rows:,} different messages",
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
    name="spam",
    description="Whether a text message is spam.",
    features=(
        Feature(
            name="text",
            dtype="string",
            description="The message, as it was received; its first 1,000 characters count.",
        ),
    ),
    output=(Label(name="spam", description="The probability that the message is spam.", otherwise="ham"),),
    params=TextParams,
    load=load,
    build_model=build_model,
    example={"text": "Congratulations! You have won a prize. Call 09061 now to claim it."},
    min_f1=0.9,
    max_regression=0.1,
)
