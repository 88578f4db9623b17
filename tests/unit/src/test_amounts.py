"""Numbers as the report's readers see them."""

import math

import pytest

from src.amounts import MINUS, TIMES, amount, coefficient, duration, percent


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.5, "0.5"),
        (0.0012412, "0.001241"),
        (241.83, "241.8"),
        (999.96, "1,000"),
        (12345.678, "12,346"),
        (1234567, "1,234,567"),
        (-0.5, f"{MINUS}0.5"),
        (1.5e-9, f"1.5 {TIMES} 10⁻⁹"),
        (-2e38, f"{MINUS}2 {TIMES} 10³⁸"),
        (5e-324, f"4.941 {TIMES} 10⁻³²⁴"),
        (math.nan, "NaN"),
        (math.inf, "∞"),
        (-math.inf, f"{MINUS}∞"),
    ],
)
def test_a_number_has_four_significant_digits_and_thousands_separators(value: float, text: str) -> None:
    """Digits before the decimal point stay, zeros behind it go, and the smallest and largest are powers of ten."""
    assert amount(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(1, "1.0000"), (0.98741, "0.9874"), (-0.0209, f"{MINUS}0.0209"), (-1e-9, "0.0000"), (math.nan, "NaN")],
)
def test_a_coefficient_has_four_decimals(value: float, text: str) -> None:
    """As everywhere where R² is told, and without a minus before a zero."""
    assert coefficient(value) == text


@pytest.mark.parametrize(
    ("share", "text"), [(0, "0%"), (0.001, "<1%"), (0.005, "<1%"), (0.126, "13%"), (0.999, ">99%"), (1, "100%")]
)
def test_a_share_that_rounds_to_none_or_all_says_so(share: float, text: str) -> None:
    """Shares are in whole per cent, and 0% and 100% mean none and all."""
    assert percent(share) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0123, "0.012 s"), (59.4, "59 s"), (59.6, "1 min 0 s"), (192.4, "3 min 12 s"), (7500, "2 h 5 min")],
)
def test_a_time_is_told_in_its_own_units(seconds: float, text: str) -> None:
    """Seconds, then minutes, then hours."""
    assert duration(seconds) == text
