"""`_info`: the owner, the target and the defaults. The policies are in `policies.py`."""

from __future__ import annotations

from collections.abc import Mapping

from billsync.config.text.finding import Findings
from billsync.config.text.node import MapNode, text_of
from billsync.model.labels import value_problem
from billsync.model.state import IntendedTarget

OPENMETER = "openmeter"
"""The dialect of servers that have neither regions nor organizations."""


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


def target_of(header: MapNode | None, findings: Findings) -> IntendedTarget:
    """The server that the files are for; a field that the named dialect doesn't have is an error."""
    node = header.get("target") if header else None
    if not isinstance(node, MapNode):
        return IntendedTarget()
    dialect, region, org = (text_of(node.get(name)) for name in ("dialect", "region", "org"))
    for name, value in (("region", region), ("org", org)):
        if dialect == OPENMETER and value is not None:
            detail = f"an {OPENMETER} server has no `{name}`; only Konnect has regions and organizations"
            findings.add("unknowable-target", node.entries[name].place, detail, f"Remove `{name}`.")
    chains = {"one": False, "many": True}.get(text_of(node.get("subscriptions_per_customer")) or "")
    return IntendedTarget(dialect, region, org, node.place, chains)


def defaults_of(header: MapNode | None) -> Mapping[str, MapNode]:
    """The default fields by kind, and of `rate_card` and `phase`."""
    defaults = header.get("defaults") if header else None
    if not isinstance(defaults, MapNode):
        return {}
    return {name: entry.node for name, entry in defaults.entries.items() if isinstance(entry.node, MapNode)}
