"""From a target to a client that is ready to use, and which dialect it speaks."""

from __future__ import annotations

from billsync.api.documents import INVOICES
from billsync.api.generations import KONNECT, OPENMETER
from billsync.api.served import Served
from billsync.live.client import Client, ReadingClient, Settings
from billsync.live.protocol.target import Target
from billsync.model.ports import Clock, Reader, RemoteError

METERS = "/openmeter/meters"


def open_remote(target: Target, clock: Clock, settings: Settings) -> Client:
    """A client for the target, which has sent nothing yet. `settings` holds the embedded server, if that is the
    target.

    Raises Unreachable for unusable proxy or CA settings, ValueError for a target without a transport.
    """
    _check_transport(target, settings)
    return Client(target, clock, settings)


def open_reader(target: Target, clock: Clock, settings: Settings) -> ReadingClient:
    """A client that only reads, for the target. Raises as `open_remote` does."""
    _check_transport(target, settings)
    return ReadingClient(target, clock, settings)


def _check_transport(target: Target, settings: Settings) -> None:
    if target.database is not None and settings.embedded is None and settings.transport is None:
        raise ValueError("the embedded server must be given")


def find_dialect(target: Target, remote: Reader, served: Served | None) -> str:
    """Return the dialect that the address implies, or else the one that the server shows. Raises RemoteError.

    OpenMeter serves an OpenAPI document of itself, in which the operations on invoices stand; where something in front
    of it hides the document, it still lists invoices (customer-facts.md §13). Konnect has neither, at any address. A
    list of currencies proves nothing: Konnect is getting custom currencies too. A token without permission to read
    meters raises an error that names the permission.
    """
    if target.dialect is not None:
        return target.dialect
    if served is not None and served.has(f"GET {INVOICES}"):
        return OPENMETER
    one_row = [("page[size]", "1")]
    answer = remote.get(INVOICES, one_row)
    if answer.ok:
        return OPENMETER
    if answer.status in (403, 404, 405):
        answer = remote.get(METERS, one_row)
        if answer.ok:
            return KONNECT
    if answer.status == 403:
        raise RemoteError(f"GET {METERS}: {answer.message}")
    raise RemoteError(f"{target.name} does not answer like an API v3 server: {answer.message}")
