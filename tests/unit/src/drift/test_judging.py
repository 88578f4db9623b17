"""The population stability index, and what is made of it."""

import math
from collections import Counter

import pytest

from src.drift.judging import judge, needed_values, psi
from src.drift.tally import Key, Tally

AREA = Key("flats", 3, "feature", "area")
TENTHS = {f"({n}.0, {n + 1}.0]": 0.1 for n in range(1, 9)} | {"(-inf, 1.0]": 0.1, "(9.0, +inf)": 0.1}


def test_equal_distributions_have_an_index_of_nothing() -> None:
    """Whatever they are, empty buckets among them."""
    assert psi([0.5, 0.3, 0.2, 0], [0.5, 0.3, 0.2, 0]) == 0


def test_the_index_is_the_sum_over_the_buckets() -> None:
    """Worked by hand: half and half become nine to one."""
    assert psi([0.5, 0.5], [0.9, 0.1]) == pytest.approx(0.4 * math.log(1.8) - 0.4 * math.log(0.2))
    assert psi([0.9, 0.1], [0.5, 0.5]) == pytest.approx(psi([0.5, 0.5], [0.9, 0.1]))


def test_an_empty_bucket_counts_as_one_in_ten_thousand() -> None:
    """There is no logarithm of nothing."""
    assert psi([0.5, 0.5], [1, 0]) == pytest.approx(0.5 * math.log(2) + 0.4999 * math.log(5000))


def tally(counts: dict[str, int], **more: int) -> Tally:
    """Values of a number that was spread evenly in training."""
    return Tally(dict(TENTHS), Counter(counts), **more)


def test_the_most_drifted_comes_first_and_what_is_not_judged_last() -> None:
    """Within a version; models come by name, and the newest version of each first."""
    moved, little = tally({"(9.0, +inf)": 500, "(1.0, 2.0]": 500}), tally(dict.fromkeys(TENTHS, 100))
    few = tally({"(9.0, +inf)": 199})
    found = judge(
        {
            AREA: little,
            Key("flats", 3, "output", "rent"): moved,
            Key("flats", 3, "feature", "age"): few,
            Key("flats", 12, "feature", "area"): little,
            Key("cars", 1, "feature", "age"): little,
        },
        threshold=0.2,
        min_rows=200,
    )
    assert [(j.model, j.version, j.name, j.verdict) for j in found] == [
        ("cars", 1, "age", "small"),
        ("flats", 12, "area", "small"),
        ("flats", 3, "rent", "drifted"),
        ("flats", 3, "area", "small"),
        ("flats", 3, "age", "not judged"),
    ]
    assert found[-1].psi is None


@pytest.mark.parametrize(
    ("threshold", "verdict"), [(0.05, "drifted"), (0.138, "drifted"), (0.139, "moderate"), (5, "moderate")]
)
def test_only_above_the_threshold_it_is_drift(threshold: float, verdict: str) -> None:
    """The index is 0.1381; from 0.1 on the change is called moderate."""
    first, second, *others = TENTHS
    counts = dict.fromkeys(others, 1000) | {first: 500, second: 1500}
    (found,) = judge({AREA: tally({**counts, others[0]: 400, others[1]: 1600})}, threshold=threshold, min_rows=200)
    assert found.psi == pytest.approx(0.1 * (0.5 * math.log(3) + 0.6 * math.log(4)), abs=1e-9)
    assert found.verdict == verdict


@pytest.mark.parametrize(("buckets", "needed"), [(1, 200), (10, 200), (11, 220), (50, 1000)])
def test_many_buckets_take_more_rows(buckets: int, needed: int) -> None:
    """Or luck would pass for drift: by chance alone, 200 values in 50 buckets have an index of 0.25."""
    assert needed_values(buckets, 200) == needed


def test_rates_are_told_of_what_has_them() -> None:
    """Values out of range of a number; refused ones of a category; neither of an output that is a category."""
    grade = Tally({"good": 0.5, "poor": 0.5}, Counter(good=150, poor=150), unknown=100)
    number, category, output = judge(
        {
            AREA: tally(dict.fromkeys(TENTHS, 100), out_of_range=50),
            Key("flats", 2, "feature", "grade"): grade,
            Key("flats", 1, "output", "grade"): grade,
        },
        threshold=0.2,
        min_rows=200,
    )
    assert (number.out_of_range, number.unknown) == (0.05, None)
    assert (category.out_of_range, category.unknown) == (None, 0.25)
    assert (output.out_of_range, output.unknown) == (None, None)


def test_buckets_are_told_from_the_least_to_the_greatest() -> None:
    """With both shares, so that one sees what has moved where."""
    (found,) = judge({AREA: tally({"(9.0, +inf)": 900, "(-inf, 1.0]": 100})}, threshold=0.2, min_rows=200)
    assert [each.bucket for each in found.buckets[:3]] == ["(-inf, 1.0]", "(1.0, 2.0]", "(2.0, 3.0]"]
    assert (found.buckets[-1].bucket, found.buckets[-1].training, found.buckets[-1].seen) == ("(9.0, +inf)", 0.1, 0.9)


def test_nothing_seen_is_not_judged() -> None:
    """There is nothing to divide."""
    (found,) = judge({AREA: tally({})}, threshold=0.2, min_rows=200)
    assert (found.verdict, found.values, found.out_of_range, found.buckets) == ("not judged", 0, None, [])
