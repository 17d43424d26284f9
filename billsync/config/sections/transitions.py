"""`_info.transitions`: when subscriptions change from one plan to another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

from billsync.config.checks.suggest import did_you_mean_at
from billsync.config.text.finding import Findings
from billsync.config.text.node import ListNode, MapNode, Node, text_of
from billsync.model.diagnostic import Diagnostic, Position, Severity
from billsync.model.duration import parse_duration
from billsync.model.globs import is_glob
from billsync.model.state import Desired
from billsync.model.transition import AT_RENEWAL, Side, Transition
from billsync.schema.codes import diagnostic

PLAN = "plan"
"""The kind between whose entities subscriptions change."""

EVERY = "*"


def transitions_of(header: MapNode | None, findings: Findings) -> tuple[Transition, ...]:
    """The rules that are well formed, in their order; the file's schema reports errors in others."""
    node = header.get("transitions") if header else None
    items = node.items if isinstance(node, ListNode) else ()
    return tuple(_transition(item, findings) for item in items if isinstance(item, MapNode))


def _transition(node: MapNode, findings: Findings) -> Transition:
    on_cancel = text_of(node.get("on_cancel")) or ""
    if on_cancel and "to" in node.entries:
        detail = "`on_cancel` names the plan that is changed to; `to` says the same of another sort of rule"
        findings.add("conflicting-fields", node.entries["to"].place, detail, "Remove `to`.")
    source = _side(node.get("from"))
    if on_cancel in source.keys:
        detail = f'subscriptions on "{on_cancel}" can\'t change to the plan that they are on: they would end'
        hint = "Name another plan, or take it out of `from`: then they end."
        findings.add("conflicting-fields", node.entries["on_cancel"].place, detail, hint)
    return Transition(
        source,
        _side(node.get("to")),
        text_of(node.get("timing")) or AT_RENEWAL,
        text_of(node.get("message")) or "",
        on_cancel,
        node.place,
    )


def _side(node: Node | None) -> Side:
    if isinstance(node, MapNode):
        duration = parse_duration(text_of(node.get("cadence")) or "")
        return Side(tuple(_keys(node.get("plans"))), duration.text if duration else "")
    return Side(tuple(_keys(node)))


def _keys(node: Node | None) -> Iterator[str]:
    nodes = node.items if isinstance(node, ListNode) else (node,)
    for each in nodes:
        if (text := text_of(each)) is not None:
            yield text


def transitions_for_nothing(desired: Desired) -> Iterator[Diagnostic]:
    """Yield findings on rules that name plans which don't exist, so that they would never decide anything.

    A misspelt key is an error where the files declare plans; a glob may be meant for plans to come.
    """
    declared = {entity.address.key: entity.position for entity in desired.entities if entity.address.kind == PLAN}
    for rule in desired.transitions:
        for key in (*rule.source.keys, *rule.target.keys, *_plan_instead(rule)):
            is_known = key == EVERY or desired.external.match(PLAN, key)
            is_known = is_known or any(fnmatchcase(name, key) for name in declared)
            if not is_known:
                yield _names_nothing(key, declared, rule.position)


def _plan_instead(rule: Transition) -> tuple[str, ...]:
    """The plan that a rule has in place of an end; a glob has its own error, as it names none."""
    return (rule.on_cancel,) if rule.on_cancel and not is_glob(rule.on_cancel) else ()


def _names_nothing(key: str, declared: Mapping[str, Position], position: Position | None) -> Diagnostic:
    detail = f'No plan is "{key}", neither in these files nor in `external`, so the rule would decide nothing.'
    is_certain = declared and not is_glob(key)
    severity = Severity.ERROR if is_certain else Severity.WARNING
    hint = did_you_mean_at(key, declared) if declared else "List the plan under `external`."
    return diagnostic("transition-for-nothing", detail, hint, position=position, severity=severity)
