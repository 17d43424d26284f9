"""The catalog for a recovery snapshot: every version that has subscribers or may get them, with its parts."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from billsync.app.planning.pipeline import everything, with_hidden_labels, with_part_lists
from billsync.app.server.connection import ReadingConnection
from billsync.core.observed.index import is_over
from billsync.kinds.registry import KINDS
from billsync.live.lists.paging import Refused
from billsync.model.state import Row, Snapshot
from billsync.model.value import Fields

CUSTOMER, GRANT, SUBSCRIPTION, PLAN, ADDON = "customer", "grant", "subscription", "plan", "addon"
CATALOG = frozenset(KINDS) - {CUSTOMER, GRANT, SUBSCRIPTION}
OFFERS = "addons"
"""The part of a plan version that names the add-ons that may be attached."""


def plan_of(subscription: Fields) -> str:
    """The id of the plan version in a subscription's row; empty for a custom plan."""
    return str(subscription.get("plan_id") or (subscription.get("plan") or {}).get("id") or "")


def read_whole_catalog(connection: ReadingConnection, used: Collection[str], attached: Collection[str]) -> Snapshot:
    """All live rows of the catalog, and the deleted plan and add-on versions among those `used` and `attached`.

    Raises RemoteError.
    """
    found = everything(connection, CATALOG)
    deleted = {PLAN: deleted_versions(connection, PLAN, found, used)}
    deleted[ADDON] = deleted_versions(connection, ADDON, found, attached)
    if any(deleted.values()):
        gone = {row.id for row in deleted[PLAN]}
        found = with_hidden_labels(connection, found.with_(Snapshot(deleted)), [PLAN], gone)
    return with_part_lists(connection, found, tuple(_whose_parts_lack(found, used)))


def deleted_versions(
    connection: ReadingConnection, kind: str, found: Snapshot, ids: Collection[str]
) -> tuple[Row, ...]:
    """The versions with these ids that the snapshot lacks: no list has deleted ones, but they can be read by their ids
    (catalog-facts.md §1.7). Raises RemoteError."""
    known = {row.id for row in found.of(kind)}
    lacking = sorted(set(ids) - known)
    answers = connection.documents(map(connection.routes[kind].item, lacking))
    return tuple(
        Row(kind, name, answer)
        for name, answer in zip(lacking, answers, strict=True)
        if not isinstance(answer, Refused)
    )


def _whose_parts_lack(found: Snapshot, used: Collection[str]) -> Iterator[Row]:
    """The plan versions that count but whose parts weren't read: those of subscribers, and those for new ones."""
    for row in found.of(PLAN):
        if OFFERS not in row.fields and (row.id in used or not is_over(KINDS[PLAN], row.fields)):
            yield row
