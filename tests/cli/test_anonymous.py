from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from billsync.cli.servers.database import open_database
from billsync.cli.terminal import progress
from tests.support.clock import START
from tests.support.command import Shell

pytestmark = pytest.mark.thorough

LOCAL = ("--server", "local:")
ANONYMOUS = ("--impact=all", "--impact-anonymous")
DAY = timedelta(days=1).total_seconds()
CATALOG = """\
_info:
  owner: payments
  defaults: {plan: {currency: USD, billing_cadence: P1M}}
meters:
  - {key: api_requests, name: API requests, event_type: request, aggregation: count}
features:
  - {key: api_requests, name: API requests, meter: api_requests}
plans:
  - key: prepaid
    name: Prepaid
    phases:
      - key: default
        name: Default
        rate_cards:
          - {key: base, name: Base, billing_cadence: P1M, price: {type: flat, amount: "10"}}
          - {feature: api_requests, price: {type: unit, amount: "0.002"}}
"""
PEOPLE = """\
customers:
  - key: ashgrove
    name: Ashgrove Mills
    description: Sells flour
    primary_email: flour@ashgrove.test
    usage_attribution: {subject_keys: [ashgrove-mill]}
    billing_address: {city: Millbrook, country: DE}
    labels: {crm: crm-4711}
    subscription: {plan: prepaid}
    grants:
      - {key: opening-gift, name: Ashgrove welcome, amount: "500", currency: USD, funding_method: none}
  - key: birchwood
    name: Birchwood Ltd
    usage_attribution: {subject_keys: [birch-one]}
    subscription: {plan: prepaid}
  - key: cedarhurst
    name: Cedarhurst AG
    usage_attribution: {subject_keys: [cedar-one]}
    subscription: {plan: prepaid}
  - key: dogwood
    name: Dogwood Inc
    usage_attribution: {subject_keys: [dog-one]}
    subscription: {plan: prepaid}
  - key: elmstead
    name: Elmstead SA
    usage_attribution: {subject_keys: [elm-one]}
    subscription: {plan: prepaid}
  - key: firbank
    name: Firbank KG
    usage_attribution: {subject_keys: [fir-one]}
    grants:
      - {key: kept-gift, name: Firbank welcome, amount: "70", currency: USD, funding_method: none}
      - {key: typo-gift, name: Firbank bonus, amount: "80", currency: USD, funding_method: none}
"""
LATER = """\
customers:
  - key: ashgrove
    name: Ashgrove & Sons
    description: Sells bread
    primary_email: bread@ashgrove.test
    usage_attribution: {subject_keys: [ashgrove-mill, ashgrove-shop]}
    billing_address: {city: Breadville, country: DE}
    labels: {crm: crm-4712}
    subscription: {plan: prepaid, version: latest}
    grants:
      - {key: opening-gift, name: Ashgrove hello, amount: "600", currency: USD, funding_method: none}
  - key: birchwood
    name: Birchwood Group
    usage_attribution: {subject_keys: [birch-two]}
    subscription: {plan: prepaid, version: latest}
  - key: cedarhurst
    name: Cedarhurst AG
    usage_attribution: {subject_keys: [cedar-one]}
    subscriptions: [{key: eastwing, plan: prepaid}]
  - key: dogwood
    name: Dogwood Inc
    usage_attribution: {subject_keys: [dog-one]}
    subscription: {plan: prepaid, version: latest}
  - key: firbank
    name: Firbank KG
    usage_attribution: {subject_keys: [fir-one]}
    grants:
      - {key: fixed-gift, name: Firbank bonus, amount: "80", currency: USD, funding_method: none}
  - key: gorsehill
    name: Gorsehill BV
    usage_attribution: {subject_keys: [elm-one]}
    subscription: {plan: prepaid}
  - key: hazelmere
    name: Hazelmere plc
    primary_email: hi@hazelmere.test
    usage_attribution: {subject_keys: [hazel-one]}
    subscription: {plan: prepaid}
"""
NAMES = (
    *("ashgrove", "birch", "cedar", "eastwing", "dogwood", "dog-one", "elm", "fir", "gorse", "hazel"),
    *("flour", "bread", "millbrook", "opening-gift", "crm-47", "gift", "customers.yaml"),
)


@pytest.fixture
def everybody(shell: Shell, folder: Path) -> Shell:
    """Six customers, a month later, with changes of every kind to come."""
    (folder / "shop.yaml").unlink()
    (folder / "catalog.yaml").write_text(CATALOG)
    (folder / "customers.yaml").write_text(PEOPLE)
    assert shell.run("sync", ".", *LOCAL, "--yes").code == 0
    shell.clock.advance(35 * DAY)
    (folder / "catalog.yaml").write_text(CATALOG.replace('amount: "10"', 'amount: "12"'))
    (folder / "customers.yaml").write_text(LATER)
    return shell


