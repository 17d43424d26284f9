"""Reads the tables committed next to the code, each once."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

from billsync.local.store.documents import parse


@cache
def data(name: str) -> Any:
    """The parsed content of `data/<name>.json`. Callers must not change it."""
    return parse(resources.files("billsync.local").joinpath("data", f"{name}.json").read_text("utf-8"))
