"""N-grams of text in the graph: what is looked at, what it is weighted by, and that any text can be asked about."""

import math
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from src.dtypes import Array
from src.featurising import NGrams, Weighed, log_count_ratios, sets
from src.ngrams import View

WORDS, LETTERS = View("words", 2, 2**16), View("letters", 3, 2**16)


def texts(*each: str) -> Array:
    """Texts of shape (n, 1)."""
    return np.array(each, object)[:, None]


def ids(view: View, text: str) -> set[int]:
    """A text's n-grams, as hash values."""
    return set(NGrams(view)(tf.constant(texts(text))).numpy().ravel().tolist()) - {0}


def test_words_alone_and_in_pairs_are_looked_at() -> None:
    """Three words have three n-grams of one and two of two; the order of a pair counts."""
    assert len(ids(WORDS, "not so good")) == 5
    assert ids(WORDS, "so good") < ids(WORDS, "not so good")
    assert ids(WORDS, "good so") & ids(WORDS, "so good") == ids(WORDS, "so") | ids(WORDS, "good")


def test_letters_are_looked_at_within_a_word_and_its_edges() -> None:
    """`ab` has the pairs ` a`, `ab`, `b ` and the triples ` ab`, `ab `; nothing goes over a blank between words."""
    assert len(ids(LETTERS, "ab")) == 5
    assert ids(LETTERS, "ab cd") == ids(LETTERS, "ab") | ids(LETTERS, "cd")


@pytest.mark.parametrize("view", [WORDS, LETTERS])
def test_case_and_blanks_make_no_difference(view: View) -> None:
    """Also of letters beyond ASCII."""
    assert ids(view, "  ÉTÉ\t so\n good ") == ids(view, "été so good")


def test_a_sign_is_a_word_of_its_own() -> None:
    """`great!` is `great` and `!`; an apostrophe is part of its word."""
    assert ids(WORDS, "great!") == ids(WORDS, "great !")
    assert len(ids(WORDS, "don't")) == 1


@pytest.mark.parametrize("view", [WORDS, LETTERS])
def test_a_text_has_the_same_n_grams_in_any_company(view: View) -> None:
    """What else is in a batch, however long, adds nothing."""
    together = NGrams(view)(tf.constant(texts("so good", "x" * 500 + " y", "")))
    assert set(together.numpy()[0].tolist()) - {0} == ids(view, "so good")


@pytest.mark.parametrize("view", [WORDS, LETTERS])
def test_only_the_beginning_of_a_long_text_is_read(view: View) -> None:
    """100,000 characters cost no more than the first thousand."""
    assert ids(view, "ab " * 40_000) == ids(view, "ab " * 333 + "a")


def test_ratios_are_those_computed_by_hand() -> None:
    """`good` stands in two of the three positive texts' words and in none of the others', and so on; smoothed by 1."""
    given = texts("good food", "good", "bad")
    targets = np.array([[1], [1], [0]], "float32")
    view = View("words", 1, 2**16)
    ratios = log_count_ratios(NGrams(view), given, targets, 1.0)
    good, food, bad = (next(iter(ids(view, word))) for word in ("good", "food", "bad"))
    assert len({good, food, bad}) == 3
    base = math.log((2 + 1 + 0 + 3) / (0 + 0 + 1 + 3))  # all positive counts, smoothed, over all others
    assert ratios[good, 0] == pytest.approx(math.log(3 / 1) - base, rel=1e-5)
    assert ratios[food, 0] == pytest.approx(math.log(2 / 1) - base, rel=1e-5)
    assert ratios[bad, 0] == pytest.approx(math.log(1 / 2) - base, rel=1e-5)
    assert np.count_nonzero(ratios) == 3, "what no text has speaks for nothing"


def test_repetitions_count_once() -> None:
    """A text is a set of n-grams."""
    ones = tf.sparse.to_dense(sets(tf.constant([[3, 3, 5, 0]], tf.int64), 8)).numpy()
    assert ones.tolist() == [[1, 0, 0, 1, 0, 1, 0, 0]]


def test_logits_are_those_computed_by_hand() -> None:
    """The sum of ratio times weight over what is there, by the length of the ratios; 0 where nothing is known."""
    ratios = np.array([[0], [3], [4], [0]], "float32")
    layer = Weighed(ratios, 0.0)
    layer.build((None, None))
    layer.w.assign([[9], [1], [2], [7]])
    found = layer(tf.constant([[1, 2, 0], [3, 0, 0], [0, 0, 0]], tf.int64)).numpy()
    assert found[:, 0] == pytest.approx([(3 * 1 + 4 * 2) / 5, 0, 0])


def test_hash_values_are_the_same_everywhere(tmp_path: Path) -> None:
    """In a graph that was saved and loaded they are what they were: weights belong to them."""
    module = tf.Module()
    layer = NGrams(LETTERS)
    module.hashed = tf.function(layer.call, input_signature=[tf.TensorSpec((None, 1), tf.string)])
    tf.saved_model.save(module, str(tmp_path / "saved"))
    given = tf.constant(texts("Oh thank you so much 🙂", ""))
    loaded = tf.saved_model.load(str(tmp_path / "saved")).hashed(given)
    assert (loaded.numpy() == layer(given).numpy()).all()
    assert ids(View("letters", 2, 2**16), "a") == {4110, 13257}, "versions that are published go by these"
