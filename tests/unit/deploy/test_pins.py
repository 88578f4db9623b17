"""The same package has the same version wherever it is pinned."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]
CLIENTS = "tests/clients/requirements.txt"
IMAGE = "gateway/requirements.lock"


def _pins(text: str) -> dict[str, str]:
    found = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;]+)", text, flags=re.MULTILINE)
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in found}


def test_hooks_see_the_versions_that_run() -> None:
    """What mypy needs of our requirements for its annotations is what is installed."""
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    hooks = [hook for repository in config["repos"] for hook in repository["hooks"]]
    in_hooks = _pins("\n".join(pin for hook in hooks for pin in hook.get("additional_dependencies", ())))
    locked = _pins((ROOT / "constraints.txt").read_text(encoding="utf-8"))
    shared = in_hooks.keys() & locked.keys()
    assert "flask" in shared
    assert {name: in_hooks[name] for name in shared} == {name: locked[name] for name in shared}


@pytest.mark.parametrize(
    ("lock", "patterns"),
    [
        ("constraints.txt", ["requirements*.txt", "*/requirements.txt"]),
        (IMAGE, ["gateway/requirements.txt"]),
        ("tests/clients/constraints.txt", [CLIENTS]),
        ("src/drift/constraints.txt", ["src/drift/requirements.txt"]),
    ],
    ids=["product", "image", "clients", "drift report"],
)
def test_every_requirement_is_locked(lock: str, patterns: list[str]) -> None:
    """Each lock is made from its requirement files as they are now."""
    files = [file for pattern in patterns for file in ROOT.glob(pattern)]
    wanted = {name: version for file in files for name, version in _pins(file.read_text(encoding="utf-8")).items()}
    locked = _pins((ROOT / lock).read_text(encoding="utf-8"))
    assert wanted
    assert {name: locked.get(name) for name in wanted} == wanted


def test_the_image_holds_what_has_been_tested() -> None:
    """Every package of the image has the version that the tests run with, and the hashes of its files."""
    text = (ROOT / IMAGE).read_text(encoding="utf-8")
    tested = _pins((ROOT / "constraints.txt").read_text(encoding="utf-8"))
    in_image = _pins(text)
    assert {name: tested.get(name) for name in in_image} == in_image
    entries = re.findall(r"^[a-z].*==.*\\\n(?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+", text, flags=re.MULTILINE)
    assert len(entries) == len(in_image) >= 1
