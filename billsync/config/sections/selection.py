"""`_info.select`: the part of a server that a configuration is about, and what contradicts it in the files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from billsync.config.text.finding import Findings, finding
from billsync.config.text.node import ListNode, MapNode, text_of
from billsync.core.declared.check import label_problems
from billsync.model.diagnostic import Diagnostic
from billsync.model.globs import is_glob
from billsync.model.kind import LabelPolicy, Registry
from billsync.model.labels import MOST_DECLARED
from billsync.model.selection import Selection, pattern_of
from billsync.model.state import Desired, Entity
from billsync.schema.codes import diagnostic_of

LABELS = "labels"


def selection_of(header: MapNode | None, registry: Registry, findings: Findings) -> Selection:
    """The well-formed part of the block; the file's schema reports errors in the rest."""
    node = header.get("select") if header else None
    if not isinstance(node, MapNode):
        return Selection()
    labels = _labels(node.get(LABELS), findings)
    kinds = _kinds(node.get("kinds"), registry, findings)
    return Selection(labels=labels, kinds=kinds, entities=tuple(_entities(node.get("entities"), registry, findings)))


def _entities(node: object, registry: Registry, findings: Findings) -> Iterator[tuple[str, str]]:
    """The patterns of entities; one of a kind that there isn't is a mistake."""
    for item in node.items if isinstance(node, ListNode) else ():
        pattern = pattern_of(text_of(item) or "")
        if pattern is not None and pattern[0] not in registry and not is_glob(pattern[0]):
            findings.add("unknown-kind", item.place, f'"{pattern[0]}" is not a kind', f"Use {', '.join(registry)}.")
        elif pattern is not None:
            yield pattern


def _labels(node: object, findings: Findings) -> Mapping[str, str]:
    if not isinstance(node, MapNode):
        return {}
    texts = {name: text for name, entry in node.entries.items() if (text := text_of(entry.node))}
    for problem in label_problems(texts, ()):
        place = node.entries[str(problem.path[0])].place if problem.path else node.place
        findings.extend([diagnostic_of(problem, place)])
    return texts


def _kinds(node: object, registry: Registry, findings: Findings) -> frozenset[str]:
    """The kinds; one that belongs to another kind goes with that, as what is missing would look abandoned."""
    named = {text_of(item): item.place for item in node.items} if isinstance(node, ListNode) else {}
    kinds = {name: place for name, place in named.items() if name in registry}
    for name, place in kinds.items():
        parent = registry[name or ""].parent
        if parent is not None and parent.kind not in kinds:
            detail = f"{registry[name or ''].titles} belong to {registry[parent.kind].titles}"
            findings.add("selected-without-parent", place, detail, f"Add `{parent.kind}`.")
    return frozenset(name for name in kinds if name)


def selection_problems(desired: Desired, registry: Registry) -> Iterator[Diagnostic]:
    """Yield findings about entities that declare another value for a label of the selection, or too many labels."""
    for entity in desired.entities if desired.selection.labels else ():
        declared = entity.fields.get(LABELS)
        if registry[entity.address.kind].labels is not LabelPolicy.NONE and isinstance(declared, Mapping):
            yield from _contradictions(entity, declared, desired.selection.labels)


def _contradictions(entity: Entity, declared: Mapping[str, object], wanted: Mapping[str, str]) -> Iterator[Diagnostic]:
    for name, value in wanted.items():
        if declared.get(name, value) != value:
            detail = f"`_info.select` gives everything the label `{name}: {value}`, and here it is another one"
            place = entity.place((LABELS, name))
            yield finding("other-selected-label", place, detail, "Remove it here, or from `_info.select`.")
    if (count := len(declared.keys() | wanted.keys())) > MOST_DECLARED:
        detail = f"with those of `_info.select` there are {count}; the server takes 50, and billsync adds up to three"
        yield finding("label", entity.place((LABELS,)), detail, f"Declare fewer: {MOST_DECLARED} in all.")
