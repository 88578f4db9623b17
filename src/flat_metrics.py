"""A comparison as nothing but named numbers, which DVC and its like can show and set beside others'."""

from pathlib import Path
from typing import Any

import msgspec

from src.comparison import Comparison


def write(compared: Comparison, file: Path) -> None:
    """Write the metrics of one version and of the baseline.

    Args:
        compared: The version, and the baseline.
        file: Where to; its folder is made if missing.

    Raises:
        OSError: It cannot be written.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(msgspec.json.format(msgspec.json.encode(numbers(compared)), indent=2).decode() + "\n", "utf-8")


def numbers(compared: Comparison) -> dict[str, Any]:
    """The numbers by name: whatever metrics there are, by groups where they stand in groups.

    Args:
        compared: The version, and the baseline.

    Returns:
        `rows`, `model` and `baseline`.
    """
    model, baseline = compared.measured
    return {
        "rows": compared.rows,
        "model": _numbers(msgspec.to_builtins(model.metrics)),
        "baseline": _numbers(msgspec.to_builtins(baseline.metrics)),
    }


def _numbers(values: dict[str, Any]) -> dict[str, Any]:
    """The same without what is no number: a metric that is not defined for these rows is left out."""
    found = {name: _numbers(value) if isinstance(value, dict) else value for name, value in values.items()}
    return {name: value for name, value in found.items() if isinstance(value, dict | int | float)}
