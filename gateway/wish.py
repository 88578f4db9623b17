"""Who gets the canary: what a client says of it, and how clients are drawn."""

import hashlib
import random

import msgspec


class Wish(msgspec.Struct, frozen=True):
    """What a client says of the canary.

    Attributes:
        always: Whether it wants the canary's answer whatever the share.
        never: Whether it wants none of it.
        key: What keeps a client on its side; empty if each request is to be drawn anew.
    """

    always: bool = False
    never: bool = False
    key: str = ""

    def may_be_met(self, share: float) -> bool:
        """Whether the canary has to be looked at: a client with a key is drawn by the canary's number as well.

        Args:
            share: Of the requests, how many the canary gets; from 0 to 1.
        """
        if self.always or self.never:
            return self.always
        return share > 0 and (bool(self.key) or random.random() < share)  # noqa: S311 - nothing depends on its secrecy

    def is_for(self, model: str, version: int | None, share: float) -> bool:
        """Whether a request, which `may_be_met`, is for the canary.

        Args:
            model: The model's name.
            version: The canary's number, so that the next canary gets other clients; None if it is not known.
            share: As above. A client that is within stays so while it grows.
        """
        if self.always or not self.key:
            return True
        if version is None:
            return random.random() < share  # noqa: S311 - nothing depends on its secrecy
        digest = hashlib.blake2b(f"{model}\0{version}\0{self.key}".encode(), digest_size=8).digest()
        return int.from_bytes(digest) < share * 2**64
