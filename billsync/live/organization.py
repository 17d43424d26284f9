"""The organization that a token of Konnect belongs to, which is kept at one address for all regions."""

from __future__ import annotations

from billsync.live.client import ReadingClient, Settings
from billsync.live.lists.paging import read_document
from billsync.live.protocol.target import KONNECT_HOSTS, Target
from billsync.model.frozen import dataclass, replace
from billsync.model.ports import Clock

GLOBAL = f"https://global{KONNECT_HOSTS}/v3"
PATH = "/organizations/me"


@dataclass(frozen=True, slots=True)
class Organization:
    """Return the organization that a token belongs to; empty if the answer doesn't say."""

    id: str
    name: str


def read_organization(target: Target, clock: Clock, settings: Settings) -> Organization:
    """The organization of the token. A server of Konnect's dialect at another address is asked itself.

    Raises RemoteError.
    """
    where = target if target.region is None else replace(target, base=GLOBAL)
    with ReadingClient(where, clock, settings) as client:
        row = read_document(client, PATH)
    return Organization(str(row.get("id") or ""), str(row.get("name") or ""))
