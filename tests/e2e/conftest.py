from pathlib import Path

import pytest

from tests.support.command import Shell

SHOP = """\
_info: {owner: payments}
meters:
  - {key: requests, name: Requests, event_type: request, aggregation: count}
features:
  - {key: requests, name: Requests, meter: requests}
plans:
  - key: prepaid
    name: Prepaid
    currency: USD
    billing_cadence: P1M
    settlement_mode: credit_only
    phases:
      - key: default
        name: Default
        rate_cards: [{feature: requests, price: {type: unit, amount: "0.002"}}]
customers:
  - key: acme
    name: Acme Inc.
    subscription: {plan: prepaid}
    grants:
      - {key: welcome, name: Welcome credit, amount: "500", currency: USD, funding_method: none}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, with `shop.yaml` in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop.yaml").write_text(SHOP)
    return tmp_path


@pytest.fixture
def shell(folder: Path) -> Shell:
    """A shell in that folder."""
    return Shell()
