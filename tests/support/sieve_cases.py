"""Made-up cases for the law of the sieve: a synced shop, and whatever may be odd about its files or its rows."""

from __future__ import annotations

import copy
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

import yaml

from billsync.app.comparing.difference import DiffScope, difference, intended
from billsync.app.comparing.drift import find_drift
from billsync.app.impact.scope import ImpactScope
from billsync.app.outcomes import code_of_difference, owner_missing
from billsync.app.reading import settlement as settlement_facts
from billsync.app.server.connection import Connection
from billsync.config import load
from billsync.core.changes import likeness, read_set
from billsync.core.declared.crowd import children_of, whole
from billsync.core.diffing.diff import Mode
from billsync.core.guards import guards
from billsync.core.plan_file import to_json
from billsync.core.sieve import alike
from billsync.kinds.registry import KINDS
from billsync.model.crowd import Crowd
from billsync.model.diagnostic import has_errors
from billsync.model.ports import RemoteError
from billsync.model.state import Desired
from billsync.render.impact.object import detailed_impact_object
from billsync.render.impact.text import impact_text
from billsync.render.plan.outline import outline
from billsync.render.plan.structured import as_json_chunks
from billsync.render.plan.text import as_text
from tests.support.clock import FakeClock
from tests.support.live_rows import Rows, ServedRows, synced
from tests.support.world import declared

SHOP = Path(__file__).parents[1] / "laws" / "sieve_shop.yaml"
ROOT, LINKS = "customers", "subscriptions"
Document = dict[str, Any]


@cache
def _shop() -> tuple[str, str]:
    text = SHOP.read_text("utf-8")
    return json.dumps(yaml.safe_load(text)), json.dumps(synced(declared(text)))


@dataclass(slots=True)
class Case:
    """Files and rows, what a run is given, and the numbers from which on it does things otherwise."""

    files: Document
    rows: Rows
    mode: str = "sync"
    allow: dict[str, str] = field(default_factory=dict)
    few: int = 1
    shared: int = 10
    counted: int = 200
    share: int = 10
    dialect: str = "openmeter"
    bodies: dict[str, Any] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)

    def desired(self) -> Desired | None:
        """What the files declare; None where they are not valid."""
        desired, findings = load(["-"], registry=KINDS, stdin=io.StringIO(json.dumps(self.files)))
        return None if has_errors(findings) else desired


def unchanged() -> Case:
    """The shop as it was synced."""
    files, rows = _shop()
    return Case(json.loads(files), json.loads(rows))


def in_files(folder: Path, text: str) -> None:
    """Write a configuration as files, with the customers in one of their own."""
    document = yaml.safe_load(text)
    customers = {"customers": document.pop("customers")}
    (folder / "files").mkdir(exist_ok=True)
    for name, part in (("catalog", document), ("customers", customers)):
        (folder / "files" / f"{name}.yaml").write_text(yaml.safe_dump(part, sort_keys=False))


def crowded(desired: Desired, root: str = "customer") -> Desired:
    """The desired state with all that can be in a crowd in it, as the loader of crowds makes it."""
    children = children_of(root, KINDS)
    members: dict[str, Any] = {e.address.key: dict(e.fields) for e in desired.entities if e.address.kind == root}
    names = {root, *(child.name for child in children)}
    for child in children:
        assert child.parent is not None
        nested: dict[str, list[Any]] = {}
        for entity in desired.entities:
            if entity.address.kind == child.name:
                nested.setdefault(entity.address.parents[0], []).append(dict(entity.fields))
        for key, several in nested.items():
            if len(several) == 1 and child.parent.one:
                members[key][child.parent.one] = several[0]
            else:
                members[key][child.parent.many] = several
    rest = tuple(entity for entity in desired.entities if entity.address.kind not in names)
    return replace(desired, entities=rest, crowd=Crowd(root, members))


def outcomes(case: Case, desired: Desired) -> tuple[str, str]:
    """All that a run says with the sieve, and without it; a test that fails shows where they part."""
    there = crowded(desired)
    with (
        patch.object(read_set, "FEW", case.few),
        patch.object(settlement_facts, "FEW", case.counted),
        patch.object(likeness, "SHARED_AT_MOST", case.shared),
        patch.object(alike, "SHARED_AT_MOST", case.shared),
        patch.object(guards, "SHARE_COUNTS_FROM", case.share),
    ):
        return said(case, there), said(case, whole(there, KINDS))


