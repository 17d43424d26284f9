"""`_info`: the owner, the defaults, and the policies."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from fnmatch import fnmatchcase

from billsync.config.finding import Findings
from billsync.config.node import ListNode, MapNode, ScalarNode, text_of
from billsync.config.suggest import did_you_mean_at
from billsync.kinds.forms import EXACT, PERCENT
from billsync.model.diagnostic import Diagnostic, Position, Severity
from billsync.model.duration import LONGEST, Duration, parse_duration
from billsync.model.labels import value_problem
from billsync.model.policy import PricePolicy
from billsync.model.state import Desired, IntendedTarget
from billsync.schema.codes import diagnostic

OPENMETER = "openmeter"
"""The dialect of servers that have neither regions nor organizations."""
PLAN = "plan"
"""The kind whose prices the policies are about."""
GLOB = frozenset("*?[")


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


def prices_of(header: MapNode | None, findings: Findings) -> tuple[PricePolicy, ...]:
    """The well-formed price policies; the file's schema reports errors in others."""
    policy = header.get("policy") if header else None
    prices = policy.get("prices") if isinstance(policy, MapNode) else None
    nodes = prices.items if isinstance(prices, ListNode) else ()
    found = (_price_policy(node) for node in nodes if isinstance(node, MapNode))
    whole = tuple(one for one in found if one is not None)
    for one in whole:
        if one.usage_from > one.usage_to:
            findings.add("out-of-range", one.position, "`usage.from` is above `usage.to`")
    return whole


def notice_of(header: MapNode | None, findings: Findings) -> Duration | None:
    """The notice period, if one is set; the file's schema reports a text of another form."""
    policy = header.get("policy") if header else None
    node = policy.get("notice") if isinstance(policy, MapNode) else None
    text = text_of(node)
    if node is None or text is None:
        return None
    notice = parse_duration(text)
    if notice is None or not 0 < notice.in_seconds() <= LONGEST:
        findings.add("out-of-range", node.place, f'"{text}" is not the length of a notice period', "Write P14D.")
        return None
    return notice


def policies_for_nothing(desired: Desired) -> Iterator[Diagnostic]:
    """Yield findings on price policies for plans that don't exist, so that the policy checks nothing.

    A misspelt key is an error. A glob may be meant for plans to come, and where the files declare no plan at all, the
    catalog may be in other files: these are warnings.
    """
    declared = {entity.address.key: entity.position for entity in desired.entities if entity.address.kind == PLAN}
    for policy in desired.prices:
        for pattern in policy.plans:
            is_known = desired.external.match(PLAN, pattern) or any(fnmatchcase(key, pattern) for key in declared)
            if not is_known:
                yield _names_nothing(policy, pattern, declared)


def _names_nothing(policy: PricePolicy, pattern: str, declared: Mapping[str, Position]) -> Diagnostic:
    severity = Severity.WARNING
    if not declared:
        detail = f'The policy for plan "{pattern}" checks nothing here: these files declare no plan.'
        hint = "A policy works where the plans are declared: move it there, or list the plans under `external`."
    else:
        detail = f'No plan is "{pattern}", neither in these files nor in `external`, so the policy would check nothing.'
        hint = did_you_mean_at(pattern, declared)
        severity = Severity.WARNING if GLOB.intersection(pattern) else Severity.ERROR
    return diagnostic("policy-for-nothing", detail, hint, position=policy.position, severity=severity)


def _price_policy(node: MapNode) -> PricePolicy | None:
    usage = node.get("usage")
    if not isinstance(usage, MapNode):
        return None
    least, most = (_exact(usage, name) for name in ("from", "to"))
    if least is None or most is None:
        return None
    increase, decrease = (_percent(node, name) for name in ("max_increase", "max_decrease"))
    return PricePolicy(tuple(_texts(node, "plans")), increase, decrease, least, most, node.place)


def _texts(node: MapNode, name: str) -> Iterator[str]:
    found = node.get(name)
    for item in found.items if isinstance(found, ListNode) else ():
        if text := text_of(item):
            yield text


def _percent(node: MapNode, name: str) -> Decimal | None:
    text = text_of(node.get(name))
    return Decimal(text.removesuffix("%").strip()) if text and re.fullmatch(PERCENT, text) else None


def _exact(node: MapNode, name: str) -> Decimal | None:
    found = node.get(name)
    text = found.text if isinstance(found, ScalarNode) else ""
    return Decimal(text) if re.fullmatch(EXACT, text) else None
