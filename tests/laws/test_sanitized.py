"""The laws of a dump with pseudonyms: nothing of the live texts is in it, and it declares the like of what is live."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from billsync.app.dump.dumping import dump_everything
from billsync.core.dump.card_library import with_library
from billsync.core.dump.dump import Dump
from billsync.core.dump.losses import told
from billsync.core.dump.sanitized import sanitized
from billsync.core.secrets.pseudonyms import PREFIX, Pseudonyms
from billsync.kinds.registry import KINDS
from billsync.model.change import Outcome
from billsync.model.value import Plain, leaves
from billsync.render.dump import OF_PSEUDONYMS, dump_files, dump_yaml, losses_json
from tests.support.budgets import examples
from tests.support.configurations import EVERY_FLAG
from tests.support.world import World, declared

pytestmark = pytest.mark.thorough

KEY = b"a secret of the tests, 32 bytes."
ID = re.compile("01[0-9A-HJKMNP-TV-Z]{24}")
TEXTS = """
owner meter event value path dim dimkey feature featname filter addon plan phase card display config confkey labelname
labelvalue taxcode desc customer custname subject email city line zip phone grant grantname hand handname nokey
"""
WORDS = tuple(TEXTS.split())


def files(word: Mapping[str, str]) -> str:
    """Files in which every text that somebody may choose is one of these."""
    w = word
    card = {"key": w["feature"], "name": w["featname"], "feature": w["feature"], "billing_cadence": "P1M"}
    usage = {**card, "price": {"type": "unit", "amount": "0.25"}, "description": w["desc"],
             "unit_config": {"operation": "divide", "conversion_factor": "10", "display_unit": w["display"]},
             "tax_config": {"code": w["taxcode"]}}  # fmt: skip
    fee = {"key": w["card"], "name": w["card"], "price": {"type": "flat", "amount": "12.5"}, "billing_cadence": "P1M",
           "payment_term": "in_advance"}  # fmt: skip
    config = {"type": "static", "config": {w["confkey"]: [w["config"], 7]}}
    plain: dict[str, Any] = {
        "key": "plain",
        "name": w["featname"],
        "feature": "plain",
        "price": {"type": "free"},
        "entitlement": config,
    }
    document = {
        "_info": {"owner": w["owner"]},
        "tax_codes": [{"key": w["taxcode"], "name": w["taxcode"],
                       "app_mappings": [{"app_type": "stripe", "tax_code": "txcd_10103001"}]}],
        "meters": [{"key": w["meter"], "name": w["meter"], "event_type": w["event"], "aggregation": "sum",
                    "value_property": f"$.{w['value']}", "dimensions": {w["dimkey"]: f"$.{w['dim']}"},
                    "labels": {w["labelname"]: w["labelvalue"]}}],
        "features": [{"key": w["feature"], "name": w["featname"],
                      "meter": {"key": w["meter"], "filters": {w["dimkey"]: {"in": [w["filter"], w["dim"]]}}}},
                     {"key": "plain", "name": w["featname"]}],
        "addons": [{"key": w["addon"], "name": w["addon"], "currency": "USD", "instance_type": "single",
                    "rate_cards": [fee]}],
        "plans": [{"key": key, "name": w["plan"], "currency": "USD", "billing_cadence": "P1M",
                   "addons": [{"addon": w["addon"], "from_plan_phase": w["phase"]}],
                   "phases": [{"key": "first", "name": w["phase"], "duration": "P7D", "rate_cards": [plain]},
                              {"key": w["phase"], "name": w["phase"], "rate_cards": [usage, plain]}]}
                  for key in (w["plan"], "other")],
        "customers": [{"key": w["customer"], "name": w["custname"], "description": w["desc"],
                       "labels": {w["labelname"]: w["labelvalue"]},
                       "primary_email": f"{w['email']}@{w['city']}.example",
                       "usage_attribution": {"subject_keys": [w["customer"], w["subject"]]},
                       "billing_address": {"country": "DE", "city": w["city"], "line1": w["line"],
                                           "postal_code": w["zip"], "phone_number": w["phone"]},
                       "subscription": {"plan": w["plan"]},
                       "grants": [{"key": w["grant"], "name": w["grantname"], "amount": "55.5", "currency": "USD",
                                   "funding_method": "none", "expires_after": "P6M",
                                   "filters": {"features": [w["feature"]]}}]}],
    }  # fmt: skip
    return yaml.safe_dump(document)


def live(word: Mapping[str, str]) -> World:
    """A server with all this, with a plan's older version that is still in use, and with what somebody made by hand."""
    world = World()
    world.sync(declared(files(word)))
    world.clock.advance(timedelta(days=1).total_seconds())
    world.sync(declared(files(word).replace("0.25", "0.75")))
    with world.http() as http:
        made = http.post("customers", json={"key": word["hand"], "name": word["handname"]}).json()
        gift = {"name": word["nokey"], "amount": "5", "currency": "USD", "funding_method": "none"}
        http.post(f"customers/{made['id']}/credits/grants", json=gift).raise_for_status()
        cents = {"precision": 2, "decimal_mark": ".", "thousand_separator": ","}
        http.post("currencies/custom", json={"code": word["config"], "name": "x", **cents}).raise_for_status()
    return world


