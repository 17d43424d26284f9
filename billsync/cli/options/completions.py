"""The hooks by which click asks for completions; what answers is loaded only when a shell asks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click


def completed(name: str) -> Callable[[click.Context, click.Parameter, str], list[Any]]:
    """The completions that a function of `completing` gives."""

    def complete(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[Any]:
        from billsync.cli.options import completing

        found: list[Any] = getattr(completing, name)(ctx, parameter, incomplete)
        return found

    return complete
