"""Konnect keeps organizations at one address for all regions; another server of its dialect is asked itself."""

import httpx
import pytest

from billsync.live.client import Settings
from billsync.live.organization import Organization, read_organization
from billsync.live.protocol.target import Target
from tests.support.clock import FakeClock


@pytest.mark.parametrize(
    ("base", "asked"),
    [
        ("https://eu.api.konghq.com/v3", "https://global.api.konghq.com/v3/organizations/me"),
        ("https://gateway.example/konnect/v3", "https://gateway.example/konnect/v3/organizations/me"),
    ],
)
def test_the_organization_of_a_token_is_read_where_it_is_kept(base: str, asked: str) -> None:
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(str(request.url))
        return httpx.Response(200, json={"id": "1-a", "name": "Acme"})

    settings = Settings(token="kpat_1", transport=httpx.MockTransport(answer))
    found = read_organization(Target(base), FakeClock(), settings)

    assert (found, seen) == (Organization("1-a", "Acme"), [asked])
