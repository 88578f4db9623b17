"""Watching a canary: what is counted, when it holds, and when it does not."""

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from src import watching
from src.errors import GateError, InputError, ReleaseError
from src.watching import Seen, Watch, seen

OTHERS = """gateway_predictions_total{model="line",version="4",label="stable"} 900
gateway_predictions_total{model="line",version="3",label="canary"} 50
gateway_predictions_total{model="other",version="5",label="canary"} 70
gateway_canary_fallbacks_total{model="other",reason="golden"} 7
"""


def counted(file: Path, predictions: int, **fallbacks: int) -> str:
    """Have a gateway's metrics say so of version 5 of the line; gives their file's name."""
    lines = [f'gateway_predictions_total{{model="line",version="5",label="canary"}} {predictions}']
    lines += [
        f'gateway_canary_fallbacks_total{{model="line",reason="{reason}"}} {count}'
        for reason, count in fallbacks.items()
    ]
    file.write_text(OTHERS + "\n".join(lines) + "\n", encoding="utf-8")
    return str(file)


def watch(*gateways: str, min_predictions: int = 100) -> Watch:
    """Watch for a moment."""
    return Watch(gateways=gateways, seconds=0.01, min_predictions=min_predictions, settle_seconds=0)


def test_only_the_canarys_own_requests_are_counted(tmp_path: Path) -> None:
    """Other versions, labels and models are passed over."""
    assert seen(counted(tmp_path / "m", 20, error=2, absent=1), "line", 5) == Seen(20, {"error": 2, "absent": 1})


def test_a_canary_that_answers_holds(tmp_path: Path) -> None:
    """What was counted before it became the canary does not count, and several gateways add up."""
    files = [counted(tmp_path / "a", 10, error=90), counted(tmp_path / "b", 0)]
    before = watch(*files).start("line", 5)
    counted(tmp_path / "a", 200, error=91)
    counted(tmp_path / "b", 60)
    came = watch(*files).judge("line", 5, before)
    assert came == Seen(250, {"error": 1})
    assert str(came) == "250 answers; the stable version in its place: 1 error"


def test_a_gateway_that_has_started_anew_is_counted_whole(tmp_path: Path) -> None:
    """Counters that have fallen began anew."""
    file = counted(tmp_path / "m", 500, error=7)
    before = watch(file).start("line", 5)
    counted(tmp_path / "m", 120, error=1)
    assert watch(file).judge("line", 5, before) == Seen(120, {"error": 1})


def test_a_canary_that_fails_often_does_not_hold(tmp_path: Path) -> None:
    """More than one in a hundred requests that the stable version had to answer are too many, and are told."""
    file = counted(tmp_path / "m", 0)
    before = watch(file).start("line", 5)
    counted(tmp_path / "m", 190, error=4, paused=6)
    with pytest.raises(GateError) as caught:
        watch(file).judge("line", 5, before)
    assert str(caught.value) == (
        "line version 5 does not hold as a canary: 5.0% of the requests meant for it went to the stable version"
        " (190 answers; the stable version in its place: 4 error, 6 paused)"
    )


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("golden", "it does not reproduce its golden examples"),
        ("signature", "it takes or answers something else than the stable version"),
    ],
)
def test_what_no_moment_explains_is_not_waited_for(tmp_path: Path, reason: str, words: str) -> None:
    """One such fallback among thousands of answers is enough, and ends an hour's watch at once."""
    file = counted(tmp_path / "m", 0)
    long = Watch(gateways=[file], seconds=3600, min_predictions=1, settle_seconds=3600)
    before = long.start("line", 5)
    counted(tmp_path / "m", 5000, **{reason: 1})
    with pytest.raises(GateError, match=words):
        long.judge("line", 5, before)


def test_failures_end_the_watch_as_soon_as_there_are_enough_requests(tmp_path: Path) -> None:
    """A canary that answers nobody is not kept for an hour."""
    file = counted(tmp_path / "m", 0)
    long = Watch(gateways=[file], seconds=3600, min_predictions=100, settle_seconds=0)
    before = long.start("line", 5)
    counted(tmp_path / "m", 0, error=100)
    with pytest.raises(GateError, match=r"100\.0% of the requests"):
        long.judge("line", 5, before)


def test_what_happens_while_a_canary_settles_is_no_fault(tmp_path: Path) -> None:
    """Requests that had the stable version's answer then do not count, nor do the canary's own."""
    file = counted(tmp_path / "m", 0)
    settling = Watch(gateways=[file], seconds=0.01, min_predictions=0, settle_seconds=0.01)
    before = settling.start("line", 5)
    counted(tmp_path / "m", 3, paused=9)
    assert settling.judge("line", 5, before) == Seen(0, {})


def test_too_few_answers_are_no_judgement(tmp_path: Path) -> None:
    """Without enough requests it stays the canary, and the error says who decides then."""
    file = counted(tmp_path / "m", 0)
    before = watch(file).start("line", 5)
    counted(tmp_path / "m", 12)
    with pytest.raises(ReleaseError) as caught:
        watch(file).judge("line", 5, before)
    assert str(caught.value) == (
        "line version 5 has given 12 answers in 0.01 s, and a judgement takes 100; it stays the canary: src.release"
        " promotes or retires it"
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("up 1\n", "has no gateway's metrics"),
        ("<html>\n", "is no gateway's metrics: "),
        ('gateway_predictions_total{model="line",version="5",label="canary"} NaN\n', "is no gateway's metrics: "),
    ],
)
def test_what_is_no_gateway_is_refused(tmp_path: Path, text: str, words: str) -> None:
    """Another program's metrics and a page are told."""
    (tmp_path / "m").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=words):
        seen(str(tmp_path / "m"), "line", 5)


def test_few_failures_are_none_whatever_their_share(tmp_path: Path) -> None:
    """A busy moment costs a canary some requests: five of 100 do not end it."""
    file = counted(tmp_path / "m", 0)
    before = watch(file).start("line", 5)
    counted(tmp_path / "m", 100, paused=5)
    assert watch(file).judge("line", 5, before) == Seen(100, {"paused": 5})


def test_a_canary_that_was_asked_little_is_not_judged_by_its_failures(tmp_path: Path) -> None:
    """Of three answers and one failure nobody can tell anything: it stays the canary."""
    file = counted(tmp_path / "m", 0)
    before = watch(file).start("line", 5)
    counted(tmp_path / "m", 3, error=7)
    with pytest.raises(ReleaseError, match=r"^line version 5 has given 3 answers"):
        watch(file).judge("line", 5, before)


def test_a_gateway_may_be_away_for_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is started anew is asked again; one that stays away ends the watch."""
    monkeypatch.setattr(watching, "POLL_SECONDS", 0.01)
    file = counted(tmp_path / "m", 0)
    patient = Watch(gateways=[file], seconds=0.05, min_predictions=100, settle_seconds=0, away_seconds=20)
    before = patient.start("line", 5)
    Path(file).unlink()
    back = threading.Timer(0.2, lambda: counted(tmp_path / "m", 120))
    back.start()
    assert patient.judge("line", 5, before) == Seen(120, {})
    back.join()
    Path(file).unlink()
    with pytest.raises(InputError):
        replace(patient, away_seconds=0.02).judge("line", 5, before)