def send(shell: Shell, subject: str, *, count: int) -> None:
    """So many requests of a subject, ten days into the first period."""
    app = open_database(".billsync/local.db", shell.clock, test_clock=False)
    rows = [
        {
            "specversion": "1.0",
            "id": str(number),
            "source": "test",
            "type": "request",
            "subject": subject,
            "time": (START + timedelta(days=10)).isoformat(),
        }
        for number in range(count)
    ]
    with httpx.Client(transport=httpx.WSGITransport(app=app), base_url="http://local") as client:
        assert client.post("/api/v3/openmeter/events", json=rows).status_code == 202
    app.close()


def named_in(text: str) -> list[str]:
    return [name for name in NAMES if name in text.lower()]


def test_the_named_output_contains_the_names_the_anonymous_one_must_not(everybody: Shell) -> None:
    """The named output contains the names that the other tests search the anonymous output for."""
    out = everybody.run("diff", ".", *LOCAL, "--impact=all", "--format=json").out

    assert set(NAMES) - set(named_in(out)) == {"customers.yaml", "dog-one"}


@pytest.mark.parametrize("form", ["text", "json"])
def test_an_anonymous_diff_names_no_customer_in_any_role(
    everybody: Shell, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "DELAY", 0.0)

    ran = everybody.run("diff", ".", *LOCAL, *ANONYMOUS, "--format", form, answer="")

    assert (ran.code, named_in(ran.out), named_in(ran.err)) == (4, [], [])
    assert "reading, 0 requests" in ran.err


def test_an_anonymous_diff_counts_what_is_the_customers_and_shows_the_rest(everybody: Shell) -> None:
    ran = everybody.run("diff", ".", *LOCAL, *ANONYMOUS)

    assert (
        ran.out.partition("\nImpact")[0]
        == """\
publishing a new version of plan prepaid@2 (new version: 4 subscribers stay on the old one)
  ~ phases.default.rate_cards.base.price.amount: 10 → 12
creating customer × 1
granting grant × 1 (reversible until used)
cancelling subscription × 1
subscribing subscription × 1

note[grandfathered]: plan prepaid@1: 4 subscriptions stay on plan/prepaid@1 (grandfathered), \
1 is cancelled by this run; plan/prepaid@2 is for new ones
refused: customer × 2: frozen-field
refused: customer × 1: claimed
refused: grant × 1: immutable-field
note: grant × 2: kept
refused: subscription × 3: no-timing
refused: subscription × 1: one-at-a-time
blocked: subscription × 1: blocked
waiting: customer × 1: in-use

stopped: cancel: subscription × 1
  Allow it with --allow cancel
stopped: doubled-grant: grant × 2
  Allow it with --allow doubled-grant

Summary:
  Created: 3
  Updated: 2
  Deleted: 0
  Refused: 8
  Blocked: 1
  Waiting: 1
  Notes: 3
"""
    )


def test_the_exit_code_is_that_of_the_named_diff(everybody: Shell) -> None:
    named = everybody.run("diff", ".", *LOCAL, "--impact=all", "--exit-code")
    anonymous = everybody.run("diff", ".", *LOCAL, *ANONYMOUS, "--exit-code")

    assert (named.code, anonymous.code) == (4, 4)


@pytest.mark.parametrize("form", ["text", "json"])
def test_mistakes_in_the_files_are_told_by_code_alone(everybody: Shell, folder: Path, form: str) -> None:
    (folder / "customers.yaml").write_text(LATER.replace("plan: prepaid}", "plan: ashgrove_special}", 1))

    ran = everybody.run("diff", ".", *LOCAL, *ANONYMOUS, "--format", form)

    assert ran.code == 1
    assert "unknown-reference" in ran.out + ran.err
    assert named_in(ran.out + ran.err) == []


def test_a_price_policy_that_real_usage_breaks_shows_nobodys_usage(everybody: Shell, folder: Path) -> None:
    send(everybody, "ashgrove-mill", count=7)
    policy = "  policy: {prices: [{plans: [prepaid], max_increase: 10%, usage: {from: 0, to: 1}}]}\n"
    volume = (
        "{type: volume, tiers: [{up_to_amount: '5', unit_price: {type: unit, amount: '0.002'}}, "
        "{unit_price: {type: unit, amount: '0.5'}}]}"
    )
    text = CATALOG.replace("  owner: payments\n", "  owner: payments\n" + policy)
    (folder / "catalog.yaml").write_text(text.replace('{type: unit, amount: "0.002"}', volume))

    named = everybody.run("diff", ".", *LOCAL, "--impact=all")
    anonymous = everybody.run("diff", ".", *LOCAL, *ANONYMOUS)

    assert "stopped[price-policy]: plan/prepaid@2, phase default: 7 of api_requests would cost" in named.out
    assert (
        "stopped[price-policy]: plan/prepaid@2: a price policy is broken at real usage; the usage is one customer's"
        in anonymous.out
    )
    assert "7 of api_requests" not in anonymous.out
