"""Pages of subscriptions, read so that a hundred thousand fit into memory: of rows that are alike, the phases with all
their cards are kept once, and of each row only what an impact looks at."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from billsync.live.lists.door import check_rows
from billsync.live.lists.page import page_from
from billsync.live.protocol.encoding import decode
from billsync.model.frozen import dataclass
from billsync.model.ports import Answer, Page, RemoteError
from billsync.model.value import Fields, Plain
from billsync.report.billing.alike import MOST, shape_of

READ = (
    "id", "customer_id", "status", "deleted_at", "labels", "plan", "plan_id", "active_from", "active_to",
    "billing_anchor", "billing_cadence", "invoice_currency", "settlement_mode", "pro_rating_config", "current_period",
    "phases",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ReadRow:
    """A row of which only the members that are looked at are kept."""

    id: str
    fields: Fields


class SubscriptionPages:
    """Decodes pages of the list at a path. `shared` gives members of a row with those parts that others have, too."""

    def __init__(self, path: str, shared: Callable[[Fields], Fields] = lambda fields: fields) -> None:
        self._path, self._shared = path, shared
        self._alike: dict[bytes, Mapping[str, Plain]] = {}

    def decode(self, content: bytes) -> Page[ReadRow] | None:
        """The page; None where it is not as the API promises, so that it is read, and reported, in full."""
        return read_page(self._path, content, self._kept)

    def _kept(self, row: Fields) -> Fields:
        names = READ if "active_from" in row else (*READ, "created_at")  # which suggests the start (Konnect)
        kept = self._shared({name: row[name] for name in names if name in row})
        shape = shape_of(row)
        if shape is None:
            return kept
        if shape not in self._alike and len(self._alike) < MOST:
            self._alike[shape] = {name: value for name, value in kept.items() if name in SHARED}
        return {**kept, **self._alike.get(shape, {})}


def read_page(path: str, content: bytes, kept: Callable[[Fields], Fields]) -> Page[ReadRow] | None:
    """The page of a list, of whose rows only what is `kept` is there; None where it is not as the API promises, so that
    it is read, and reported, in full."""
    try:
        page: Page[Fields] = page_from(path, Answer(200, decode(content)))
        check_rows(path, page.rows)
        return Page([ReadRow(str(row["id"]), kept(row)) for row in page.rows], page.total)
    except (RemoteError, ValueError, LookupError, RecursionError):
        return None


SHARED = frozenset(READ) - {"id", "customer_id", "status", "deleted_at", "labels", "plan", "plan_id"}
"""Members that a row's shape holds whole; of the ids of items it holds the order."""
