"""The certificate, while it is renewed."""

import ssl
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gateway.worker import tls


def test_a_certificate_that_cannot_be_read_ends_only_a_gateway_that_starts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """At the start it is an error; where workers are replaced while it is half written, the one before stays in use."""
    monkeypatch.setattr(tls, "_last", [])
    broken: Any = SimpleNamespace(
        ssl_context=lambda _cfg, make: make(), ca_certs=None, certfile=str(tmp_path / "none"), keyfile=None
    )
    with pytest.raises(OSError, match="No such file"):
        tls.context(broken)
    good = ssl.create_default_context()
    assert tls.context(SimpleNamespace(ssl_context=lambda *_: good)) is good
    assert tls.context(broken) is good
    assert "unreadable certificate" in caplog.messages
