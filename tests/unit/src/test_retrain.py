"""Training again and releasing what comes of it: which step leads to which."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from src import retrain
from src.drift import __main__ as drift
from src.errors import DriftError, GateError, InputError, ReleaseError
from src.release.operations import Operator
from src.watching import Seen, Watch


@dataclass(frozen=True, kw_only=True)
class Noting(Operator):
    """An operator that only notes what it is told to do."""

    done: list[str] = field(default_factory=list)

    def promote(self, model: str, version: int, **options: Any) -> None:
        """Note it."""
        self.done.append(f"promote {model} {version}, judged against {options['judged'].stable}")

    def canary(self, model: str, version: int, shares: Any, **_options: Any) -> None:
        """Note it."""
        self.done.append(f"canary {model} {version} {shares.canary_share}")

    def retire(self, model: str, version: int) -> None:
        """Note it."""
        self.done.append(f"retire {model} {version}")


@dataclass(frozen=True, kw_only=True)
class Watched(Watch):
    """A watch that ends as given."""

    gateways: Sequence[str] = ()
    seconds: float = 0
    min_predictions: int = 1
    outcome: Exception | Seen

    def judge(self, *_arguments: object) -> Seen:
        """End so."""
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


def test_a_canary_that_holds_is_promoted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It gets its share first; and it is promoted only if the version is stable still that it was judged against."""
    operator = Noting(store=tmp_path)
    retrain.release(operator, Watched(outcome=Seen(120, {})), "line", 5, 4, 0.2)
    assert operator.done == ["canary line 5 0.2", "promote line 5, judged against 4"]
    assert capsys.readouterr().out == "line version 5 holds as a canary: 120 answers\n"


def test_a_canary_that_does_not_hold_is_retired(tmp_path: Path) -> None:
    """It is out of service, and the command fails as for a model that the gate refuses."""
    operator = Noting(store=tmp_path)
    with pytest.raises(GateError, match="it fails"):
        retrain.release(operator, Watched(outcome=GateError("it fails")), "line", 5, 4, 0.2)
    assert operator.done == ["canary line 5 0.2", "retire line 5"]


def test_a_canary_that_cannot_be_retired_is_told_with_its_verdict(tmp_path: Path) -> None:
    """That it does not hold matters more than that a server is away."""

    class Stuck(Noting):
        def retire(self, model: str, version: int) -> None:
            raise ReleaseError(f"no server answers for {model} {version}")

    with pytest.raises(GateError, match=r"^it fails; and it is still the canary: no server answers for line 5$"):
        retrain.release(Stuck(store=tmp_path), Watched(outcome=GateError("it fails")), "line", 5, 4, 0.2)


def test_a_canary_that_nobody_asked_stays_one(tmp_path: Path) -> None:
    """Without a judgement it is neither promoted nor retired."""
    operator = Noting(store=tmp_path)
    with pytest.raises(ReleaseError):
        retrain.release(operator, Watched(outcome=ReleaseError("too few")), "line", 5, 4, 0.2)
    assert operator.done == ["canary line 5 0.2"]


def test_a_first_version_is_promoted_at_once(tmp_path: Path) -> None:
    """Beside no stable version there can be no canary."""
    operator = Noting(store=tmp_path)
    retrain.release(operator, Watched(outcome=GateError("not asked")), "line", 1, None, 0.2)
    assert operator.done == ["promote line 1, judged against None"]


def test_a_gateway_that_is_not_there_is_told_before_any_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hours of training are not lost to a wrong address."""
    monkeypatch.setattr(retrain, "_train", lambda *_: pytest.fail("it was trained"))
    with pytest.raises(InputError, match=r"^cannot read http://127\.0\.0\.1:9: Connection refused$"):
        retrain.main(["line", "--gateway", "http://127.0.0.1:9", "--store", str(tmp_path)])


def test_drift_that_led_to_no_new_version_is_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the training fails, the next run looks at the same requests; where all went well, at those after them."""
    since, store = tmp_path / "since.json", tmp_path / "store"
    words = ["line", "--gateway", str(tmp_path / "m"), "--if-drift", "--since", str(since), "--store", str(store)]
    (tmp_path / "m").write_text('gateway_predictions_total{model="line",version="1",label="stable"} 1\n')
    since.write_text("first")

    def look(arguments: Sequence[str]) -> None:
        state = Path(arguments[list(arguments).index("--since") + 1])
        assert state.read_text() == "first"
        state.write_text("second")
        raise DriftError("line 1: x has moved")

    def fail(*_arguments: object) -> tuple[int, int]:
        raise GateError("refused")

    monkeypatch.setattr(drift, "main", look)
    monkeypatch.setattr(retrain, "_train", fail)
    with pytest.raises(GateError):
        retrain.main(words)
    assert since.read_text() == "first"
    monkeypatch.setattr(retrain, "_train", lambda *_: (2, 1))
    monkeypatch.setattr(retrain, "release", lambda *_: None)
    retrain.main(words)
    assert since.read_text() == "second"


@pytest.mark.parametrize(
    "words", [["line"], ["line", "--gateway", "u", "--since", "f"], ["line", "--gateway", "u", "--share", "2"]]
)
def test_a_wrong_call_ends_with_2(words: list[str]) -> None:
    """No gateway to watch, a look at drift that is not asked for, and no share are told at once."""
    with pytest.raises(SystemExit) as caught:
        retrain.parse_arguments(words)
    assert caught.value.code == 2
