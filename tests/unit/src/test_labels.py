"""Probabilities of labels, held against numbers computed by hand and against scikit-learn's."""

import math

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from src.dtypes import Array
from src.errors import RecipeError
from src.labels import by_label, f1_scores, label_metrics, log_losses
from src.thresholds import decide, tune

RANDOM = np.random.default_rng(3)


def rows(*values: tuple[float, ...]) -> Array:
    """Probabilities or targets: one tuple a row."""
    return np.array(values, "float32")


def test_the_log_loss_is_that_of_what_was_given_to_the_truth() -> None:
    """Of a row with two labels, the mean of -ln(0.5) and -ln(1 - 0.2)."""
    (found,) = log_losses(rows((0.5, 0.2)), rows((1, 0)))
    assert found == pytest.approx((-math.log(0.5) - math.log(0.8)) / 2)


def test_a_certain_mistake_costs_much_and_not_infinitely_much() -> None:
    """Nothing given to the truth counts as a ten-millionth."""
    assert log_losses(rows((0,), (1,)), rows((1,), (0,))) == pytest.approx([-math.log(1e-7)] * 2)


def test_what_is_no_probability_is_refused() -> None:
    """A model without a sigmoid at its end is told so, with the number."""
    with pytest.raises(
        RecipeError, match=r"^the model gives a label the probability 1\.5: it should end with a sigmoid$"
    ):
        log_losses(rows((0.5,), (1.5,)), rows((1,), (1,)))


def test_a_nan_shows_in_the_loss() -> None:
    """One NaN makes the log loss NaN instead of being passed over."""
    assert math.isnan(label_metrics(rows((math.nan,), (0.5,)), rows((1,), (0,))).log_loss)


def test_one_label_is_scored_as_a_choice_of_two() -> None:
    """F1 is that of the label itself; weighted F1, accuracy and log loss are scikit-learn's of the two sides."""
    given, true = RANDOM.random((200, 1)), RANDOM.integers(0, 2, (200, 1))
    found, said = label_metrics(given, true, (0.4,)), given >= 0.4
    assert found.f1 == pytest.approx(sklearn_metrics.f1_score(true, said))
    assert found.weighted_f1 == pytest.approx(sklearn_metrics.f1_score(true, said, average="weighted"))
    assert found.accuracy == pytest.approx(sklearn_metrics.accuracy_score(true, said))
    assert found.log_loss == pytest.approx(sklearn_metrics.log_loss(true, given))


def test_several_labels_are_scored_side_by_side() -> None:
    """The mean F1, the one weighted by rows, and the rows with all labels right are scikit-learn's."""
    given, true = RANDOM.random((300, 4)), RANDOM.integers(0, 2, (300, 4))
    thresholds = (0.2, 0.5, 0.6, 0.8)
    found, said = label_metrics(given, true, thresholds), given >= thresholds
    assert found.f1 == pytest.approx(sklearn_metrics.f1_score(true, said, average="macro"))
    assert found.weighted_f1 == pytest.approx(sklearn_metrics.f1_score(true, said, average="weighted"))
    assert found.accuracy == pytest.approx(sklearn_metrics.accuracy_score(true, said))


def test_a_label_that_neither_is_nor_is_said_scores_nothing() -> None:
    """Without a row to be right about, the F1 score is 0, and no warning is given."""
    assert f1_scores(np.zeros((3, 2), bool), np.zeros((3, 2), bool)).tolist() == [0, 0]
    assert label_metrics(rows((0.1, 0.1)), rows((0, 0))).weighted_f1 == 0


def test_without_thresholds_a_half_decides() -> None:
    """From 0.5 on a label is said."""
    assert decide(rows((0.4999, 0.5))).tolist() == [[False, True]]


def test_the_best_threshold_is_found() -> None:
    """Half-way between the last probability that should be said and the first that should not."""
    given, true = rows((0.9,), (0.8,), (0.3,), (0.1,)), rows((1,), (1,), (0,), (0,))
    assert tune(given, true) == pytest.approx([0.55])


def test_no_threshold_does_better() -> None:
    """Of all that could be chosen for each label, none has a higher F1 score on the same rows."""
    true = RANDOM.integers(0, 2, (60, 3))
    given = np.round(np.clip(true * 0.2 + RANDOM.random((60, 3)) * 0.8, 0, 1), 2)  # many are equal
    best = f1_scores(given >= np.array(tune(given, true)), true > 0)
    for threshold in np.linspace(0, 1.01, 203):
        assert (f1_scores(given >= threshold, true > 0) <= best + 1e-12).all()


def test_a_label_that_no_row_has_keeps_an_even_threshold() -> None:
    """There is nothing to find it on."""
    assert tune(rows((0.2, 0.9), (0.1, 0.2)), rows((0, 1), (0, 0)))[0] == 0.5


def test_each_label_is_told_by_itself() -> None:
    """Rows, threshold, precision, recall and F1; what is not defined is None."""
    given, true = rows((0.9, 0.1), (0.6, 0.1), (0.2, 0.2)), rows((1, 0), (0, 0), (1, 0))
    first, second = by_label(["a", "b"], (0.5, 0.3), given, np.array([0.25, 0]), true)
    assert (first.label, first.rows, first.threshold, first.baseline_f1) == ("a", 2, 0.5, 0.25)
    assert (first.precision, first.recall, first.f1) == (0.5, 0.5, 0.5)
    assert (second.precision, second.recall, second.f1) == (None, None, 0)
