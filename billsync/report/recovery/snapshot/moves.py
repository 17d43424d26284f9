"""Changes on a server while a recovery snapshot of it was taken, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from billsync.model.value import decimal_text
from billsync.rating.arithmetic import magnitude
from billsync.report.recovery.snapshot.item_lines import row_in
from billsync.report.recovery.snapshot.items import CreditOf

OF = {
    "credit": "the credit of customer",
    "billing": "the billing of customer",
    "attached": "the add-ons of subscription",
}
OWNERS = {"credit": "customer", "billing": "customer", "attached": "subscription"}


def moves_said(
    now: Callable[[str, str], bytes], moved: Mapping[tuple[str, str], bytes], *, is_last: bool
) -> Mapping[str, str]:
    """A verb by the name of each thing that moved. `now` gives its content after, `moved` the one before."""

    def known(sort: str, name: str) -> bytes:
        return moved.get((sort, name)) or now(sort, name)

    return {
        name_of(sort, name, known(sort, name), known): _verb(before, now(sort, name), is_last=is_last)
        for (sort, name), before in moved.items()
    }


def unexplained_in(found: CreditOf, now: Callable[[str, str], bytes]) -> Iterator[str]:
    """The amounts by which a customer's credit isn't what the server says, in words."""
    for currency, amount in found.credit.unexplained.items():
        who = name_of("customer", found.customer, now("customer", found.customer), now)
        more = "more" if amount > 0 else "less"
        apart = f"{decimal_text(magnitude(amount))} {currency} {more}"
        yield f"the balance of {who} is {apart} than what is left of its grants"


def _verb(before: bytes, after: bytes, *, is_last: bool) -> str:
    if is_last:
        return "still moved when it was read for the last time"
    if not before:
        return "came"
    return "changed" if after else "went"


def name_of(sort: str, name: str, content: bytes, now: Callable[[str, str], bytes]) -> str:
    """The name of something for a person: with its key, where it has one."""
    if sort == "list":
        return f"the list of {name}"
    if sort in OF:
        owner = now(OWNERS[sort], name)
        return f"{OF[sort]} {_key(owner, name) if owner else name}"
    return f"{sort} {_key(content, name)}"


def _key(content: bytes, name: str) -> str:
    return str(row_in(content).fields.get("key") or name)
