"""An outline and findings without customers' names: customers' entities are counted, and texts that may name a customer
are left out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable
from fnmatch import fnmatchcase

from billsync.model.change import Guard
from billsync.model.diagnostic import Diagnostic
from billsync.model.frozen import replace
from billsync.model.since import Since
from billsync.render.plan.outline import Item, Outline

LEFT_OUT = "customers left out"


def without_names(outline: Outline, private: Collection[str]) -> Outline:
    """The outline with the changes of private kinds counted, without their keys, fields and reasons.

    The summary stays as it is. `private` are the names of the kinds that belong to customers.
    """
    return replace(
        outline,
        changes=_counted(outline.changes, private),
        told=_counted(outline.told, private),
        guards=tuple(_guard(guard, private) for guard in outline.guards),
        since=_since(outline.since),
        selection=tuple(dict.fromkeys(_pattern(text, private) for text in outline.selection)),
    )


def finding_without_names(finding: Diagnostic) -> Diagnostic:
    """The finding's code and its fixed sentence alone."""
    hint = "Its place and detail may name a customer; `billsync validate` shows them."
    return Diagnostic(finding.code, finding.summary, hint=hint, severity=finding.severity)


def _since(since: Since | None) -> Since | None:
    """The comparison, without a reason that may name a customer."""
    return replace(since, everything=f"the reason is left out ({LEFT_OUT})") if since and since.everything else since


def _pattern(text: str, private: Collection[str]) -> str:
    """The pattern of a selection, without the names where it may choose customers."""
    kind = text.partition("/")[0]
    return f"{kind}/ ({LEFT_OUT})" if any(fnmatchcase(name, kind) for name in private) else text


def _counted(items: Iterable[Item], private: Collection[str]) -> tuple[Item, ...]:
    """The items, with private items of equal content joined into one, at the place of the first."""
    found: list[Item] = []
    counts: Counter[Item] = Counter()
    for item in items:
        if item.kind not in private:
            found.append(_with_harmless_reason(item, private))
            continue
        alike = _alike(item)
        if not counts[alike]:
            found.append(alike)
        counts[alike] += 1
    return tuple(_joined(item, counts[item]) if item.kind in private else item for item in found)


def _joined(item: Item, count: int) -> Item:
    return replace(item, name=f"× {count}", count=count)


def _alike(item: Item) -> Item:
    """Return a private item without its reason, with its code instead: equal for equal outcomes."""
    return Item(
        item.kind, "", item.action, item.verb, item.outcome, reason=item.code, code=item.code, effect=item.effect
    )


def _with_harmless_reason(item: Item, private: Collection[str]) -> Item:
    if not _names_somebody(f"{item.reason} {item.hint}", private):
        return item
    return replace(item, reason=f"{item.code} ({LEFT_OUT})", hint="")


def _guard(guard: Guard, private: Collection[str]) -> Guard:
    hidden = Counter(address.kind for address in guard.addresses if address.kind in private)
    names = {name for address in guard.addresses if address.kind in private for name in address.names}
    is_named = _names_somebody(guard.reason, private) or any(name in guard.reason for name in names)
    counts = ", ".join(f"{kind} × {count}" for kind, count in sorted(hidden.items()))
    reason = guard.code if is_named else guard.reason
    return replace(
        guard,
        reason=f"{reason}: {counts}" if counts else reason,
        addresses=tuple(address for address in guard.addresses if address.kind not in private),
    )


def _names_somebody(text: str, private: Collection[str]) -> bool:
    """Whether a text contains an address of a private kind: `customer/acme`, `customer acme`."""
    kinds = "|".join(map(re.escape, sorted(private)))
    return bool(kinds) and re.search(rf"\b(?:{kinds})(?:/|\s+['\"])", text) is not None
