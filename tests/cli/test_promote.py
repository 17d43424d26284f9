"""`billsync promote`: the catalog of one environment on another, and no customer with it."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from billsync.cli.servers.database import open_database
from tests.cli.conftest import SHOP
from tests.cli.test_tokens import DENIED, header_of
from tests.support.command import Ran, Shell
from tests.support.sockets import answering

pytestmark = pytest.mark.thorough

STAGING, PRODUCTION = "local:staging.db", "local:production.db"
SAME = "Proved: what was promoted is the same on both environments. Compared 1 plan or add-on, 1 rate card, "


@pytest.fixture
def staged(shell: Shell) -> Shell:
    """A shell with a staging environment that has the shop."""
    assert shell.run("sync", "shop.yaml", "--server", STAGING, "--yes").code == 0
    return shell


def promoted(shell: Shell, *more: str, source: str = STAGING) -> Ran:
    return shell.run("promote", "--from", source, "--to", PRODUCTION, *more)


def test_the_catalog_is_promoted_and_proved(staged: Shell, folder: Path) -> None:
    assert staged.run("dump", "--server", STAGING, "-o", "dump.yaml").code == 0

    first = promoted(staged, "--yes")
    again = promoted(staged, "--yes", "--format", "json", source="dump.yaml")

    assert first.code == 0
    assert SAME in first.out
    assert "publishing plan prepaid@1" in first.out
    assert "acme" not in first.out
    said = json.loads(again.out)
    assert (again.code, said["summary"]["total"], said["equivalence"]["departures"]) == (0, 0, [])
    assert "acme" not in staged.run("dump", "--server", PRODUCTION).out


def test_what_only_the_target_offers_is_named(staged: Shell, folder: Path) -> None:
    (folder / "more.yaml").write_text(SHOP.partition("customers:")[0].replace("key: prepaid", "key: legacy"))
    staged.run("apply", "more.yaml", "--server", PRODUCTION, "--yes")

    found = [promoted(staged, "--yes", "--format", "json", *more) for more in ((), ("--select", "plan/prepaid"))]

    assert [ran.code for ran in found] == [0, 0]
    assert [json.loads(ran.out)["equivalence"]["only_target"] for ran in found] == [["plan/legacy"], []]
    assert "Only the target has: plan legacy.\n" in promoted(staged, "--yes").out


def test_what_no_file_may_have_counts_where_it_is_chosen(staged: Shell) -> None:
    """A percentage that a server can't hold exactly was given by hand; the message names the way out."""
    discounts = {"percentage": 33.3}
    fee = {"key": "fee", "name": "Fee", "price": {"type": "flat", "amount": "9"}, "discounts": discounts}
    phases = [{"key": "default", "name": "Default", "rate_cards": [{**fee, "billing_cadence": "P1M"}]}]
    plan = {"key": "odd", "name": "Odd", "currency": "USD", "billing_cadence": "P1M", "phases": phases}
    app = open_database("staging.db", staged.clock, test_clock=False)
    with httpx.Client(transport=httpx.WSGITransport(app=app), base_url="http://local/api/v3/openmeter") as http:
        made = http.post("plans", json=plan).json()
        http.post(f"plans/{made['id']}/publish").raise_for_status()
    app.close()

    whole, odd, other = (promoted(staged, "--yes", *more) for more in ((), ("--select", "plan/odd"), PREPAID))

    assert (whole.code, odd.code, other.code) == (1, 1, 0)
    assert "error[number-inexact]" in whole.err
    assert "error[number-inexact]" in odd.err
    assert SAME in other.out


PREPAID = ("--select", "plan/prepaid")


def make_currency(shell: Shell, database: str, *, precision: int, rate: str) -> None:
    app = open_database(database, shell.clock, test_clock=False)
    form = {"name": "Tokens", "symbol": "T", "decimal_mark": ".", "thousand_separator": ",", "precision": precision}
    with httpx.Client(transport=httpx.WSGITransport(app=app), base_url="http://local") as http:
        made = http.post("/api/v3/openmeter/currencies/custom", json={"code": "TOKS", **form}).json()
        path = f"/api/v3/openmeter/currencies/custom/{made['id']}/cost-bases"
        http.post(path, json={"fiat_code": "USD", "rate": rate}).raise_for_status()
    app.close()


