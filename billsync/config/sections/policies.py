"""`_info.policy`: how far prices may move, the notice that customers get, and what no run may do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fnmatch import fnmatchcase

from billsync.config.checks.suggest import did_you_mean_at
from billsync.config.text.finding import Findings
from billsync.config.text.node import ListNode, MapNode, Node, ScalarNode, text_of
from billsync.kinds.forms import EXACT, PERCENT
from billsync.model.diagnostic import Diagnostic, Position, Severity
from billsync.model.duration import LONGEST, Duration, parse_duration
from billsync.model.globs import Patterns, is_glob
from billsync.model.kind import Registry
from billsync.model.policy import PERCENT_FROM, Policy, PricePolicy
from billsync.model.state import Desired
from billsync.schema.codes import diagnostic

PRICED = {"plans": "plan", "addons": "addon"}
"""The kinds whose prices policies limit, by their collection."""
PROTECTED = "protected"


def policy_of(header: MapNode | None, registry: Registry, findings: Findings) -> Policy:
    """The limits of every run; the file's schema reports what isn't well formed.

    Files that name no owner although they require one are an error.
    """
    node = _policy(header)
    if node is None:
        return Policy()
    percent, count = _share(node.get("max_delete_percent"))
    policy = Policy(
        max_deletes=_whole(node.get("max_deletes")),
        max_delete_percent=percent,
        percent_from=count,
        protected=_protected(node.get(PROTECTED), registry),
        forbid=frozenset(_texts(node, "forbid")),
        require_owner=_is_true(node.get("require_owner")),
        nothing_due_at_start=tuple(_texts(node, "nothing_due_at_start")),
        places={name: entry.place for name, entry in node.entries.items()},
    )
    if policy.require_owner and (header is None or header.get("owner") is None):
        findings.add("no-owner", policy.places["require_owner"], "the policy requires one", "Add `owner` to `_info`.")
    return policy


def prices_of(header: MapNode | None, findings: Findings) -> tuple[PricePolicy, ...]:
    """The well-formed price policies; the file's schema reports errors in others."""
    policy = _policy(header)
    prices = policy.get("prices") if policy else None
    nodes = prices.items if isinstance(prices, ListNode) else ()
    read = (_price_policy(node) for node in nodes if isinstance(node, MapNode))
    found = tuple(each for each in read if each is not None)
    for each in found:
        if each.usage_from > each.usage_to:
            findings.add("out-of-range", each.position, "`usage.from` is above `usage.to`")
    return found


def notice_of(header: MapNode | None, findings: Findings) -> Duration | None:
    """The notice period, if one is set; the file's schema reports a text of another form."""
    policy = _policy(header)
    node = policy.get("notice") if policy else None
    text = text_of(node)
    if node is None or text is None:
        return None
    notice = parse_duration(text)
    if notice is None or not 0 < notice.in_seconds() <= LONGEST:
        findings.add("out-of-range", node.place, f'"{text}" is not the length of a notice period', "Write P14D.")
        return None
    return notice


def policies_for_nothing(desired: Desired, registry: Registry) -> Iterator[Diagnostic]:
    """Yield findings on policies for entities that don't exist, so that the policy checks nothing.

    Prices: a misspelt key is an error. A glob may be meant for plans to come, and where the files declare nothing of
    the kind, the catalog may be in other files: these are warnings. Protection is for what is no longer declared, too:
    a warning.
    """
    for policy in desired.prices:
        for name, pattern in _named(policy.keys):
            if not desired.external.match(name, pattern) and not _matches(desired, name, pattern):
                yield _names_nothing(policy, pattern, _declared(desired, name), registry[name].title)
    for name, key in _named(desired.policy.protected):
        if _declared(desired, name) and not is_glob(key) and not _matches(desired, name, key):
            yield _protects_nothing(desired, registry[name].title, name, key)


def _named(patterns: Patterns) -> Iterator[tuple[str, str]]:
    return ((kind, pattern) for kind, them in patterns.by_kind.items() for pattern in them)


