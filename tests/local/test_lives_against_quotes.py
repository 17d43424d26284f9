"""The local server and the quotes agree about random lives of a customer: two ways to the same bills, to the cent."""

import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st

from billsync.local import create_app
from tests.conformance import test_quotes as quotes
from tests.local.conftest import BASE, START, Hands
from tests.support.budgets import examples
from tests.support.credit_lives import GRANTS, STOPS, USES, WAITS, Action
from tests.support.prepaid import Account, account, feature, fee_card, plan, usage_card
from tests.support.recorded_money import Recording, read_recording

TIERS = {"type": "graduated", "tiers": [{"up_to_amount": "10", "unit_price": {"type": "unit", "amount": "0.333"}}]}
OPEN_TIER = {"flat_price": {"type": "flat", "amount": "2"}, "unit_price": {"type": "unit", "amount": "0.1"}}
LIVES = st.lists(st.one_of(USES, USES, GRANTS, WAITS, STOPS), max_size=12)


class Recorded(httpx.BaseTransport):
    """Writes down what passes, as recordings of the real server have it, a second or two after one another."""

    def __init__(self, served: Any, hands: Hands) -> None:
        self.served = httpx.WSGITransport(app=served)
        self.hands = hands
        self.lines: list[str] = ["{}"]

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self.served.handle_request(request)
        content = answer.read()
        told = {
            "at": self.hands.now.isoformat(),
            "request": {
                "method": request.method,
                "path": request.url.path,
                "query": dict(request.url.params),
                "body": json.loads(request.content or b"null"),
            },
            "response": {"status": answer.status_code, "body": json.loads(content or b"null")},
        }
        self.lines.append(json.dumps(told))
        self.hands.move(seconds=1.5)
        return httpx.Response(answer.status_code, headers=answer.headers, content=content)


def look(found: Account) -> None:
    for path in ("credits/balance", "charges"):
        found.server.get(f"{found.path}/{path}")
    found.server.get(f"{found.path}/credits/transactions", params={"filter[type]": "consumed", "page[size]": "500"})
    found.server.get("/subscriptions")


def lived(actions: list[Action]) -> Recording:
    """The recording of a life on a plan with cards of several lengths."""
    hands = Hands(START)
    app = create_app(":memory:", clock=hands, randomness=Random(1).randbytes)
    server = httpx.Client(transport=(recorded := Recorded(app, hands)), base_url=BASE)
    found = account(server)
    price = {**TIERS, "tiers": [*TIERS["tiers"], OPEN_TIER]}
    calls = usage_card("calls", feature(server, "calls"), price=price, commitments={"minimum_amount": "5"})
    fees = fee_card("seat", "10", "in_advance"), fee_card("desk", "3", "in_arrears")
    yearly = fee_card("tool", "100", "in_advance", billing_cadence="P1Y")
    found.subscribe(plan(server, calls, *fees, yearly, billing_cadence="P3M"))
    for number, action in enumerate(actions):
        action(found, hands, number)
        look(found)
    hands.move(days=70)
    look(found)
    return written(recorded.lines)


def written(lines: list[str]) -> Recording:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "life.jsonl"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return read_recording(path)


COMPARISONS: tuple[Callable[[Recording], None], ...] = (
    quotes.test_charges_are_the_servers,
    quotes.test_consumed_credits_are_the_servers,
    quotes.test_the_balance_is_the_servers,
)


@settings(max_examples=examples(8), deadline=None)
@given(LIVES)
def test_what_the_local_server_books_is_what_a_quote_says(actions: list[Action]) -> None:
    recording = lived(actions)

    for compare in COMPARISONS:
        compare(recording)