def said(case: Case, desired: Desired) -> str:
    """All that a run says."""
    connection = Connection(ServedRows(copy.deepcopy(case.rows), case.bodies), FakeClock(), "local:test", case.dialect)
    try:
        match case.mode:
            case "impact" | "impact-all":
                whom = "all" if case.mode == "impact-all" else "declared"
                different = difference(connection, desired, DiffScope(case.allow, impact=ImpactScope(whom)))
                assert different.impact is not None
                plan, more = different.plan, impact_text(different.impact)
                prices = {"impact": detailed_impact_object(different.impact)}
                more += "".join(as_json_chunks(outline(plan), (), prices))
            case "drift":
                found = find_drift(connection, desired)
                plan, more = found.plan, repr(sorted((a.text, t) for a, t in found.since.items()))
            case "diff" | "diff-apply":
                mode = "apply" if case.mode == "diff-apply" else "sync"
                plan, more = difference(connection, desired, DiffScope(case.allow, mode=mode)).plan, ""
            case _:
                mode = Mode(case.mode, case.mode == "sync", case.allow)
                plan, more = intended(connection, desired, mode).plan, ""
    except RemoteError as error:
        return f"{type(error).__name__}: {error}"
    code = code_of_difference(plan, owner_missing(plan), exit_code=True)
    return "\n".join((to_json(plan), as_text(outline(plan)), str(code), more))


ODD: tuple[Any, ...] = (
    None, "", " ", 0, 1, -1, True, False, 1.5, 10**30, "1", "0", "true", "null", "x", "acme", "beta", "Ä", "500.5",
    "500.500", "5e2", "5.005e2", "-1", "NaN", "Infinity", [], {}, ["x"], {"x": "y"}, {"id": "x"}, [None], "P1Y", "P12M",
    "P365D", "P30D", "PT0S", "2026-09-01T00:00:00Z", "2026-09-01T02:00:00+02:00", "2026-09-01T00:00:00.5Z",
    "2026-09-01t00:00:00z", "2027-09-01T00:00:00Z", "2026-13-01T00:00:00Z", "2026-09-01", "active", "canceled",
    "inactive", "scheduled", "voided", "expired", "pending", "weird", "credit_only", "credit_then_invoice", "dynamic",
    "pinned", "shop", "other", "default",
)  # fmt: skip
"""Values that a field of a row might wrongly have."""

LABELS = (
    "billsync_owner", "billsync_key", "billsync_plan", "billsync_restart", "openmeter_managed_by", "openmeter_x",
    "openmeter_subscription.previous.id", "openmeter_subscription.superseding.id", "segment", "region", "deal",
    "campaign", "stripe",
)  # fmt: skip


def mutated(random: Random, most: int = 4) -> Case:
    """A case with some things changed at random, on both sides."""
    case = unchanged()
    case.mode = random.choice(("sync", "sync", "apply", "diff", "diff-apply", "drift"))
    case.few, case.shared, case.counted = (
        random.choice((0, 1, 1, 1, 2, 3)),
        random.choice((0, 1, 2, 10)),
        random.choice((0, 1, 2, 200)),
    )
    case.share = random.choice((2, 4, 10))
    if random.random() < 0.1:
        as_konnect(case)
    if random.random() < 0.2:
        case.allow = dict.fromkeys(
            random.sample(("cancel", "revert", "void", "doubled-grant", "doubled-customer"), 2), ""
        )
    for _ in range(random.randint(0, most)):
        change = random.choice(CHANGES)
        if not (case.rows[ROOT] and case.rows[LINKS]):
            break
        case.told.append(f"{change.__name__}: {change(random, case)}")
    return case


def as_konnect(case: Case) -> None:
    """Subscriptions as Konnect shows them."""
    names = ("id", "customer_id", "plan_id", "status", "billing_anchor", "settlement_mode", "cost_basis_mode", "labels")
    case.dialect = "konnect"
    case.rows[LINKS] = [{name: row[name] for name in names if name in row} for row in case.rows[LINKS]]


def lists(rows: Rows) -> list[str]:
    """The lists of the crowd's kinds."""
    return [name for name in rows if name in (ROOT, LINKS) or name.endswith("/grants")]