def _declared(desired: Desired, name: str) -> Mapping[str, Position]:
    return {entity.address.key: entity.position for entity in desired.entities if entity.address.kind == name}


def _matches(desired: Desired, name: str, pattern: str) -> bool:
    """Whether the files declare any entity of the kind that a pattern names."""
    return any(
        fnmatchcase(text, pattern)
        for entity in desired.entities
        if entity.address.kind == name
        for text in (entity.address.key, "/".join(entity.address.names))
    )


def _names_nothing(policy: PricePolicy, pattern: str, declared: Mapping[str, Position], title: str) -> Diagnostic:
    severity = Severity.WARNING
    if not declared:
        detail = f'The policy for {title} "{pattern}" checks nothing here: these files declare no {title}.'
        hint = f"A policy works where the {title}s are declared: move it there, or list the {title}s under `external`."
    else:
        detail = (
            f'No {title} is "{pattern}", neither in these files nor in `external`, so the policy would check nothing.'
        )
        hint = did_you_mean_at(pattern, declared)
        severity = Severity.WARNING if is_glob(pattern) else Severity.ERROR
    return diagnostic("policy-for-nothing", detail, hint, position=policy.position, severity=severity)


def _protects_nothing(desired: Desired, title: str, name: str, key: str) -> Diagnostic:
    detail = f'These files declare no {title} "{key}", which the policy protects.'
    hint = did_you_mean_at(key, _declared(desired, name))
    place = desired.policy.places.get(PROTECTED)
    return diagnostic("policy-for-nothing", detail, hint, position=place, severity=Severity.WARNING)


def _policy(header: MapNode | None) -> MapNode | None:
    node = header.get("policy") if header else None
    return node if isinstance(node, MapNode) else None


def _protected(node: Node | None, registry: Registry) -> Patterns:
    kinds = registry.values() if isinstance(node, MapNode) else ()
    found = {kind.name: tuple(_texts(node, kind.collection)) for kind in kinds if isinstance(node, MapNode)}
    return Patterns({name: texts for name, texts in found.items() if texts})


def _share(node: Node | None) -> tuple[Decimal | None, int]:
    """The percentage, and the count from which it is limited: a map with both, or the percentage alone."""
    if isinstance(node, MapNode):
        count = _whole(node.get("from"))
        return _percent(node.get("percent")), PERCENT_FROM if count is None else count
    return _percent(node), PERCENT_FROM


def _price_policy(node: MapNode) -> PricePolicy | None:
    usage = node.get("usage")
    if not isinstance(usage, MapNode):
        return None
    least, most = (_exact(usage.get(name)) for name in ("from", "to"))
    if least is None or most is None:
        return None
    keys = {kind: texts for name, kind in PRICED.items() if (texts := tuple(_texts(node, name)))}
    increase, decrease = (_percent(node.get(name)) for name in ("max_increase", "max_decrease"))
    return PricePolicy(Patterns(keys), increase, decrease, least, most, node.place)


def _texts(node: MapNode, name: str) -> Iterator[str]:
    found = node.get(name)
    items: Sequence[Node] = found.items if isinstance(found, ListNode) else ()
    return (text for item in items if (text := text_of(item)))


def _percent(node: Node | None) -> Decimal | None:
    """A percentage as text (`10%`), or as a number."""
    text = text_of(node)
    if text and re.fullmatch(PERCENT, text):
        return Decimal(text.removesuffix("%").strip())
    return _number(node)


def _exact(node: Node | None) -> Decimal | None:
    text = node.text if isinstance(node, ScalarNode) else ""
    return Decimal(text) if re.fullmatch(EXACT, text) else None


def _number(node: Node | None) -> Decimal | None:
    return _exact(node) if isinstance(node, ScalarNode) and not isinstance(node.value, str) else None


def _whole(node: Node | None) -> int | None:
    number = _number(node)
    return int(number) if number is not None and number == number.to_integral_value() else None


def _is_true(node: Node | None) -> bool:
    return isinstance(node, ScalarNode) and node.value is True
