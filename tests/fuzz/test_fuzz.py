import random
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from gateway.predictor import Predictor
from tests.fuzz.__main__ import main
from tests.fuzz.mutations import Mutator
from tests.fuzz.request import Request
from tests.fuzz.run import run
from tests.fuzz.seeds import seeds
from tests.fuzz.target import Target, ViolationError

CORPUS = Path(__file__).parent / "corpus"


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    """The gateway."""
    with Target() as target:
        yield target


def test_valid_requests_are_answered(target: Target) -> None:
    """What the mutations begin with is answered, but for the model that the gateway cannot speak for."""
    refused = [seed for seed in seeds() if target.check(seed) != 200]
    assert {seed.model for seed in refused} == {"complex"}


@pytest.mark.parametrize("file", sorted(CORPUS.iterdir()), ids=lambda file: file.stem)
def test_what_once_broke_is_answered(target: Target, file: Path) -> None:
    """Every request that once made the gateway fail gets a proper reply."""
    target.check(msgspec.json.decode(file.read_bytes(), type=Request))


def test_any_request_is_answered() -> None:
    """Whatever comes, the gateway replies in good form, and never with an error of its own."""
    counts = run("tests", 4000)
    assert counts.total() == 4000


def test_a_seed_makes_the_same_requests() -> None:
    """The requests come from the seed alone."""
    one, other = (Mutator(random.Random(1), seeds()) for _ in range(2))  # noqa: S311 - nothing is kept secret here
    assert [one.request() for _ in range(100)] == [other.request() for _ in range(100)]


def test_a_fault_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """An unexpected exception is a violation; the request can be replayed, and the traceback is told."""

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the fault")

    monkeypatch.setattr(Predictor, "predict", fail)
    with pytest.raises(ViolationError, match="status 500") as found:
        run("tests", 1000, tmp_path / "kept")
    file = tmp_path / "request.json"
    file.write_bytes(msgspec.json.encode(found.value.request))
    assert file.read_bytes() == (tmp_path / "kept").read_bytes()
    assert main(["--replay", str(file)]) == 1
    assert "RuntimeError: the fault" in capsys.readouterr().out
    monkeypatch.undo()
    assert main(["--replay", str(file)]) == 0
