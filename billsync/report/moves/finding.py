"""Findings about single subscriptions, joined into guards: one for all of which the same is true."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


def grouped(found: Iterable[T], key: Callable[[T], object]) -> tuple[tuple[T, ...], ...]:
    """The members of each group, in the order of the groups' first members."""
    groups: dict[object, list[T]] = {}
    for one in found:
        groups.setdefault(key(one), []).append(one)
    return tuple(tuple(them) for them in groups.values())
