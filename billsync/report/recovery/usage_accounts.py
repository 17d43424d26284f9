"""The fate of the usage events of running periods: one line for each customer."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from billsync.model.recovery import Accounted, Fate
from billsync.report.recovery.accounting import EVENT
from billsync.report.recovery.choices import Choices, InAdvance, Usage
from billsync.report.recovery.old import Old


def usage_accounts(
    old: Old, choices: Choices, events: Mapping[str, int], served: Collection[str]
) -> Iterator[Accounted]:
    """The fate of the events of each customer; `events` are their numbers by the customer's id, `served` the customers
    with a subscription that is restored."""
    for customer, count in sorted(events.items()):
        address = old.source.found.names.get(customer)
        key = address.key if address else None
        what = f"usage of {key or customer}"
        number = f"{count:,} event{'' if count == 1 else 's'}"
        if choices.usage is Usage.NONE:
            how = f"{number} not sent: the event store must have them still"
            yield Accounted(EVENT, customer, what, Fate.DIFFERENT, "usage-not-sent", how, key, {}, count)
        elif customer not in served:
            how = f"{number} not sent, as its subscription isn't restored"
            yield Accounted(EVENT, customer, what, Fate.LOST, "usage-held-back", how, key, {}, count)
        elif choices.usage is Usage.AS_IT_WAS or choices.in_advance is InAdvance.WAIT:
            how = f"{number} with their own times, before the subscription begins again: no bill counts them"
            yield Accounted(EVENT, customer, what, Fate.LOST, "usage-not-billed", how, key, {}, count)
        else:
            how = f"{number} dated at the start of the new subscription"
            yield Accounted(EVENT, customer, what, Fate.DIFFERENT, "usage-at-start", how, key, {}, count)
