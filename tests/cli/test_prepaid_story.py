"""Prepaid credits from the files to the ledger: granted, used, paid at the period's end, and used beyond."""

from datetime import timedelta
from pathlib import Path

import httpx

from billsync.cli.servers.database import open_database
from tests.support.command import Ran, Shell
from tests.support.loopback import serving

LOCAL = ("--server", "local:")


def use(shell: Shell, month: str, count: int) -> None:
    """So many requests of acme at the shell's time."""
    app = open_database(".billsync/local.db", shell.clock, test_clock=False)
    with httpx.Client(transport=httpx.WSGITransport(app=app), base_url="http://local/api/v3/openmeter") as client:
        send(client, month, count)
    app.close()


def send(client: httpx.Client, month: str, count: int) -> None:
    event = {"specversion": "1.0", "source": "test", "type": "request", "subject": "acme-prod"}
    answer = client.post("/events", json=[{**event, "id": f"{month}-{number}"} for number in range(count)])
    assert answer.status_code == 202


def test_credits_pay_for_usage_at_the_periods_end(shell: Shell, folder: Path) -> None:
    """Credits pay for usage at the end of the period, and the customer owes the part that they don't cover."""
    shop = folder / "shop.yaml"
    shop.write_text(shop.read_text().replace('amount: "0.002"', 'amount: "60"'))
    assert shell.run("sync", "shop.yaml", *LOCAL, "--yes").code == 0
    shell.clock.advance(timedelta(days=10).total_seconds())
    use(shell, "september", 5)
    shell.clock.advance(timedelta(days=30).total_seconds())
    use(shell, "october", 4)
    during = shell.run("ledger", "acme", *LOCAL)
    shell.clock.advance(timedelta(days=30).total_seconds())

    after = shell.run("ledger", "acme", *LOCAL)

    assert during == Ran(
        0,
        """\
Credits of customer acme, 2026-10-11 00:00:00Z

Time                  Type      Name                      Amount  Before  After  Currency
2026-09-01 00:00:00Z  funded    Welcome credit (welcome)    +500       0    500  USD
2026-10-01 00:00:00Z  consumed  API requests                -300     500    200  USD

Balance USD: settled 200, live -40
""",
        "",
    )
    assert after == Ran(
        0,
        """\
Credits of customer acme, 2026-11-10 00:00:00Z

Time                  Type      Name                      Amount  Before  After  Currency
2026-09-01 00:00:00Z  funded    Welcome credit (welcome)    +500       0    500  USD
2026-10-01 00:00:00Z  consumed  API requests                -300     500    200  USD
2026-11-01 00:00:00Z  consumed  API requests                -200     200      0  USD
2026-11-01 00:00:00Z  consumed  API requests                 -40       0    -40  USD

Balance USD: settled -40, live -40
""",
        "",
    )


def test_a_ledger_that_cannot_be_listed_is_put_together_from_parts(shell: Shell, folder: Path) -> None:
    """A ledger that the server can't list as a whole is put together from the lists that it can answer."""
    shop = folder / "shop.yaml"
    shop.write_text(shop.read_text().replace('amount: "0.002"', 'amount: "300"'))
    with serving(folder / "x.db", shell.clock, faithful_faults=True) as base:
        assert shell.run("sync", "shop.yaml", "--server", base, "--yes").code == 0
        shell.clock.advance(timedelta(days=10).total_seconds())
        with httpx.Client(base_url=f"{base}/openmeter") as client:
            send(client, "september", 2)
            shell.clock.advance(timedelta(days=30).total_seconds())
            acme = client.get("/customers").json()["data"][0]["id"]
            top_up = {"name": "Top-up", "funding_method": "none", "currency": "USD", "amount": "150"}
            assert client.post(f"/customers/{acme}/credits/grants", json=top_up).status_code == 201
            listed = client.get(f"/customers/{acme}/credits/transactions")

        ran = shell.run("ledger", "acme", "--server", base)

    assert listed.status_code == 500
    assert ran == Ran(
        0,
        """\
Credits of customer acme, 2026-10-11 00:00:01Z

Time                  Type      Name                      Amount  Before  After  Currency
2026-09-01 00:00:00Z  funded    Welcome credit (welcome)    +500       0    500  USD
2026-10-01 00:00:00Z  consumed  API requests                -500     500      0  USD
2026-10-01 00:00:00Z  consumed  API requests                -100       0   -100  USD
2026-10-11 00:00:00Z  funded    Top-up                      +150    -100     50  USD

Balance USD: settled 50, live 50

note[movements-not-listed]: The server can't list this customer's movements in full; \
the funded ones come from the grants.
""",
        "",
    )
