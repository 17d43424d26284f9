"""Comparisons since a commit: what of the files a comparison is about, and what it leaves out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from billsync.model.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Since:
    """The commit since which the files have changed, and the numbers of entities by kind.

    `ref` is the commit's name as it was asked for, `commit` the id of the one that was compared with: the last that
    both `ref` and the present commit have behind them. `everything` is the reason why nothing is left out; empty where
    only what has changed is compared, with what depends on it and what it needs.
    """

    ref: str
    commit: str
    everything: str = ""
    compared: Mapping[str, int] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)
