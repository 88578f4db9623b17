"""An environment for each peer, from the package index: `.venv-bench/<name>`, made once."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = Path(__file__).with_name("requirements")
ENVIRONMENTS = ROOT / ".venv-bench"
INSTALL_SECONDS = 600.0


class MissingError(Exception):
    """Something that a contender needs is not here, and why."""


def python_of(name: str) -> Path:
    """The interpreter of a peer's environment, which is made first if need be.

    Args:
        name: The name of its file of requirements; empty for the environment that this runs in.

    Raises:
        MissingError: It cannot be made.
    """
    if not name:
        return Path(sys.executable)
    requirements, folder = REQUIREMENTS / f"{name}.txt", ENVIRONMENTS / name
    made, wanted = folder / ".made", requirements.read_text(encoding="utf-8")
    if not made.exists() or made.read_text(encoding="utf-8") != wanted:
        print(f"making .venv-bench/{name}", flush=True)
        _run([sys.executable, "-m", "venv", "--clear", str(folder)])
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _run([*pip, "-r", str(requirements)])
        made.write_text(wanted, encoding="utf-8")
    return folder / "bin" / "python"


def _run(command: list[str]) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=INSTALL_SECONDS)
    except subprocess.CalledProcessError as error:
        lines = error.stderr.strip().splitlines() or ["no output"]
        raise MissingError(f"its environment cannot be made: {lines[-1]}") from error
    except subprocess.TimeoutExpired as error:
        raise MissingError(f"its environment was not made within {INSTALL_SECONDS:.0f} s") from error
