"""The decisions that a person has to make: what stops a run, refusals, what can't be undone, and who stays behind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from billsync.model.change import Effect, Guard, Outcome
from billsync.model.diagnostic import Diagnostic, Severity
from billsync.model.frozen import replace
from billsync.model.result import Status
from billsync.render.diagnostics import one_line
from billsync.render.page.page import Decision, DecisionKind, Span, Style, Text, code, plain
from billsync.render.plan.effects import staying_text
from billsync.render.plan.groups import Group, groups
from billsync.render.plan.nouns import noun
from billsync.render.plan.outline import Item, Outline
from billsync.render.plan.text import NO_FLAG

NAMED = 5
"""The number of entities that one decision names; all are in the sections."""

TOLD = {Outcome.REFUSED: DecisionKind.REFUSED, Outcome.BLOCKED: DecisionKind.BLOCKED}

LIMITS = {
    Effect.IRREVERSIBLE: "can't be undone",
    Effect.UNTIL_USED: "can be undone only until used",
}
"""Effects for which somebody has to decide, in words."""


def decisions(outline: Outline, findings: Sequence[Diagnostic] = ()) -> tuple[Decision, ...]:
    """The decisions, the most urgent sort first, each sort in the outline's order."""
    to_come = [item for item in outline.changes if item.status is None]
    found = [
        *(_mistake(one) for one in findings if one.severity is Severity.ERROR),
        *map(_stopped, _joined(outline.guards)),
        *(_failed(item) for item in outline.changes if item.trouble),
        *(_told(group) for group in groups(_without_fields(outline.told))),
        *_irreversible(to_come),
        *_grandfathered(to_come),
    ]
    order = list(DecisionKind)
    return tuple(sorted(found, key=lambda one: order.index(one.kind)))


def named(item: Item) -> str:
    """An item as an address: `plan/pro@3`; several without names as `customer × 3`."""
    return f"{item.kind}/{item.name}" if item.count == 1 else f"{item.kind} {item.name}"


def _mistake(finding: Diagnostic) -> Decision:
    return Decision(DecisionKind.STOPPED, plain(one_line(finding)), finding.code, plain(finding.hint))


def _stopped(guard: Guard) -> Decision:
    names = _names([address.text for address in guard.addresses])
    missing = [address.text for address in guard.addresses if address.text not in guard.reason]
    text = plain(guard.reason) + (plain(": ") + names if missing else ())
    way_out = plain("allow it with ") + code(guard.flag) if guard.flag else plain(guard.hint or NO_FLAG)
    return Decision(DecisionKind.STOPPED, text, guard.code, way_out)


def _joined(guards: Iterable[Guard]) -> Iterator[Guard]:
    """The guards, with those joined into one that differ only in the name of the entity that each is about."""
    found: dict[tuple[str, str, str], list[Guard]] = defaultdict(list)
    for guard in guards:
        is_one = len(guard.addresses) == 1
        reason = guard.reason.replace(guard.addresses[0].text, "it") if is_one else guard.reason
        found[guard.code, reason, guard.flag].append(guard)
    for (_, reason, _), them in found.items():
        addresses = tuple(address for guard in them for address in guard.addresses)
        yield them[0] if len(them) == 1 else replace(them[0], reason=reason, addresses=addresses)


def _without_fields(items: Iterable[Item]) -> Iterator[Item]:
    """The refused and blocked items as decisions show them: without the fields, which stand in the sections."""
    return (replace(item, fields=()) for item in items if item.outcome in TOLD)


def _failed(item: Item) -> Decision:
    """A change that a run didn't make, and why."""
    kind = DecisionKind.BLOCKED if item.status is Status.BLOCKED else DecisionKind.FAILED
    return Decision(kind, code(named(item)) + plain(f": {item.trouble}"))


def _told(group: Group) -> Decision:
    item = group.item
    names = _names([named(replace(item, name=name)) for name in group.names])
    return Decision(TOLD[item.outcome], names + plain(f": {item.reason}"), item.code, plain(item.hint))


def _irreversible(items: Iterable[Item]) -> Iterator[Decision]:
    """One decision for each verb and kind of what can't be undone, or not for long."""
    found: dict[tuple[str, str, str], list[Item]] = defaultdict(list)
    for item in items:
        if item.effect in LIMITS:
            found[item.verb, item.kind, LIMITS[item.effect]].append(item)
    for (verb, kind, limit), them in found.items():
        doing = _doing(verb, kind, sum(item.count for item in them))
        yield Decision(DecisionKind.IRREVERSIBLE, plain(f"{doing} {limit}: ") + _names(map(named, them)))


def _doing(verb: str, kind: str, number: int) -> str:
    """The work in words; a verb made of the kind's word doesn't repeat it: `granting`, `3 grants`."""
    repeats = verb.startswith(noun(kind, 1))
    if number == 1:
        return verb if repeats else f"{verb} {noun(kind, 1)}"
    them = f"{number:,} {noun(kind, number)}"
    return them if repeats else f"{verb} {them}"


def _grandfathered(items: Iterable[Item]) -> Iterator[Decision]:
    for item in items:
        if item.staying:
            text = code(named(item)) + plain(f": {staying_text(item.staying)}")
            yield Decision(DecisionKind.GRANDFATHERED, text, "grandfathered")


def _names(names: Iterable[str]) -> Text:
    """The first names, and how many more there are."""
    every = list(names)
    spans: list[Span] = []
    for name in every[:NAMED]:
        spans += [Span(", ")] if spans else []
        spans.append(Span(name, Style.CODE))
    rest = len(every) - NAMED
    return (*spans, *(plain(f" and {rest:,} more") if rest > 0 else ()))
