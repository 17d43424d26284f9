"""The fates of what no stage of a restore can hold: other kinds, lists that no file can declare, unexplained credit."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from billsync.model.recovery import Accounted, Fate, Recovery
from billsync.model.state import Row
from billsync.report.dump.losses_beyond import LOSSES
from billsync.report.recovery.losses.accounting import REFUSED, UNEXPLAINED, Place, money_id
from billsync.report.recovery.restore.old import Old


def other_accounts(old: Old, known: Collection[Place], fates: Mapping[Place, Accounted]) -> Iterator[Accounted]:
    """Yield the accounts of all rows but those whose places are `known`, and of lists and amounts of credit; `fates`
    are those of custom currencies and billing profiles."""
    for rows in old.recovery.live.rows.values():
        yield from (_unmanaged(old, row) for row in rows if (row.kind, row.id) not in known)
    yield from _undeclared(old.recovery, fates)
    yield from _unexplained(old)


def _unmanaged(old: Old, row: Row) -> Accounted:
    name = str(row.fields.get("key") or row.fields.get("name") or row.id)
    how = "billsync doesn't manage these: set it up by hand"
    customer = old.source.found.names.get(str(row.parent_id or row.fields.get("customer_id")))
    key = customer.key if customer else None
    return Accounted(row.kind, row.id, f"{row.kind} {name}", Fate.LOST, "not-managed", how, key)


def _undeclared(recovery: Recovery, fates: Mapping[Place, Accounted]) -> Iterator[Accounted]:
    for name, listed in recovery.undeclared.items():
        if isinstance(listed, int):
            how = f"the server refused to show it ({listed})"
            yield Accounted(REFUSED, name, f"the list of {name}", Fate.LOST, "not-shown", how)
            continue
        for number, row in enumerate(listed):
            row_id = str(row.get("id", number))
            what = f"{name} {row.get('key') or row.get('name') or row_id}"
            if (name, row_id) in fates:
                yield fates[name, row_id]
            elif name in LOSSES and not any(LOSSES[name]([row])):  # a fresh server has the same
                yield Accounted(name, row_id, what, Fate.RESTORED)
            else:
                yield Accounted(name, row_id, what, Fate.LOST, "not-managed", "billsync doesn't manage these")


def _unexplained(old: Old) -> Iterator[Accounted]:
    for customer, credit in old.recovery.credit.items():
        address = old.source.found.names.get(customer)
        key = address.key if address else customer
        for currency, amount in credit.unexplained.items():
            how, place = "the balance isn't what its grants and movements add up to", money_id(customer, currency)
            what, money = f"credit of {key} in {currency}", {currency: amount}
            yield Accounted(UNEXPLAINED, place, what, Fate.LOST, "unexplained-credit", how, key, money)
