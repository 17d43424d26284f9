"""Entries that name a live entity by its kind, its parent and its key, as those of `moved` and `forget`."""

from __future__ import annotations

from collections.abc import Collection

from billsync.config.text.finding import Findings
from billsync.config.text.node import MapNode, text_of
from billsync.model.kind import Kind

KIND = "kind"


def parents_named(
    kind: Kind, node: MapNode, subject: str, own: Collection[str], findings: Findings
) -> tuple[str, ...] | None:
    """Return the key of the entity's parent, empty for a kind without parents; None if the key is invalid.

    `own` are the entry's other fields, and `subject` names the entity in a finding.
    """
    named = {child for child in node.entries if child not in own}
    if kind.parent is None:
        for name in sorted(named):
            findings.add("unknown-field", node.entries[name].place, f"{subject} has no `{name}`")
        return None if named else ()
    parent = text_of(node.get(kind.parent.kind))
    if parent is None and kind.parent.kind not in node.entries:
        detail = f'"{kind.parent.kind}" is required: a {kind.name} belongs to one'
        findings.add("missing-field", node.place, detail, f"Write `{kind.parent.kind}: KEY`.")
    return None if parent is None else (parent,)
