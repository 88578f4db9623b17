"""Training on several devices takes the same steps as on one."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from src import devices
from src.card import read_card
from src.errors import ModelSideError


def trained_on(count: int, store: Path) -> tuple[int, int, float]:
    """How many devices took part, how many steps they took, and how far the model is off the held-out rows."""
    command = [sys.executable, "-m", "tests.unit.src.several_devices", str(count), str(store)]
    ended = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    replicas, steps, mae = json.loads(ended.stdout.splitlines()[-1])
    return replicas, steps, mae


def test_two_devices_learn_what_one_does(tmp_path: Path) -> None:
    """Half of each batch on either device, strings among it, gives the same model but for the order of additions."""
    alone, together = trained_on(1, tmp_path / "one"), trained_on(2, tmp_path / "two")
    assert (alone[:2], together[:2]) == ((1, 320), (2, 320))
    assert together[2] == pytest.approx(alone[2], rel=1e-3)
    card = read_card(tmp_path / "two" / "mixed" / "1")
    assert card is not None
    assert card.replicas == 2


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            '{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 0}}',
            "TF_CONFIG names several workers; Keras 3 trains on the devices of one machine only",
        ),
        ("{", "TF_CONFIG cannot be read: Expecting property name enclosed in double quotes"),
        ("[]", "TF_CONFIG cannot be read: 'list' object has no attribute 'get'"),
    ],
)
def test_several_workers_are_refused(monkeypatch: pytest.MonkeyPatch, config: str, message: str) -> None:
    """Each would otherwise train alone, and publish what it has got."""
    monkeypatch.setenv("TF_CONFIG", config)
    with pytest.raises(ModelSideError) as caught:
        devices.strategy()
    assert str(caught.value).startswith(message)


def test_one_worker_is_no_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some schedulers set TF_CONFIG for a single worker too."""
    monkeypatch.setenv("TF_CONFIG", '{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 0}}')
    assert devices.strategy().num_replicas_in_sync == 1
