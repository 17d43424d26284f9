"""Loads the CA bundle once in a process: for each client of a test anew, it takes 20 ms, and a whole diff takes 10."""

from __future__ import annotations

import os
import ssl
from functools import cache

import httpx

VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
_create = httpx.create_ssl_context


def load_once() -> None:
    """Let clients share the context of a bundle; one that the environment names otherwise is loaded as ever."""
    httpx.create_ssl_context = lambda: _loaded(tuple(map(os.environ.get, VARIABLES)))  # type: ignore[assignment]


@cache
def _loaded(named: tuple[str | None, ...]) -> ssl.SSLContext:
    return _create()
