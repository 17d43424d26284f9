"""Values of `--allow`: the guards' flags, checked before anything is read."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

import click


def allowances(ctx: click.Context, parameter: click.Parameter, texts: Sequence[str]) -> dict[str, str]:
    """Flags by name, with the count for a guard that counts (`deletes=25`), else with an empty text.

    Raises BadParameter for an unknown flag or one with the wrong value.
    """
    return dict(_pair(text) for text in texts)


def known_flags() -> tuple[str, ...]:
    """The flags that let a guard pass."""
    from billsync.core.guards.guards import flags
    from billsync.kinds.registry import KINDS
    from billsync.report.moves.guards import FLAGS

    return (*flags(KINDS), *FLAGS)


def _pair(text: str) -> tuple[str, str]:
    from billsync.core.guards.guards import COUNTED_FLAGS

    known = known_flags()
    name, equals, count = text.partition("=")
    if name not in known:
        raise click.BadParameter(_unknown(name, known))
    if name in COUNTED_FLAGS and not (count.isascii() and count.isdigit() and len(count) <= 9):
        raise click.BadParameter(f"{name} needs a number: {name}=25")
    if equals and name not in COUNTED_FLAGS:
        raise click.BadParameter(f"{name} takes no value")
    return name, count


def _unknown(name: str, known: Sequence[str]) -> str:
    close = get_close_matches(name, known, n=1)
    return f"no guard has the flag {name!r}: " + (f"did you mean {close[0]}?" if close else f"use {', '.join(known)}")
