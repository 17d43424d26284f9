"""Rules of the server about pairs of entities: a referring entity, and the entity it refers to.

The entity itself is valid; the entity it refers to may have any form, as its own mistakes are reported separately.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from types import MappingProxyType

from billsync.kinds.prices import FREE, USAGE_PRICES
from billsync.model.address import Address
from billsync.model.kind import Find, Path, Problem
from billsync.model.value import Fields, Plain

_UNPRICED_AGGREGATIONS = ("avg", "min", "max")
_FIAT_LENGTH = 3


def feature_meter(address: Address, feature: Fields, find: Find) -> Iterator[Problem]:
    """A meter that features can't use, or dimensions that it doesn't have (catalog-facts.md §5.1 and §5.2)."""
    key = _meter_key(feature)
    meter = find("meter", key) if key else None
    if meter is None:
        return
    if meter.get("aggregation") in _UNPRICED_AGGREGATIONS:
        yield Problem(
            ("meter",),
            "feature-meter-aggregation",
            f'meter "{key}" aggregates by {meter["aggregation"]}; a feature takes sum, count, unique_count or latest',
            "declare another meter over the same events",
        )
    known = tuple(_map(meter.get("dimensions")))
    for path, name in _dimensions(feature):
        if name not in known:
            yield _no_dimension(path, name, str(key), known)


def _meter_key(feature: Fields) -> str | None:
    meter = feature.get("meter")
    key = meter.get("key") if isinstance(meter, Mapping) else meter
    return key if isinstance(key, str) else None


def _dimensions(feature: Fields) -> Iterator[tuple[Path, str]]:
    """Every dimension that the feature names, with its place."""
    for name in _map(_map(feature.get("meter")).get("filters")):
        yield ("meter", "filters", name), name
    for field, value in _map(feature.get("unit_cost")).items():
        if field.endswith("_property"):
            yield ("unit_cost", field), str(value)


def _no_dimension(path: Path, name: str, meter: str, known: tuple[str, ...]) -> Problem:
    close = get_close_matches(name, known, n=1)
    listed = f"its dimensions are {', '.join(sorted(known))}" if known else "it has none"
    hint = f'Did you mean "{close[0]}"?' if close else f"declare the dimension on the meter; {listed}"
    return Problem(path, "unknown-dimension", f'meter "{meter}" has no dimension "{name}"', hint)


def priced_features(address: Address, holder: Fields, find: Find) -> Iterator[Problem]:
    """Yield usage prices on features without a meter (catalog-facts.md §7.3)."""
    for path, card in cards_of(holder):
        kind, key = _map(card.get("price")).get("type"), card.get("feature")
        feature = find("feature", key) if kind in USAGE_PRICES and isinstance(key, str) else None
        if feature is not None and feature.get("meter") is None:
            yield Problem(
                (*path, "feature"),
                "unmetered-feature",
                f'the price is of type {kind}, and feature "{key}" has no meter',
                "give the feature a meter, or use a flat price",
            )


def cards_of(holder: Fields) -> Iterator[tuple[Path, Fields]]:
    """The rate cards of an add-on, or of a plan's phases, with their places."""
    yield from _cards_in(holder, ())
    for index, phase in enumerate(_list(holder.get("phases"))):
        yield from _cards_in(_map(phase), ("phases", index))


def _cards_in(fields: Fields, path: Path) -> Iterator[tuple[Path, Fields]]:
    for index, card in enumerate(_list(fields.get("rate_cards"))):
        yield (*path, "rate_cards", index), _map(card)


def subject_keys(address: Address, customer: Fields, find: Find) -> Iterator[Problem]:
    """Yield subjects that equal another customer's key: the server then refuses updates of that customer
    (customer-facts.md §3.2)."""
    for index, subject in enumerate(_list(_map(customer.get("usage_attribution")).get("subject_keys"))):
        if subject != address.key and isinstance(subject, str) and find("customer", subject) is not None:
            yield Problem(
                ("usage_attribution", "subject_keys", index),
                "subject-is-customer",
                f'"{subject}" is the key of a customer, and the server would then refuse every update of that customer',
                "give one of them another name",
            )


def currencies(address: Address, subscription: Fields, find: Find) -> Iterator[Problem]:
    """A customer in one currency on a plan in another (customer-facts.md §5.3)."""
    key = subscription.get("plan")
    plan = find("plan", key) if isinstance(key, str) else None
    customer = find("customer", address.parents[-1])
    if plan is None or customer is None or isinstance(subscription.get("version"), int):
        return
    paid_in, priced_in = customer.get("currency"), plan.get("currency")
    if not isinstance(paid_in, str) or not isinstance(priced_in, str) or len(priced_in) != _FIAT_LENGTH:
        return
    if paid_in != priced_in and any(_map(card.get("price")).get("type") != FREE for _, card in cards_of(plan)):
        yield Problem(
            ("plan",),
            "currency-mismatch",
            f'customer "{address.parents[-1]}" pays in {paid_in}, and plan "{key}" is in {priced_in}',
            "declare a plan in the customer's currency",
        )


def starting_phases(address: Address, subscription: Fields, find: Find) -> Iterator[Problem]:
    """A subscription that begins in a phase which its plan doesn't have (customer-facts.md §15)."""
    key, wanted = subscription.get("plan"), subscription.get("starting_phase")
    plan = find("plan", key) if isinstance(key, str) else None
    if plan is None or not isinstance(wanted, str) or isinstance(subscription.get("version"), int):
        return
    known = [str(_map(phase).get("key")) for phase in _list(plan.get("phases"))]
    if wanted not in known and known:  # a live plan of which no phase is shown tells nothing
        close = get_close_matches(wanted, known, n=1)
        yield Problem(
            ("starting_phase",),
            "no-such-phase",
            f'plan "{key}" has no phase "{wanted}"',
            f'Did you mean "{close[0]}"?' if close else f"its phases are {', '.join(known)}",
        )


def _map(value: Plain) -> Fields:
    return value if type(value) is dict or isinstance(value, Mapping) else _NO_FIELDS


def _list(value: Plain) -> Sequence[Plain]:
    return value if isinstance(value, list | tuple) else ()


_NO_FIELDS: Fields = MappingProxyType({})
