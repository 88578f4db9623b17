"""How default traffic is shared out: a file that names each model's shares, followed when it changes."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta

from gateway.followed import LOOK_SECONDS, Followed, log

Share = Annotated[float, Meta(ge=0, le=1)]


class Shares(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What becomes of a model's default traffic.

    Attributes:
        canary_share: How much of it the version labelled `canary` answers.
        shadow_share: How much of it is copied to another version as well, to compare the two.
        shadow_label: The label of that version.
    """

    canary_share: Share = 0.0
    shadow_share: Share = 0.0
    shadow_label: Annotated[str, Meta(pattern=r"^[a-zA-Z0-9_]+\Z")] = "canary"


NONE = Shares()
DECODER = msgspec.json.Decoder(dict[str, Shares])


class Traffic(Followed[Mapping[str, Shares]]):
    """The shares of all models. While the file is missing there are none."""

    what: ClassVar[str] = "traffic file"

    def __init__(self, file: str) -> None:
        """Read the file, if there is one.

        Args:
            file: Its path; empty for none.
        """
        super().__init__(file, {})
        self.shares("")  # so that the first request finds them

    def shares(self, model: str) -> Shares:
        """What becomes of a model's traffic.

        Args:
            model: The model's name.

        Returns:
            The shares; none where the file does not name it.
        """
        return self.current(LOOK_SECONDS).get(model, NONE)

    def parse(self, data: bytes) -> Mapping[str, Shares]:
        """Understand what the file holds: JSON, shares by model."""
        return DECODER.decode(data)

    def missing(self, _error: FileNotFoundError) -> Mapping[str, Shares]:
        """No file: no shares."""
        return {}

    def changed(self, value: Mapping[str, Shares]) -> None:
        """Log the shares."""
        log.info("traffic", extra={"traffic": msgspec.to_builtins(value)})
