"""The traffic file: the shares of requests that gateways give to other versions than the stable one.

Gateways read it again when it changes, so that a share changes without a restart.
"""

from pathlib import Path

import msgspec

from src.errors import StoreError
from src.models_config import replace

TRAFFIC_FILE = "traffic.json"


class Traffic(msgspec.Struct, frozen=True, kw_only=True):
    """A model's shares, 0 to 1.

    Attributes:
        canary_share: Of the requests without version or label, how many the canary answers.
        shadow_share: Of how many another version gets a copy, whose answer is compared and goes to nobody.
        shadow_label: Which version that is.
    """

    canary_share: float = 0.0
    shadow_share: float = 0.0
    shadow_label: str = "canary"

    @property
    def told(self) -> str:
        """The shares in words."""
        copies = f", and a copy of {self.shadow_share:.3g}" if self.shadow_share else ""
        return f"{self.canary_share:.3g} of the requests{copies}"


def read(store: Path) -> dict[str, Traffic]:
    """The shares by model.

    Raises:
        StoreError: The file cannot be read.
    """
    path = store / TRAFFIC_FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Traffic])
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise StoreError(f"cannot read {path}: {error}; mend or remove it") from error


def write(store: Path, model: str, traffic: Traffic) -> None:
    """Set a model's shares, in one step, if they are others than now.

    Raises:
        StoreError: The file that is there cannot be read.
        OSError: It cannot be written.
    """
    before = read(store)
    after = {name: shares for name, shares in before.items() if name != model}
    after |= {} if traffic == Traffic() else {model: traffic}
    if after != before:
        text = msgspec.json.format(msgspec.json.encode(after), indent=2).decode() + "\n"
        replace(store / TRAFFIC_FILE, text, 0o644)  # a gateway in a container is another user
