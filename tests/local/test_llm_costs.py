"""Prices of one's own for language models, where the recording says nothing."""

from typing import Any

import httpx
import pytest

from tests.support.prepaid import posted

PRICING = {"input_per_token": "0.000002", "output_per_token": "0.00001"}
PRICE = {"provider": "openai", "model_id": "gpt", "pricing": PRICING, "currency": "USD"}
FROM = {"effective_from": "2026-01-01T00:00:00Z"}


def override(server: httpx.Client, **more: Any) -> dict[str, Any]:
    return dict(posted(server, "/llm-cost/overrides", {**PRICE, **FROM, **more}))


def ids(server: httpx.Client, **query: str) -> list[str]:
    answer = server.get("/llm-cost/overrides", params=query)
    return [row["id"] for row in answer.json()["data"]]


@pytest.mark.parametrize(
    ("provider", "name"),
    [("openai", "OpenAI"), ("OpenAI", "OpenAI"), ("bedrock", "Amazon Bedrock"), ("my_own-cloud", "My Own Cloud")],
)
def test_a_provider_is_shown_by_its_name(server: httpx.Client, provider: str, name: str) -> None:
    assert override(server, provider=provider)["provider"] == {"id": provider, "name": name}


def test_one_price_of_a_model_lives_at_a_time(server: httpx.Client) -> None:
    first, other = override(server)["id"], override(server, model_id="gpt-mini")["id"]
    second = override(server, effective_from="2030-01-01T00:00:00Z")["id"]

    assert ids(server) == [second, other]
    assert server.get(f"/llm-cost/prices/{first}").status_code == 404
    assert server.delete(f"/llm-cost/overrides/{first}").status_code == 204


def test_times_are_repeated_as_given_and_read_in_utc(server: httpx.Client) -> None:
    made = override(server, effective_from="2026-01-01T02:00:00+02:00", effective_to="2027-01-01T00:00:00Z")
    read = server.get(f"/llm-cost/prices/{made['id']}").json()

    assert (made["effective_from"], made["effective_to"]) == ("2026-01-01T02:00:00+02:00", "2027-01-01T00:00:00Z")
    assert read == {**made, "effective_from": "2026-01-01T00:00:00Z"}


def test_all_that_is_wrong_with_a_price_is_told_at_once(server: httpx.Client) -> None:
    pricing = {"input_per_token": "-1", "output_per_token": "-1", "reasoning_per_token": "-1"}
    body = {**PRICE, **FROM, "provider": "", "model_id": "", "pricing": pricing, "effective_to": "2025-01-01T00:00:00Z"}

    answer = server.post("/llm-cost/overrides", json=body)

    assert [issue["code"] for issue in answer.json()["extensions"]["validationErrors"]] == [
        "llm_cost_provider_empty",
        "llm_cost_model_id_empty",
        "llm_cost_price_non_negative",
        "llm_cost_price_non_negative",
        "llm_cost_effective_from_after_to",
    ]


def test_overrides_are_filtered_by_what_they_are_for(server: httpx.Client) -> None:
    gpt, claude = override(server)["id"], override(server, provider="anthropic", model_id="claude")["id"]

    assert ids(server, **{"filter[provider]": "anthropic"}) == [claude]
    assert ids(server, **{"filter[model_id][contains]": "GP"}) == [gpt]
    assert ids(server, **{"filter[currency]": "EUR"}) == []
    assert ids(server, **{"filter[source]": "system"}) == [claude, gpt]