def output(dump: Dump) -> str:
    """Everything that a command writes of a dump."""
    notes = "\n".join(note.text for note in told(dump.losses))
    parts = (text for file in dump_files(dump, KINDS, OF_PSEUDONYMS) for text in file)
    return "\n".join((dump_yaml(dump, OF_PSEUDONYMS), *parts, losses_json(dump.losses), notes))


def numbers(value: Plain) -> Counter[str]:
    """The numbers in a document, and the texts that are no pseudonyms."""
    found = (one for one in leaves(value) if not (isinstance(one, str) and PREFIX in one))
    return Counter(str(one) for one in found if isinstance(one, Decimal | int))


def distinct(texts: list[str]) -> dict[str, str]:
    return {word: f"zq{text}{number:02}" for number, (word, text) in enumerate(zip(WORDS, texts, strict=True))}


words = st.lists(
    st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=4, max_size=10), min_size=len(WORDS), max_size=len(WORDS)
).map(distinct)


@settings(max_examples=examples(4), deadline=None)
@given(words)
def test_no_live_text_and_no_id_is_in_it(word: dict[str, str]) -> None:
    dump = dump_everything(live(word).connection())

    text = output(with_library(sanitized(dump, Pseudonyms(KEY), KINDS), KINDS))

    assert [each for each in (*word.values(), "txcd_10103001", "DE\n", "example\n") if each in text] == []
    assert ID.findall(text) == []
    assert set(output(dump).split()) >= {word["custname"], word["subject"]}


@pytest.fixture(scope="module")
def shop() -> Dump:
    return dump_everything(live(distinct(["word"] * len(WORDS))).connection())


def test_it_syncs_into_an_empty_server_and_its_money_is_the_same(shop: Dump) -> None:
    """But for who is on an older version, which no other server has: as with every dump."""
    found = sanitized(shop, Pseudonyms(KEY), KINDS)
    world = World(seed=2)

    run = world.sync(declared(dump_yaml(found, OF_PSEUDONYMS)), allow=EVERY_FLAG)

    left = {change.address.kind for change in run.plan.changes if change.outcome is Outcome.REFUSED}
    assert left <= {"subscription"}
    assert numbers(found.document) == numbers(shop.document)
    assert numbers(dump_everything(world.connection()).document["plans"]) == numbers(shop.document["plans"])


def test_the_same_text_has_the_same_pseudonym_everywhere(shop: Dump) -> None:
    document = sanitized(shop, Pseudonyms(KEY), KINDS).document
    (meter,), (plan, _), customer = document["meters"], document["plans"], named_subscriber(document)

    assert customer["key"] in customer["usage_attribution"]["subject_keys"]
    assert customer["subscription"]["plan"] in [each["key"] for each in document["plans"]]
    measured = next(each for each in document["features"] if "meter" in each)
    assert measured["meter"]["key"] == meter["key"]
    assert list(measured["meter"]["filters"]) == list(meter["dimensions"])
    assert plan["addons"][0]["addon"] == document["addons"][0]["key"]
    assert customer["grants"][0]["filters"]["features"] == (measured["key"],)


def named_subscriber(document: Mapping[str, Any]) -> Any:
    return next(each for each in document["customers"] if "subscription" in each)


def test_pseudonyms_are_stable_under_a_key_and_only_under_it(shop: Dump) -> None:
    one, again, other = (dump_yaml(sanitized(shop, Pseudonyms(key), KINDS)) for key in (KEY, KEY, KEY[1:]))

    assert one == again
    assert set(pseudonyms(one)).isdisjoint(pseudonyms(other))


def pseudonyms(text: str) -> Iterator[str]:
    yield from re.findall(rf"{PREFIX}\w+", text)


def test_what_every_server_has_keeps_its_name(shop: Dump) -> None:
    """A tax code that the server manages itself is on each server, and the files refer to it."""
    external = {"tax_codes": ["nontaxable"]}

    found = sanitized(shop, Pseudonyms(KEY), KINDS)

    assert (shop.document["external"], found.document["external"]) == (external, external)


def test_texts_of_values_that_have_none_are_hidden() -> None:
    """A live value of a form that billsync doesn't expect is shown nowhere."""
    entry = {
        "key": "k",
        "name": "n",
        "currency": "US Dollars of Anna",
        "billing_cadence": "Anna",
        "unheard_of": ["Anna"],
    }
    dump = Dump({"plans": [{**entry, "phases": [{"key": "Anna", "rate_cards": "Anna"}]}]}, (), {})

    assert "Anna" not in repr(sanitized(dump, Pseudonyms(KEY), KINDS).document)
