"""The fields that a kind's own functions look at, or make, are those that its table names: the sieve relies on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from billsync.core.views.normalize import normalize
from billsync.kinds.registry import KINDS
from billsync.model.kind import Kind
from tests.support.sieve_cases import LINKS, ROOT, unchanged

pytest.importorskip("msgspec", reason="the cases are those of the sieve")


class Watched(dict[str, Any]):
    """A map that remembers the names that were asked for; `asked` is shared by those made of it."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        super().__init__(fields)
        self.asked: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.asked.add(name)
        return super().get(name, default)

    def __getitem__(self, name: str) -> Any:
        self.asked.add(name)
        return super().__getitem__(name)


def pairs() -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Declarations of the shop with rows of the same kind, each with each."""
    case = unchanged()
    customers = case.files[ROOT]
    grants = [grant for customer in customers for grant in customer.get("grants", ())]
    links = [customer["subscription"] for customer in customers if "subscription" in customer]
    rows = [row for name, several in case.rows.items() if name.endswith("/grants") for row in several]
    return [
        *(("customer", {k: v for k, v in one.items() if k not in ("subscription", "grants")}, row)
          for one in customers for row in case.rows[ROOT]),
        *(("subscription", one, row) for one in links for row in case.rows[LINKS]),
        *(("grant", one, row) for one in grants for row in rows),
    ]  # fmt: skip


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> set[str]:
    """The names of which the values differ."""
    old, new = dict(before), dict(after)
    return {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}


def looked_at(kind: Kind, declared: dict[str, Any], row: dict[str, Any]) -> tuple[set[str], set[str]]:
    """The names that the kind's functions ask for, and those that they change."""
    want, shown = normalize(kind, declared), Watched(row)
    asked, made = set[str](), set[str]()
    if kind.read:
        made |= changed(row, kind.read(shown, {}))
    if kind.respell:
        wanted, seen = Watched(want), Watched({name: row[name] for name in kind.record.fields if name in row})
        made |= changed(seen, kind.respell(wanted, seen, shown))
        asked |= wanted.asked | seen.asked
    for rule in kind.record.rules:
        given = Watched(want)
        made |= changed(want, rule(given))
        asked |= given.asked
    return asked | shown.asked, made


def test_what_a_kind_looks_at_and_makes_is_joint() -> None:
    for name, declared, row in pairs():
        kind = KINDS[name]

        asked, made = looked_at(kind, declared, row)

        assert asked | made <= {*kind.joint}, name


def test_claims_come_from_claimed_fields_and_traits_from_the_record() -> None:
    for name, _, row in pairs():
        kind = KINDS[name]
        for function, fields in ((kind.claims, {*kind.claimed}), (kind.traits, {*kind.record.fields})):
            shown = Watched(row)
            if function:
                function(shown)

            assert shown.asked <= fields, name
