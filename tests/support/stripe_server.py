"""A server that bills by Stripe, as far as reads show: the embedded one has no Stripe app."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

AGES = {"created_at": "2026-08-01T00:00:00Z", "updated_at": "2026-08-01T00:00:00Z"}
STRIPE_APP = {
    "id": "01K1JRW4000000000000000APP",
    "type": "stripe",
    "name": "Stripe",
    "status": "ready",
    "account_id": "acct_1",
    "livemode": False,
    "masked_api_key": "sk_test_***",
    "definition": {
        "type": "stripe",
        "name": "Stripe",
        "description": "Stripe",
        "capabilities": [],
        "install_methods": [],
    },
    **AGES,
}
PROFILE = {
    "id": "01K1JRW4000000000000PR0F1E",
    "name": "By card",
    "default": True,
    "supplier": {"name": "Shop"},
    "apps": {purpose: {"id": STRIPE_APP["id"]} for purpose in ("tax", "invoicing", "payment")},
    "workflow": {"payment": {"collection_method": "charge_automatically"}},
    **AGES,
}


@dataclass(slots=True)
class StripeServer(httpx.BaseTransport):
    """A transport to a server whose default profile collects by Stripe.

    `data` are the Stripe data of customers by their ids; a customer without any is answered with 412, as the real
    server does (customer-facts.md §4.2). `reads` are the paths of billing that were read.
    """

    inner: httpx.BaseTransport
    data: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    reads: list[str] = field(default_factory=list)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The answer of the server, but for profiles, apps and customers' billing."""
        place = request.url.path.partition("/openmeter/")[2]
        answer = self.answer(place) if request.method == "GET" else None
        if answer is None:
            return self.inner.handle_request(request)
        self.reads.append(place)
        return answer

    def answer(self, place: str) -> httpx.Response | None:
        """The answer to a read of profiles, apps or a customer's billing; None for anything else."""
        match place.split("/"):
            case ["apps"]:
                return _listed(STRIPE_APP)
            case ["profiles"]:
                return _listed(PROFILE)
            case ["customers", customer, "billing"]:
                return self._billing(customer)
        return None

    def _billing(self, customer: str) -> httpx.Response:
        data = self.data.get(customer)
        if data is None:
            detail = "precondition failed error: customer has no data for stripe app"
            problem = {"type": "about:blank", "title": "Precondition Failed", "status": 412, "instance": "urn:stripe"}
            return httpx.Response(412, json={**problem, "detail": detail})
        return httpx.Response(200, json={"billing_profile": {"id": PROFILE["id"]}, "app_data": {"stripe": data}})


def billing_by_stripe(app: Callable[[dict[str, Any], Any], Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    """A WSGI app that answers as another does, but whose default profile collects by Stripe, with nobody's data."""
    front = StripeServer(httpx.MockTransport(lambda _: httpx.Response(500)))

    def answered(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        place = environ["PATH_INFO"].partition("/openmeter/")[2]
        answer = front.answer(place) if environ["REQUEST_METHOD"] == "GET" else None
        if answer is None:
            return app(environ, start)
        start(f"{answer.status_code} {answer.reason_phrase}", [("content-type", "application/json")])
        return [answer.content]

    return answered


def _listed(row: dict[str, Any]) -> httpx.Response:
    meta = {"page": {"number": 1, "size": 100, "total": 1}}
    return httpx.Response(200, json={"data": [row], "meta": meta})
