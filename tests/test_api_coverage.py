"""docs/api-coverage.md is true: what billsync calls in a life of all examples is what the page says."""

import re
import runpy
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from billsync.local.app import LocalServer
from tests.support.clock import FakeClock
from tests.support.command import Shell

ROOT = Path(__file__).resolve().parents[1]
ID = re.compile(r"/[0-9A-Z]{26}(?=/|$)")
LOCAL = ("--server", "local:")
NOT_IN_THIS_LIFE = {
    "DELETE /openmeter/plans/{}/addons/{}",  # a draft that was left behind with another add-on
    "DELETE /openmeter/plans/{}",  # a draft that was left behind
    "DELETE /openmeter/addons/{}",
    "GET /openmeter/plans/{}",  # a deleted version that a subscription has
    "GET /openmeter/addons/{}",
    "GET /openmeter/currencies/custom/{}/cost-bases",  # a promotion with prices in a custom currency
    "POST /openmeter/currencies/custom",  # a custom currency after a restore
    "POST /openmeter/currencies/custom/{}/cost-bases",  # what a unit of it costs
    "DELETE /openmeter/profiles/{}",  # one that was made twice
    "POST /openmeter/profiles",  # a billing profile after a restore
    "GET /openmeter/customers/{}/billing",  # a server with several profiles
    "GET /openmeter/events",  # usage events of a snapshot
    "POST /openmeter/events",  # the same after a restore
    "POST /openmeter/customers/{}/charges",  # a debt after a restore
    "GET /v1/plans/{}",  # labels inside a plan
    "PUT /v1/customers/{}",  # a key that was renamed
}
EDITS = {
    "prepaid-credits": {
        "name: Acme Inc.": "name: Acme",
        "{route: $.route}": "{route: $.route, host: $.host}",
        "expires_after: P1Y": "expires_after: P1Y\n        state: voided",
    },
    "price-unit": {'amount: "0.40"': 'amount: "0.50"'},
    "price-graduated": {'{type: manual, amount: "0.000004"}': '{type: manual, amount: "0.000005"}'},
    "team-addons": {'amount: "15"': 'amount: "16"', "quantity: 3": "quantity: 2"},
    "taxed-plan": {"name: Consulting by the hour": "name: Consulting"},
}
OWNER = "_info: {owner: short, defaults: {plan: {currency: USD, billing_cadence: P1M}}}\n"
SHORT_LIVED = f"""{OWNER}
meters: [{{key: m, name: M, event_type: m, aggregation: count}}]
features: [{{key: f, name: F, meter: m}}]
addons:
  - key: a
    name: A
    currency: USD
    instance_type: single
    rate_cards: [{{key: fee, name: Fee, price: {{type: flat, amount: 1}}, billing_cadence: P1M}}]
plans:
  - {{key: p, name: P, phases: [{{key: default, name: Default, rate_cards: [{{feature: f, price: {{type: free}}}}]}}]}}
customers:
  - {{key: c, name: C}}
  - key: d
    name: D
    grants:
      - {{key: g, name: G, amount: 1, currency: USD, funding_method: external, purchase: {{}}, settlement: settled}}
"""
PRICED = """
  - key: KEY
    name: N
    phases:
      - {key: default, name: D, rate_cards: [{key: fee, name: F, price: {type: flat, amount: 1}, billing_cadence: P1M}]}
"""
PLANS = (
    OWNER.replace("short", "subscribed") + "plans:" + PRICED.replace("KEY", "small") + PRICED.replace("KEY", "large")
)
LIFE = (  # a change and an end that are scheduled and taken back, and a start that lies ahead
    "{plan: small}",
    "{plan: large, change: at_renewal}",
    "{plan: small, change: at_renewal}",
    "{plan: small, ends: at_renewal}",
    "{plan: small}",
)
LATER = "{key: later, name: L, subscription: {plan: small, start: '2027-06-01T00:00:00Z'}}"
SUBSCRIBED = (
    *(f"{PLANS}customers: [{{key: s, name: S, subscription: {each}}}, {LATER}]\n" for each in LIFE),
    f"{PLANS}customers: [{{key: s, name: S, subscription: {LIFE[-1]}}}, {{key: later, name: L, subscriptions: []}}]\n",
)
GONE = f"{OWNER}meters: []\nfeatures: []\naddons: []\nplans: []\ncustomers: [{{key: d, name: D}}]\n"


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The calls that embedded servers get from billsync, with `{}` for ids."""
    seen: set[str] = set()
    answer = LocalServer.__call__

    def noted(server: LocalServer, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ["PATH_INFO"].removeprefix("/api").removeprefix("/v3")
        seen.add(f"{environ['REQUEST_METHOD']} {ID.sub('/{}', path)}")
        return answer(server, environ, start_response)

    monkeypatch.setattr(LocalServer, "__call__", noted)
    return seen


def live(shell: Shell, folder: Path) -> None:
    """Everything is created, read, changed and taken away."""
    examples = sorted({path.parent.name for path in folder.glob("*/*.yaml")})
    for name in examples:
        assert shell.run("sync", name, *LOCAL, "--yes").code == 0
    shell.clock.advance(40 * 86400)
    for name, edits in EDITS.items():
        edited(folder / name, edits)
        assert shell.run("diff", name, *LOCAL, "--impact=all", "--allow", "void").code == 0
        assert shell.run("sync", name, *LOCAL, "--yes", "--allow", "void").code == 0
    for command in ("ledger", "usage", "forecast", "invoices"):
        assert shell.run(command, "acme", *LOCAL).code == 0
    assert shell.run("ping", *LOCAL).code == 0
    assert shell.run("dump", *LOCAL, "--yes").code == 0
    for declared in (SHORT_LIVED, GONE, *SUBSCRIBED):
        (folder / "short.yaml").write_text(declared, encoding="utf-8")
        ran = shell.run("sync", "short.yaml", *LOCAL, "--yes", "--allow", "cancel", "--allow", "revert")
        assert ran.code == 0, ran.out + ran.err


def edited(example: Path, edits: dict[str, str]) -> None:
    for path in example.rglob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        for old, new in edits.items():
            text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")


@pytest.mark.slow
def test_billsync_makes_the_calls_that_the_page_of_api_coverage_names(
    calls: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shutil.copytree(ROOT / "examples", tmp_path / "examples"))
    named = set(runpy.run_path(str(ROOT / "scripts" / "api_coverage.py"))["uses"]())

    live(Shell(FakeClock()), tmp_path / "examples")

    assert calls - named == set()
    assert named - calls == NOT_IN_THIS_LIFE
