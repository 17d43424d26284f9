"""A shop with add-ons on the embedded server, three months after its customers subscribed."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from billsync.cli.servers.database import open_database
from tests.support.command import Shell

LOCAL = ("--server", "local:")
DAY = timedelta(days=1).total_seconds()
CATALOG = """\
_info:
  owner: payments
  defaults: {plan: {currency: USD, billing_cadence: P1M}, addon: {currency: USD}}
meters:
  - {key: tiles, name: Tiles, event_type: tile, aggregation: count}
features:
  - {key: tiles, name: Tiles, meter: tiles}
addons:
  - key: blocks
    name: Monitoring blocks
    instance_type: multiple
    rate_cards:
      - {key: blocks, name: Blocks, billing_cadence: P1M, price: {type: flat, amount: "5"}}
  - key: boost
    name: Boost
    instance_type: multiple
    rate_cards:
      - {key: base, name: More, billing_cadence: P1M, price: {type: flat, amount: "3"}}
  - key: maps
    name: Maps
    instance_type: single
    rate_cards:
      - {feature: tiles, billing_cadence: P1M, price: {type: unit, amount: "0.1"}}
plans:
  - key: pro
    name: Pro
    phases:
      - key: default
        name: Default
        rate_cards: [{key: base, name: Base, billing_cadence: P1M, price: {type: flat, amount: "10"}}]
    addons: [{addon: blocks}, {addon: boost}, {addon: maps}]
  - key: plain
    name: Plain
    phases:
      - key: default
        name: Default
        rate_cards: [{key: base, name: Base, billing_cadence: P1M, price: {type: flat, amount: "1"}}]
"""
CUSTOMERS = """\
customers:
  - {key: acme, name: Acme, subscription: {plan: pro}}
  - {key: birch, name: Birch, subscription: {plan: pro, version: latest}}
  - {key: cedar, name: Cedar, usage_attribution: {subject_keys: [cedar]}, subscription: {plan: pro}}
  - {key: dune, name: Dune, subscription: {plan: pro}}
  - {key: elm, name: Elm, subscription: {plan: plain}}
"""


@contextmanager
def server(shell: Shell) -> Iterator[httpx.Client]:
    """The database of the commands, between two of them."""
    app = open_database(".billsync/local.db", shell.clock, test_clock=False)
    with httpx.Client(transport=httpx.WSGITransport(app=app), base_url="http://local/api/v3/openmeter") as client:
        yield client
    app.close()


def rows(client: httpx.Client, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(path, params={"page[size]": 100}).json()["data"]
    return found


def subscription_of(client: httpx.Client, customer: str) -> str:
    (customer_id,) = (row["id"] for row in rows(client, "/customers") if row["key"] == customer)
    (found,) = (row["id"] for row in rows(client, "/subscriptions") if row["customer_id"] == customer_id)
    return str(found)


def attach(client: httpx.Client, customer: str, addon: str, quantity: int, timing: str = "immediate") -> None:
    """Give a customer's subscription an add-on, as an application would."""
    (addon_id,) = (row["id"] for row in rows(client, "/addons") if row["key"] == addon)
    body = {"addon": {"id": addon_id}, "quantity": quantity, "timing": timing}
    answer = client.post(f"/subscriptions/{subscription_of(client, customer)}/addons", json=body)
    assert answer.status_code == 201, answer.text


_SOLD: dict[datetime, Mapping[str, bytes]] = {}
"""The databases of shops that were sold, by the time at which it began: made once, copied for each test."""


def sell(shell: Shell, folder: Path) -> Shell:
    """Acme has two blocks, Birch two boosts, Cedar the maps and 100 tiles; all since a day after they subscribed."""
    (folder / "shop").mkdir()
    (folder / "shop" / "catalog.yaml").write_text(CATALOG)
    (folder / "shop" / "customers.yaml").write_text(CUSTOMERS)
    began, database = shell.clock.now(), folder / ".billsync"
    if began not in _SOLD:
        _sell(shell)
        _SOLD[began] = {path.name: path.read_bytes() for path in database.iterdir() if path.is_file()}
    else:
        database.mkdir(mode=0o700)
        for name, content in _SOLD[began].items():
            (database / name).write_bytes(content)
        shell.clock.advance((1 + 40 + 24) * DAY)
    return shell


def _sell(shell: Shell) -> None:
    synced = shell.run("sync", "shop", *LOCAL, "--yes")
    assert synced.code == 0, synced
    shell.clock.advance(DAY)
    with server(shell) as client:
        attach(client, "acme", "blocks", 2)
        attach(client, "birch", "boost", 2)
        attach(client, "cedar", "maps", 1)
    shell.clock.advance(40 * DAY)
    events = [
        {"specversion": "1.0", "id": f"e{number}", "source": "test", "type": "tile", "subject": "cedar"}
        for number in range(100)
    ]
    with server(shell) as client:
        assert client.post("/events", json=events).status_code == 202
    shell.clock.advance(24 * DAY)


def edited(folder: Path, *changes: tuple[str, str]) -> None:
    catalog = folder / "shop" / "catalog.yaml"
    text = catalog.read_text()
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    catalog.write_text(text)


def impact(shell: Shell, *options: str) -> str:
    """The estimate alone, without the diff above it."""
    ran = shell.run("diff", "shop", *LOCAL, *options)
    assert (ran.code in (0, 4), ran.err) == (True, "")  # 4: a live subscription can't be changed yet
    return ran.out.partition("\nImpact")[2]


def totals(told: str) -> list[tuple[str, str]]:
    """The change and the amounts of every sum."""
    found, change = [], ""
    for line in told.splitlines():
        change = line.partition(":")[0] if " reached" in line else change
        found += [(change, amounts) for amounts in re.findall(r"USD (\d+ → \d+)", line)]
    return found
