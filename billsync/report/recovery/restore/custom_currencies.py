"""Custom currencies of a recovery snapshot with the costs of a unit: those that are missing on the new server, and the
fate of each.

A currency can't change and is never deleted, and its code is taken for ever; a cost basis can't begin in the past
(catalog-facts.md §10.2, §10.3): the one in force begins with the restore.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from billsync.api.documents import UNDECLARED_CURRENCIES
from billsync.model.frozen import dataclass
from billsync.model.recovery import Accounted, Fate
from billsync.model.value import Fields
from billsync.report.recovery.restore.old import moment

MADE = ("code", "name", "precision", "decimal_mark", "thousand_separator", "symbol")
COSTS = "cost_basis"
SLACK = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class NewCurrency:
    """A custom currency to be made, and the costs of a unit that it needs."""

    code: str
    body: Fields | None
    costs: tuple[Fields, ...] = ()


def currencies(
    rows: Sequence[Fields], here: Sequence[Fields] | None, now: datetime
) -> tuple[tuple[NewCurrency, ...], tuple[Accounted, ...]]:
    """The custom currencies, or the costs of a unit, that a server with these rows lacks, and the fates of all."""
    known = {str(row.get("code")): row for row in here or ()}
    new: list[NewCurrency] = []
    accounts: list[Accounted] = []
    for number, row in enumerate(rows):
        code, there = str(row["code"]), known.get(str(row["code"]))
        account = _account(row, there, number, now, has_any=here is not None)
        accounts.append(account)
        if account.fate is not Fate.LOST:
            costs = missing_costs(row, there, now)
            if there is None or costs:
                new.append(NewCurrency(code, None if there else _body(row), costs))
    return tuple(new), tuple(accounts)


def missing_costs(row: Fields, there: Fields | None, now: datetime) -> tuple[Fields, ...]:
    """The requests of cost bases that a currency lacks, in the order in which they begin. Where a unit costs something
    in a fiat currency already, that stays: somebody may have set it since."""
    several = sorted(_bases(row, now), key=lambda one: (one.start or now, one.fiat))
    return tuple(one.request for one in several if _found(one, there or {}, now) is None)


def has_cost(there: Fields | None, cost: Fields, now: datetime) -> bool:
    """Whether a currency has the cost of such a request."""
    wanted = _Basis(str(cost["fiat_code"]), moment(cost, "effective_from"), cost)
    return _found(wanted, there or {}, now) is not None


@dataclass(frozen=True, slots=True)
class _Basis:
    """A cost basis, with its start where that is to come; None for one in force."""

    fiat: str
    start: datetime | None
    fields: Fields

    @property
    def request(self) -> Fields:
        """The request that makes it again."""
        names = ("fiat_code", "rate", *(("effective_from",) if self.start else ()), "effective_to")
        return {name: self.fields[name] for name in names if self.fields.get(name)}


def _bases(row: Fields, now: datetime) -> Iterator[_Basis]:
    """The cost bases in force and to come: in force is the last one that has begun (catalog-facts.md §10.3)."""
    in_force: dict[str, tuple[datetime, Fields]] = {}
    for base in _open(row, now):
        fiat, start = str(base["fiat_code"]), moment(base, "effective_from") or now
        if start > now:
            yield _Basis(fiat, start, base)
        elif fiat not in in_force or start >= in_force[fiat][0]:
            in_force[fiat] = start, base
    yield from (_Basis(fiat, None, base) for fiat, (_, base) in in_force.items())


def _open(row: Fields, now: datetime) -> Iterator[Fields]:
    for base in row.get(COSTS) or ():
        end = moment(base, "effective_to")
        if end is None or end > now:
            yield base


def _found(wanted: _Basis, there: Fields, now: datetime) -> Fields | None:
    """The cost basis in the place of a wanted one. The time is known to a second or so, and one may just have begun."""
    for base in _open(there, now):
        start = moment(base, "effective_from") or now
        is_of = start <= now + SLACK if wanted.start is None else start == wanted.start
        if is_of and base["fiat_code"] == wanted.fiat:
            return base
    return None


def _body(row: Fields) -> Fields:
    return {name: row[name] for name in MADE if row.get(name) is not None}


def _account(row: Fields, there: Fields | None, number: int, now: datetime, *, has_any: bool) -> Accounted:
    """The fate of a currency."""
    kind, name, what = UNDECLARED_CURRENCIES, str(row.get("id", number)), f"custom currency {row['code']}"
    if not has_any:
        return Accounted(kind, name, what, Fate.LOST, "not-managed", "this server's API has no custom currencies")
    if there is not None and there.get("precision") != row.get("precision"):
        here = f"a currency of this code is here, with {there.get('precision')} decimals, not {row.get('precision')}"
        return Accounted(kind, name, what, Fate.LOST, "made-elsewhere", f"{here}; a code is taken for ever")
    if how := "; ".join(_differences(row, there or {}, now) if there is not None else ()):
        return Accounted(kind, name, what, Fate.DIFFERENT, "currency-differs", how)
    if COSTS not in row:
        how = "the snapshot, which an earlier billsync took, doesn't say what a unit costs: set its cost bases"
        return Accounted(kind, name, what, Fate.DIFFERENT, "costs-unknown", how)
    return Accounted(kind, name, what, Fate.RESTORED)


def _differences(row: Fields, there: Fields, now: datetime) -> Iterator[str]:
    names = [name for name in MADE if row.get(name) != there.get(name)]
    if names:
        yield f"the one here has another {', '.join(names)}"
    for one in _bases(row, now):
        other = _found(one, there, now)
        if other is not None and Decimal(str(other["rate"])) != Decimal(str(one.fields["rate"])):
            yield f"a unit costs {other['rate']} {one.fiat} here, not {one.fields['rate']}"