def some_row(random: Random, case: Case, name: str | None = None) -> tuple[str, dict[str, Any]]:
    """A row, and its list."""
    names = [each for each in lists(case.rows) if case.rows[each]]
    weighted = [ROOT, LINKS, *names]
    name = name or random.choice([each for each in weighted if case.rows[each]])
    return name, random.choice(case.rows[name])


def paths(value: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of each part of a value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in items:
        yield (*here, name)
        yield from paths(item, (*here, name))


def odd_value(random: Random, case: Case) -> str:
    """Another value, or none, at some place of a row."""
    name, row = some_row(random, case)
    path = random.choice([path for path in paths(row) if len(path) < 4])
    value = row
    for part in path[:-1]:
        value = value[part]
    if random.random() < 0.15:
        old = value.pop(path[-1])
    else:
        old = value[path[-1]]
        new = random.choice(ODD)
        if isinstance(old, str) and random.random() < 0.2:
            new = random.choice((old.upper(), old + " ", old + "\x00", old[:-1], f"0{old}", old + "0", old.swapcase()))
        value[path[-1]] = new
    return f"{name} {path}: {old!r} -> {value.get(path[-1]) if isinstance(value, dict) else value!r}"


def odd_field(random: Random, case: Case) -> str:
    """A field that a row hasn't, or another value of one that the kind knows."""
    name, row = some_row(random, case)
    kind = {ROOT: "customer", LINKS: "subscription"}.get(name, "grant")
    field_ = random.choice(
        (*KINDS[kind].record.fields, "deleted_at", "status", "active_to", "plan_id", "created_at", "voided_at")
    )
    row[field_] = random.choice((*ODD, *(copy.deepcopy(other.get(field_)) for other in case.rows[name])))
    return f"{name} {field_} = {row[field_]!r}"


def label_of_row(random: Random, case: Case) -> str:
    """A label of a row set or taken away."""
    name, row = some_row(random, case)
    label = random.choice(LABELS)
    if not isinstance(row.get("labels"), dict):
        return "none"
    if random.random() < 0.3:
        row["labels"].pop(label, None)
    else:
        ids = [one["id"] for rows in case.rows.values() for one in rows if "id" in one]
        row["labels"][label] = random.choice(
            ("shop", "other", "default", "second", "small", "1", "eu", "cus_1", random.choice(ids), 5, None)
        )
    return f"{name} {label}: {row['labels'].get(label)!r}"


def copied_row(random: Random, case: Case) -> str:
    """A row twice, under another id."""
    name, row = some_row(random, case)
    twin = copy.deepcopy(row)
    twin["id"] = row["id"] if random.random() < 0.1 else f"01ZZ{random.randint(0, 9**9):022d}"
    if random.random() < 0.5:
        twin["key"] = random.choice(("other", "plain", "acme", "welcome", "gift", "zeta"))
    case.rows[name].insert(random.randint(0, len(case.rows[name])), twin)
    if name == ROOT:
        case.rows[f"customers/{twin['id']}/credits/grants"] = copy.deepcopy(
            case.rows.get(f"customers/{row['id']}/credits/grants", [])
        )
        for number, grant in enumerate(case.rows[f"customers/{twin['id']}/credits/grants"]):
            grant["id"] = f"{twin['id'][:-2]}{number:02d}"
    if name == LINKS and random.random() < 0.5:
        twin["status"] = random.choice(("inactive", "canceled", "scheduled", "active", "weird"))
        twin.update(random.choice(({"active_from": "2026-10-01T00:00:00Z"}, {"active_to": "2026-09-01T00:00:00Z"}, {})))
    return f"{name} {row['id']} as {twin['id']}"


def claimed(random: Random, case: Case) -> str:
    """A customer that holds subjects, which another may claim, without its file saying so."""
    holder = random.choice(case.rows[ROOT])
    holder["usage_attribution"] = {"subject_keys": random.sample(("zeta", "eta", "acme-a", "beta"), 2)}
    for customer in case.files.get(ROOT) or []:
        if customer.get("key") == holder.get("key") and random.random() < 0.7:
            customer.pop("usage_attribution", None)
    claiming = random.choice(case.files.get(ROOT) or [{}])
    claiming["usage_attribution"] = {"subject_keys": [random.choice(("zeta", "eta"))]}
    return f"{holder.get('key')} holds, {claiming.get('key')} claims"


def likened(random: Random, case: Case) -> str:
    """Rows and files of customers that look like each other."""
    name, value = random.choice((("name", "Acme Inc."), ("primary_email", "billing@acme.example"), ("name", "New")))
    rows = random.sample(case.rows[ROOT], min(3, len(case.rows[ROOT])))
    for row in rows:
        row[name] = value
        for customer in case.files.get(ROOT) or []:
            if customer.get("key") == row.get("key"):
                customer[name] = value
    extra = random.choice(rows)
    grant = {
        "id": f"01ZW{random.randint(0, 9**9):022d}",
        "key": random.choice(("old", "new")),
        "name": "New",
        "amount": "500.5",
        "currency": "USD",
        "funding_method": "none",
        "priority": 10,
        "status": "active",
        "labels": {"billsync_owner": random.choice(("shop", "other"))},
        "created_at": "2026-09-01T00:00:00Z",
    }
    case.rows.setdefault(f"customers/{extra['id']}/credits/grants", []).append(grant)
    return f"{[row['key'] for row in rows]} {name}; a grant of {extra['key']}"


def ending(random: Random, case: Case) -> str:
    """A subscription that is ended, ends, or changes later."""
    _, row = some_row(random, case, LINKS)
    row["status"] = random.choice(("inactive", "canceled", "canceled", "scheduled"))
    row["active_to"] = "2026-10-01T00:00:00Z"
    if random.random() < 0.6:
        later = copy.deepcopy(row)
        later |= {
            "id": f"01ZY{random.randint(0, 9**9):022d}",
            "status": random.choice(("scheduled", "active")),
            "active_from": row["active_to"],
        }
        later.pop("active_to")
        plan = random.choice(case.rows["plans"])
        later |= {"plan_id": plan["id"], "plan": {name: plan[name] for name in ("id", "key", "version")}}
        case.rows[LINKS].append(later)
    return row["id"]


def gone_row(random: Random, case: Case) -> str:
    """A row that isn't there, or is deleted."""
    name, row = some_row(random, case)
    if random.random() < 0.6:
        case.rows[name].remove(row)
    else:
        row["deleted_at"] = "2026-09-02T00:00:00Z"
    return f"{name} {row['id']}"


def grant_status(random: Random, case: Case) -> str:
    """Another status of a grant."""
    names = [name for name in case.rows if name.endswith("/grants") and case.rows[name]]
    if not names:
        return "none"
    row = random.choice(case.rows[random.choice(names)])
    row["status"] = random.choice(("voided", "expired", "pending", "active"))
    return f"{row['key']} {row['status']}"


def other_version(random: Random, case: Case) -> str:
    """A newer version of a plan, live, and subscriptions of it."""
    old = random.choice(case.rows["plans"])
    new = copy.deepcopy(old) | {"id": "01ZX" + "0" * 22, "version": 2, "status": random.choice(("active", "draft"))}
    if any(row["id"] == new["id"] for row in case.rows["plans"]):
        return "none"
    if new["status"] == "active":
        old["status"] = random.choice(("archived", "archived", "active"))
    case.rows["plans"].append(new)
    for row in case.rows[LINKS]:
        if row.get("plan_id") == old["id"] and random.random() < 0.5:
            row |= {"plan_id": new["id"], "plan": {name: new[name] for name in ("id", "key", "version")}}
    return new["key"]


def catalog_row(random: Random, case: Case) -> str:
    """Another value in a row of the catalog, or a row that isn't there."""
    name = random.choice(("meters", "features", "plans", "tax-codes"))
    if not case.rows[name]:
        return "none"
    row = random.choice(case.rows[name])
    if random.random() < 0.2:
        case.rows[name].remove(row)
        return f"{name} {row.get('key')} gone"
    change = random.choice(
        (
            {"name": "Other"},
            {"key": "other"},
            {"status": "weird"},
            {"labels": {"billsync_owner": "other"}},
            {"labels": {"billsync_owner": "shop"}},
            {"description": "x"},
            {"settlement_mode": "credit_only"},
        )
    )
    row |= change
    return f"{name} {change}"


def files_customer(random: Random, case: Case) -> str:
    """Another value in the declaration of a customer, or of what belongs to it."""
    customers = case.files.get(ROOT) or []
    if not customers:
        return "none"
    customer = random.choice(customers)
    what = random.choice(DECLARED)
    return f"{customer.get('key')}: {what(random, customer)}"


def _set(random: Random, customer: Document) -> str:
    name, values = random.choice(tuple(CUSTOMER_VALUES.items()))
    customer[name] = copy.deepcopy(random.choice(values))
    return f"{name} = {customer[name]!r}"


def _unset(random: Random, customer: Document) -> str:
    names = [name for name in customer if name not in ("key", "name")]
    name = random.choice(names) if names else ""
    customer.pop(name, None)
    return f"without {name}"


def _subscription(random: Random, customer: Document) -> str:
    name, values = random.choice(tuple(SUBSCRIPTION_VALUES.items()))
    entry = customer.setdefault("subscription", {"plan": "small"})
    if isinstance(entry, dict):
        entry[name] = copy.deepcopy(random.choice(values))
        return f"subscription.{name} = {entry[name]!r}"
    return "none"


def _several(random: Random, customer: Document) -> str:
    first = customer.pop("subscription", {"plan": "small"})
    customer["subscriptions"] = [{"key": "default", **first}, {"key": "second", "plan": "large"}][
        : random.randint(1, 2)
    ]
    return "several subscriptions"


def _grant(random: Random, customer: Document) -> str:
    grants = customer.setdefault("grants", [])
    if not isinstance(grants, list):
        return "none"
    if not grants or random.random() < 0.2:
        grants.append(
            {
                "key": random.choice(("welcome", "new", "gift")),
                "name": random.choice(("Welcome", "New")),
                "amount": "500.50",
                "currency": "USD",
                "funding_method": "none",
            }
        )
        return "another grant"
    if random.random() < 0.2:
        grants.pop()
        return "a grant less"
    name, values = random.choice(tuple(GRANT_VALUES.items()))
    grant = random.choice(grants)
    if random.random() < 0.2:
        grant.pop(name, None)
        return f"grant without {name}"
    grant[name] = copy.deepcopy(random.choice(values))
    return f"grant.{name} = {grant[name]!r}"


CUSTOMER_VALUES: dict[str, tuple[Any, ...]] = {
    "key": ("zeta", "acme-b"),
    "name": ("Acme Inc.", "acme  INC.", "Beta", "Other"),
    "description": ("An acme", "an acme", "", None),
    "labels": ({}, None, {"segment": "smb"}, {"segment": "1"}, {"stripe": "cus_1"}),
    "usage_attribution": ({"subject_keys": ["acme-a", "acme-b"]}, {"subject_keys": ["zeta"]}, None),
    "primary_email": ("billing@acme.example", "x@y.example", None),
    "currency": ("USD", "EUR", None),
    "billing_address": ({"country": "DE"}, {"country": "DE", "city": None}, {"line2": "x"}, None),
}
SUBSCRIPTION_VALUES: dict[str, tuple[Any, ...]] = {
    "key": ("default", "second"),
    "plan": ("small", "large"),
    "version": ("latest", 1, 2),
    "restart": (True, 1, 2),
    "version_digest": ("sha256:" + "0" * 64,),
    "settlement_mode": ("credit_only", "credit_then_invoice"),
    "billing_anchor": ("2026-09-01T00:00:00Z", "2026-09-01T02:00:00+02:00", "2026-10-01T00:00:00Z"),
    "cost_basis_mode": ("dynamic", "pinned"),
    "labels": ({"deal": "d1"}, {"deal": "d2"}, {}),
    "start": ("2026-09-01T00:00:00Z", "2026-08-01T00:00:00Z", "2027-01-01T00:00:00Z"),
    "starting_phase": ("default", "trial"),
    "change": ("at_renewal", "immediate"),
    "ends": ("at_renewal", "immediate", "2026-10-01T00:00:00Z"),
    "addons": ([],),
}
GRANT_VALUES: dict[str, tuple[Any, ...]] = {
    "key": ("welcome", "other"),
    "name": ("Welcome", "Other"),
    "description": ("Bought", "x", ""),
    "labels": ({"campaign": "q1"}, {"campaign": "q2"}, {}),
    "amount": ("500.50", "500.5", 500.5, 100, "100.00", "7", 7, 1, "1.0"),
    "currency": ("USD", "EUR"),
    "funding_method": ("none", "external", "invoice"),
    "purchase": ({"per_unit_cost_basis": "0.8"}, {"per_unit_cost_basis": "0.80", "currency": "USD"}, {}),
    "tax_config": ({"tax_code": "goods", "behavior": "exclusive"}, {"behavior": "exclusive"}, {"tax_code": "goods"}),
    "filters": ({"features": ["calls"]}, {"features": ["calls", "seats"]}, {"features": []}),
    "priority": (5, 10, 1),
    "effective_at": (
        "2026-09-01T00:00:00Z",
        "2026-09-01T02:00:00+02:00",
        "2026-09-01T00:00:00.9Z",
        "2026-10-01T00:00:00Z",
    ),
    "expires_after": ("P1Y", "P12M", "P365D", "P30D", "P1M"),
    "expires_at": ("2027-09-01T00:00:00Z", "2027-09-01T02:00:00+02:00", "2026-10-01T00:00:00Z"),
    "settlement": ("authorized", "settled"),
    "state": ("voided",),
}
DECLARED = (_set, _set, _unset, _subscription, _subscription, _several, _grant, _grant, _grant)


def files_members(random: Random, case: Case) -> str:
    """A customer more, less, or under another key."""
    customers = case.files.get(ROOT) or []
    match random.choice(("less", "more", "renamed", "like", "none")):
        case "less" if customers:
            return f"without {customers.pop(random.randrange(len(customers)))['key']}"
        case "more":
            customers.append({"key": "zeta", "name": random.choice(("Zeta", "acme inc.", "Beta"))})
            return "zeta"
        case "renamed" if customers:
            customer = random.choice(customers)
            old, customer["key"] = customer["key"], "zeta"
            return f"{old} is zeta"
        case "like" if customers:
            twin = copy.deepcopy(random.choice(customers)) | {"key": "eta"}
            twin.pop("usage_attribution", None)
            customers.append(twin)
            return "eta"
    if random.random() < 0.3:
        case.files[ROOT] = []
    return "none"


POLICIES: tuple[Document, ...] = (
    {"max_deletes": 0},
    {"max_delete_percent": {"percent": 10, "from": 2}},
    {"max_delete_percent": {"percent": 40, "from": 3}},
    {"protected": {ROOT: ["acme"]}},
)


def files_beyond(random: Random, case: Case) -> str:
    """Something else in the files that matters to all."""
    info = case.files["_info"]
    what = random.choice(
        (
            "owner",
            "policy",
            "moved",
            "forget",
            "adopted",
            "external",
            "catalog",
            "transitions",
            "target",
            "price",
            "unowned",
        )
    )
    match what:
        case "owner":
            info["owner"] = random.choice(("shop", "other"))
        case "unowned":
            info.pop("owner", None)
        case "policy":
            info["policy"] = random.choice(POLICIES)
        case "moved":
            case.files["moved"] = [
                random.choice(
                    (
                        {"kind": "customer", "from": "acme", "to": "zeta"},
                        {"kind": "feature", "from": "old", "to": "calls"},
                        {"kind": "plan", "from": "old", "to": "small"},
                    )
                )
            ]
        case "forget":
            case.files["forget"] = [
                random.choice(({"kind": "customer", "key": "gone"}, {"kind": "meter", "key": "gone"}))
            ]
        case "adopted":
            case.files["adopted"] = random.choice(({ROOT: ["*"]}, {"plans": ["*"]}, {"features": ["calls"]}))
        case "external":
            key = random.choice(("plans", "features", "tax_codes"))
            gone = case.files.pop(key, None) or []
            case.files["external"] = {key: [one["key"] for one in gone]}
        case "catalog":
            key = random.choice(("plans", "features", "tax_codes", "meters"))
            if case.files.get(key):
                case.files[key].pop()
        case "transitions":
            info["transitions"] = [{"from": "*", "to": "*", "timing": random.choice(("at_renewal", "immediate"))}]
        case "target":
            info["target"] = {"subscriptions_per_customer": random.choice(("one", "many"))}
        case "price":
            if case.files.get("plans"):
                plan = random.choice(case.files["plans"])
                plan["phases"][0]["rate_cards"][0]["price"]["amount"] = "11"
                if random.random() < 0.3:
                    plan["settlement_mode"] = random.choice(("credit_only", "credit_then_invoice"))
    return what


CHANGES: tuple[Callable[[Random, Case], str], ...] = (
    odd_value, odd_value, odd_value, odd_field, odd_field, label_of_row, label_of_row, copied_row, copied_row, ending,
    gone_row, gone_row, grant_status, other_version, catalog_row, claimed, likened, likened, files_customer,
    files_customer, files_customer, files_customer, files_members, files_members, files_beyond,
)  # fmt: skip
