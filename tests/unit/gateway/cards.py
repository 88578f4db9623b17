"""Model cards for tests."""

from typing import Any

import msgspec


def card(inputs: dict[str, Any], outputs: dict[str, Any], tolerance: float = 1e-4) -> bytes:
    """A card that has nothing but golden examples."""
    return msgspec.json.encode({"golden": {"inputs": inputs, "outputs": outputs, "tolerance": tolerance}})


GOLDEN = card({"x": [[10.0], [-1.0]]}, {"y": [[31.0], [-2.0]]})  # what a line answers
NOT_GOLDEN = card({"x": [[10.0], [-1.0]]}, {"y": [[31.0], [2.0]]})