@pytest.mark.parametrize(
    ("worth", "code", "said"),
    [
        ({"precision": 2, "rate": "0.01"}, 0, "Proved: what was promoted is the same"),
        ({"precision": 0, "rate": "0.01"}, 4, "its currency TOKS is of 2 decimals, 0.01 USD on the source, and of 0"),
        (
            {"precision": 2, "rate": "5"},
            4,
            "2 decimals, 0.01 USD on the source, and of 2 decimals, 5 USD on the target",
        ),
    ],
)
def test_a_price_in_a_custom_currency_is_the_same_if_a_unit_is(
    staged: Shell, folder: Path, worth: dict[str, Any], code: int, said: str
) -> None:
    """No file has what a unit is worth, so that from files the proof says what it doesn't cover."""
    for name, one in (("staging.db", {"precision": 2, "rate": "0.01"}), ("production.db", worth)):
        make_currency(staged, name, **one)
    tokens = SHOP.partition("customers:")[0].replace("currency: USD", "currency: TOKS")
    (folder / "tokens.yaml").write_text(f"{tokens}external: {{currencies: [TOKS]}}\n")
    assert staged.run("apply", "tokens.yaml", "--server", "local:staging.db", "--yes").code == 0

    ran = promoted(staged, "--yes")

    assert ran.code == code
    assert said in ran.out
    assert "the source doesn't show what a unit of TOKS is worth" in promoted(staged, "--yes", source="tokens.yaml").out


def test_what_belongs_to_others_there_is_refused_and_departs(staged: Shell, folder: Path) -> None:
    other = SHOP.replace("owner: payments", "owner: others").replace('"0.002"', '"0.004"')
    (folder / "other.yaml").write_text(other)
    assert staged.run("apply", "other.yaml", "--server", PRODUCTION, "--yes").code == 0

    ran = promoted(staged, "--yes")

    assert ran.code == 4
    assert "refused[other-owner]" in ran.out
    assert "Not the same on both environments" in ran.out
    assert "plan prepaid: default.api_requests: a quantity of 10 costs 0.02 on the source, and 0.04" in ran.out


def test_the_changes_are_a_plan_file_for_apply(staged: Shell) -> None:
    shown = promoted(staged, "--dry-run", "--out", "plan=plan.json", "--exit-code")

    ran = staged.run("apply", "--plan-file", "plan.json", "--server", PRODUCTION, "--yes")

    assert (shown.code, ran.code, promoted(staged, "--yes").code) == (2, 0, 0)
    assert "No changes." in promoted(staged, "--dry-run").out


def test_a_source_without_one_owner_needs_one_for_the_target(staged: Shell, folder: Path) -> None:
    (folder / "more.yaml").write_text("_info: {owner: others}\nfeatures: [{key: seats, name: Seats}]\n")
    assert staged.run("sync", "more.yaml", "--server", STAGING, "--yes").code == 0

    assert "error[no-owner]" in promoted(staged, "--yes").err
    assert promoted(staged, "--yes", "--owner", "payments").code == 0


@pytest.mark.parametrize(("given", "sent"), [({}, None), ({"BILLSYNC_FROM_TOKEN": "kpat_source_1"}, "kpat_source_1")])
def test_the_token_of_the_target_never_goes_to_the_source(
    shell: Shell, folder: Path, given: dict[str, str], sent: str | None
) -> None:
    shell.environment = {"BILLSYNC_TOKEN": "kpat_target_1", "KONNECT_TOKEN": "kpat_target_2", **given}

    with answering([DENIED]) as (base, seen):
        ran = promoted(shell, "--yes", source=base)

    assert ran.code == 1
    assert header_of(seen[0]) == (f"Bearer {sent}" if sent else None)


def test_a_source_that_is_neither_a_file_nor_a_server_is_named(shell: Shell) -> None:
    ran = promoted(shell, "--yes", source="nope.yaml")

    assert ran.code == 64
    assert "--from nope.yaml: there is no such file, and it is no server." in ran.err
