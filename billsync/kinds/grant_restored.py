"""A grant that a restore made: it has what was left, and its declaration still says what was granted at first."""

from __future__ import annotations

from billsync.model.labels import RESTORED, SPENT
from billsync.model.value import Fields, decimal_text

_PAID = ("funding_method", "purchase", "tax_config")
_SPENT = ("expires_after", "expires_at", "effective_at", "filters")


def restored(want: Fields, view: Fields, row: Fields) -> Fields:
    """The view with the fields in which a restored grant differs from its declaration as wanted.

    It has what was left of the declared amount, nobody pays for it again, and its start is the one that the first one
    had. One of which nothing was left has an end of its own.
    """
    labels = row.get("labels") or {}
    if RESTORED in (want.get("labels") or {}):
        return view
    amount = want.get("amount")
    is_granted = amount is not None and decimal_text(amount) == labels[RESTORED]
    ends = _SPENT if SPENT in labels else ()
    start = {} if "effective_at" in want else {"effective_at": None}
    wanted = {name: want.get(name) for name in (*_PAID, *ends)}
    spelled = {**view, **start, **wanted, **({"amount": amount} if is_granted else {})}
    return {name: value for name, value in spelled.items() if value is not None}
