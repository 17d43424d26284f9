"""Whatever stands in a name, no command prints a character that could command a terminal, in any format."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import httpx
import pytest

from billsync.local.app import create_app
from tests.support.command import Ran, Shell

LOCAL = ("--server", "local:shop.db")
RAW = "\x1b[31m\x9b2J\x7f\u202e\t\r\n"
BAD = "".join(f"\\u{ord(char):04x}" for char in RAW)
SHOP = f"""
_info: {{owner: payments}}
meters:
  - key: requests
    name: "M{BAD}"
    description: "d{BAD}"
    event_type: req
    aggregation: sum
    value_property: $.v
    dimensions: {{region: $.region}}
features:
  - {{key: requests, name: "F{BAD}", meter: requests}}
addons:
  - key: support
    name: "S{BAD}"
    currency: USD
    instance_type: single
    rate_cards: [{{key: fee, name: "Fee{BAD}", price: {{type: flat, amount: "9"}}, billing_cadence: P1M}}]
plans:
  - key: prepaid
    name: "P{BAD}"
    currency: USD
    billing_cadence: P1M
    settlement_mode: credit_only
    phases:
      - key: default
        name: "D{BAD}"
        rate_cards: [{{feature: requests, name: "C{BAD}", price: {{type: unit, amount: "0.002"}}}}]
    addons: [{{addon: support}}]
customers:
  - key: acme
    name: "A{BAD}"
    primary_email: "x{BAD}@e.example"
    usage_attribution: {{subject_keys: ["s{BAD}"]}}
    subscription: {{plan: prepaid}}
    grants: [{{key: w, name: "=W{BAD}", amount: 5, currency: USD, funding_method: none}}]
"""
CHANGED = SHOP.replace("0.002", "0.003").replace('name: "A', 'name: "B')
WRONG = SHOP.replace("key: support", f'key: "s{BAD}"')
EVENT = {
    "id": "1", "source": "s", "specversion": "1.0", "type": "req", "subject": f"s{RAW}",
    "time": "2026-09-01T00:00:00Z", "data": {"v": 3, "region": f"=r{RAW}"},
}  # fmt: skip

COMMANDS = (
    "diff shop.yaml", "diff changed.yaml", "diff changed.yaml --impact=all", "validate wrong.yaml",
    "sync changed.yaml --yes", "ledger acme", "usage acme", "usage acme --by region", "usage acme --by subject",
    "usage acme --by 'x\x1b\x9b'", "forecast acme", "invoices", "invoices 'x\x1b\x9b'", "ledger 'x\x1b\x9b'",
    "ledger 'x\udcff'", "ping", "frob\x1b\x9b", "diff --x\x1b\x9b", "diff 'x\x1b\x9b.yaml'",
    "ping --token-file 'x\x1b\x9b' --server http://127.0.0.1:1", "ping --server 'http://x\x1b\x9b'",
    "ping --server 'local:x\x1b\x9b.db'", "explain 'x\x1b\x9b'", "explain 'plan.x\x1b\x9b'",
)  # fmt: skip
WITHOUT_FORMAT = ("dump", "dump -o 'x\x1b\x9b/y'", "schema 'x\x1b\x9b'", "usage acme --from 'x\x1b\x9b'")
TABLES = [command for command in COMMANDS if command.split()[0] in ("ledger", "usage", "forecast", "invoices")]


@pytest.fixture(scope="module")
def sold(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a database in which every name is hostile."""
    folder = tmp_path_factory.mktemp("sold")
    shell = Shell()
    with pytest.MonkeyPatch.context() as moved:
        moved.chdir(folder)
        for name, text in {"shop": SHOP, "changed": CHANGED, "wrong": WRONG}.items():
            (folder / f"{name}.yaml").write_text(text)
        assert shell.run("sync", "shop.yaml", *LOCAL, "--yes").code == 0
        app = create_app("shop.db", clock=shell.clock.now)
        with httpx.Client(transport=httpx.WSGITransport(app=app), base_url="http://local.invalid") as client:
            headers = {"Content-Type": "application/cloudevents+json"}
            assert client.post("/api/v3/openmeter/events", json=EVENT, headers=headers).status_code == 202
        app.close()
    return folder


def ran(folder: Path, monkeypatch: pytest.MonkeyPatch, command: str, *more: str) -> Ran:
    """A command on the hostile database, a day later."""
    monkeypatch.chdir(folder)
    shell = Shell(environment={"BILLSYNC_SERVER": "local:shop.db"})
    shell.clock.advance(86_400)
    return shell.run(*shlex.split(command), *more)


def unseen(ran: Ran) -> set[str]:
    """The characters in the output that can't be seen."""
    return {char for char in ran.out + ran.err if char != "\n" and not char.isprintable()}


@pytest.mark.parametrize("command", [*COMMANDS, *WITHOUT_FORMAT])
def test_text_holds_no_character_that_cannot_be_seen(sold: Path, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    end = ran(sold, monkeypatch, command)

    assert unseen(end) == set()
    assert "internal" not in end.err


@pytest.mark.parametrize("command", COMMANDS)
def test_json_holds_none_either_and_is_json(sold: Path, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    end = ran(sold, monkeypatch, command, "--format", "json")

    assert (unseen(end), type(json.loads(end.out))) == (set(), dict)


@pytest.mark.parametrize("command", TABLES)
def test_csv_holds_none_either(sold: Path, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    assert unseen(ran(sold, monkeypatch, command, "--format", "csv")) == set()


def test_names_come_back_from_json_and_yaml_as_they_are(shell: Shell, folder: Path) -> None:
    (folder / "shop.yaml").write_text(SHOP)
    shell.run("sync", "shop.yaml", *LOCAL, "--yes")

    ledger = json.loads(shell.run("ledger", "acme", *LOCAL, "--format", "json").out)
    (folder / "dumped.yaml").write_text(shell.run("dump", *LOCAL).out)

    assert ledger["movements"][0]["name"] == f"=W{RAW}"
    assert shell.run("diff", "dumped.yaml", *LOCAL, "--exit-code").code == 0
