from pathlib import Path

import pytest

from tests.support.command import Shell

LOCAL = ("--server", "local:")
POLICY = "  policy: {prices: [{plans: [pre*], max_increase: 10%, max_decrease: 5%, usage: {from: 0, to: 1000}}]}\n"
BROKEN = """\
stopped[price-policy]: plan/prepaid@2, phase default: 1 of api_requests would cost 0.002 → 0.003 USD, 50 % more; \
the policy at shop.yaml:4:21 allows 10 %
  plan prepaid@2
  No flag allows it: change the policy, or the files
"""


@pytest.fixture
def governed(shell: Shell, folder: Path) -> Shell:
    """The shop with a price policy, synced."""
    shop = folder / "shop.yaml"
    shop.write_text(shop.read_text().replace("meters:\n", f"{POLICY}meters:\n", 1))
    assert shell.run("sync", "shop.yaml", *LOCAL, "--yes").code == 0
    return shell


def price(folder: Path, amount: str) -> None:
    shop = folder / "shop.yaml"
    shop.write_text(shop.read_text().replace('"0.002"', f'"{amount}"'))


def test_a_price_beyond_the_policy_stops_a_run(governed: Shell, folder: Path) -> None:
    price(folder, "0.003")

    shown = governed.run("diff", "shop.yaml", *LOCAL)
    ran = governed.run("sync", "shop.yaml", *LOCAL, "--yes")
    price(folder, "0.002")

    assert BROKEN in shown.out
    assert (ran.code, BROKEN in ran.out) == (4, True)


def test_prices_in_another_currency_stop_a_run(governed: Shell, folder: Path) -> None:
    shop = folder / "shop.yaml"
    shop.write_text(shop.read_text().replace("currency: USD", "currency: EUR"))

    ran = governed.run("diff", "shop.yaml", *LOCAL)

    assert (
        "stopped[price-policy]: plan/prepaid@2, phase default: api_requests would be charged in EUR, "
        "and is in USD now, so the policy at shop.yaml:4:21 can't be checked\n"
    ) in ran.out


WITHOUT_THE_PLAN = """\
_info: {owner: payments}
adopted: {plans: [prepaid]}
plans: []
meters:
  - {key: api_requests, name: API requests, event_type: request, aggregation: count}
"""


def test_a_price_is_judged_by_the_version_that_was_sold_last(governed: Shell, folder: Path) -> None:
    (folder / "less.yaml").write_text(WITHOUT_THE_PLAN)
    archived = governed.run("sync", "less.yaml", *LOCAL, "--yes")
    price(folder, "0.003")

    ran = governed.run("sync", "shop.yaml", *LOCAL, "--yes")

    assert (archived.code, "archiving plan prepaid@1" in archived.out) == (0, True)
    assert (ran.code, BROKEN in ran.out) == (4, True)


def test_a_price_within_the_policy_goes_through(governed: Shell, folder: Path) -> None:
    price(folder, "0.0021")

    ran = governed.run("sync", "shop.yaml", *LOCAL, "--yes")

    assert (ran.code, "stopped" in ran.out) == (0, False)


def test_a_range_that_is_backwards_is_an_error(shell: Shell, folder: Path) -> None:
    shop = folder / "shop.yaml"
    backwards = POLICY.replace("from: 0, to: 1000", "from: 5, to: 1")
    shop.write_text(shop.read_text().replace("meters:\n", f"{backwards}meters:\n", 1))

    ran = shell.run("validate", "shop.yaml")

    assert (ran.code, ran.err) == (
        1,
        "shop.yaml:4:21: error[out-of-range]: the number is out of range\n  `usage.from` is above `usage.to`.\n",
    )


def test_what_only_an_estimate_needs_is_refused_without_one(shell: Shell) -> None:
    ran = shell.run("diff", "shop.yaml", *LOCAL, "--impact-sample", "3")

    assert ran.code == 64
    assert "--impact-sample, --impact-anonymous, --impact-details and --impact-periods go with --impact" in ran.err


def test_a_flag_that_the_policy_forbids_is_named(shell: Shell, folder: Path) -> None:
    shop = folder / "shop.yaml"
    shop.write_text(shop.read_text().replace("meters:\n", "  policy: {forbid: [cancel, void]}\nmeters:\n", 1))

    ran = shell.run("diff", "shop.yaml", *LOCAL, "--allow", "void", "--allow", "deletes=5")

    assert ran.err.startswith(
        "shop.yaml:4:12: warning[forbidden-flag]: the policy of the files forbids this flag\n"
        "  `--allow void` changes nothing: `_info.policy.forbid` names void.\n"
    )
