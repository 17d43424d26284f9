"""`_info`: the owner and the defaults."""

from __future__ import annotations

from collections.abc import Mapping

from billsync.config.finding import Findings
from billsync.config.node import MapNode, text_of
from billsync.kinds.labels import value_problem


def owner_of(header: MapNode | None, findings: Findings) -> str | None:
    """The owner, if one is named; it becomes a label value, so the server's rule for those holds.

    Source: customer-facts.md §1.5.
    """
    node = header.get("owner") if header else None
    owner = text_of(node)
    if node is None or owner is None:
        return None
    if problem := value_problem(owner):
        findings.add("illegal-owner", node.place, f'"{owner}" is written into labels: {problem}')
    return owner


def defaults_of(header: MapNode | None) -> Mapping[str, MapNode]:
    """The default fields by kind, and of `rate_card` and `phase`."""
    defaults = header.get("defaults") if header else None
    if not isinstance(defaults, MapNode):
        return {}
    return {name: entry.node for name, entry in defaults.entries.items() if isinstance(entry.node, MapNode)}
