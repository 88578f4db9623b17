"""Texts as values of an input's dtype: what is taken, and the exact words for what is not."""

import os

import numpy as np
import pytest

from src.errors import InputError
from src.rows import Row
from src.texts import check_values


def values(dtype: str, *texts: str) -> list[object]:
    """Texts as numbers of a dtype."""
    array = check_values([Row(f"value {n}", {"x": text}) for n, text in enumerate(texts, 1)], "x", np.dtype(dtype).type)
    assert array.dtype == np.dtype(dtype)
    found: list[object] = array.tolist()
    return found


def test_texts_become_numbers_of_the_inputs_dtype() -> None:
    """Floats in any notation, integers to the dtype's last one."""
    assert values("float32", "1", " -2.5 ", "1e2", "3.4e38") == [1, -2.5, 100, pytest.approx(3.4e38)]
    assert values("float64", "1e39", "0.1") == [1e39, 0.1]
    assert values("int64", "9223372036854775807", "-1") == [2**63 - 1, -1]
    assert values("uint8", "255") == [255]


def test_texts_become_booleans() -> None:
    """True and false, as JSON, Python and spreadsheets write them."""
    assert values("bool", "true", "True", " FALSE ", "false") == [True, True, False, False]


def test_strings_are_taken_as_they_stand() -> None:
    """Spaces, empty texts, zero characters and what looks like a number are text like any other."""
    texts = [" as is ", "", "zero\0", "1.50", "Südhang 近い"]
    assert values("object", *texts) == texts


@pytest.mark.parametrize(
    ("dtype", "text"),
    [("float32", text) for text in ("abc", "", "nan", "inf", "-Infinity", "1e39", "1,5", "0x10", "True")]
    + [("float64", "1e309"), ("float16", "70000")]
    + [("int64", text) for text in ("1.0", "9223372036854775808", "1e3", "nan")]
    + [("uint8", text) for text in ("-1", "256")],
)
def test_a_text_that_is_no_value_of_the_dtype_is_refused(dtype: str, text: str) -> None:
    """What is no number, not finite or out of the dtype's range is refused with its place, name and text."""
    with pytest.raises(InputError) as caught:
        values(dtype, "0", text)
    assert str(caught.value) == f"value 2, x: {text!r} is no finite number of type {dtype}"


@pytest.mark.parametrize("text", ["", "1", "0", "yes", "t", "1.0", "nan"])
def test_a_text_that_is_neither_true_nor_false_is_refused(text: str) -> None:
    """Nothing is guessed: a number is no boolean, nor is a letter a word."""
    with pytest.raises(InputError) as caught:
        values("bool", "true", text)
    assert str(caught.value) == f"value 2, x: {text!r} is neither true nor false"


def test_a_text_that_is_no_unicode_is_refused() -> None:
    """A byte that is no UTF-8, which a shell passes on, is found before TensorFlow meets it."""
    with pytest.raises(InputError) as caught:
        values("object", "fine", os.fsdecode(b"a\xff"))
    assert str(caught.value) == r"value 2, x: 'a\udcff' is not UTF-8 text"


def test_a_category_that_is_none_is_refused_with_those_there_are() -> None:
    """In its row, before the model is asked."""
    rows = [Row("line 2", {"cut": "Ideal"}), Row("line 3", {"cut": "Round"})]
    assert check_values(rows[:1], "cut", np.object_, ("Fair", "Ideal")).tolist() == ["Ideal"]
    with pytest.raises(InputError, match=r"^line 3, cut: 'Round' is none of Fair, Ideal$"):
        check_values(rows, "cut", np.object_, ("Fair", "Ideal"))
