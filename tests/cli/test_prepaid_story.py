"""Prepaid credits from the files to the ledger: granted, used, paid at the period's end, and used beyond."""

from datetime import timedelta
from pathlib import Path

import httpx

from billsync.cli.database import open_database
from tests.support.command import Ran, Shell

LOCAL = ("--server", "local:")


def use(shell: Shell, month: str, count: int) -> None:
    """So many requests of acme at the shell's time."""
    event = {"specversion": "1.0", "source": "test", "type": "request", "subject": "acme-prod"}
    app = open_database(".billsync/local.db", shell.clock, test_clock=False)
    with httpx.Client(transport=httpx.WSGITransport(app=app), base_url="http://local") as client:
        rows = [{**event, "id": f"{month}-{number}"} for number in range(count)]
        answer = client.post("/api/v3/openmeter/events", json=rows)
    app.close()
    assert answer.status_code == 202


def test_credits_pay_for_usage_at_the_periods_end_and_what_they_do_not_cover_is_owed(
    shell: Shell, folder: Path
) -> None:
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
