"""Transports between commands and the embedded server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from billsync.cli.servers import opening
from billsync.live.transports.settings import Settings

Wrap = Callable[[httpx.BaseTransport], httpx.BaseTransport]


def put_before_the_server(monkeypatch: pytest.MonkeyPatch, wrap: Wrap) -> None:
    """Let every command reach the embedded server through what `wrap` makes of the way there."""

    def settings(*, embedded: Any = None, **others: Any) -> Settings:
        return Settings(**others, transport=wrap(httpx.WSGITransport(app=embedded)) if embedded else None)

    monkeypatch.setattr(opening, "Settings", settings)
