"""The vendor's OpenAPI document of each generation: as published, or that with the changes which were read by hand.

What changed after August 2026 stands in `later-*.yaml` in words (it is no valid YAML). Here it is applied to the
document before it; each change quotes the words that it comes from, so that neither can go its own way.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.openapi import FOLDER, Document, compiled

GENERATIONS = ("openmeter@2026-08", "openmeter@later", "konnect@1.1", "konnect@1.2")
_PUBLISHED = {"openmeter": "openmeter-v3-*.yaml", "konnect": "konnect-metering-billing-v3-*.yaml"}
_NOTES = {"openmeter@later": "later-openmeter-v3.yaml", "konnect@1.2": "later-konnect-1.2.0.yaml"}
_SCHEMAS = "#/components/schemas/"
_ADDED = re.compile(r"- \{op: (?P<methods>[A-Z|]+) (?P<paths>/openmeter\S+(?: and \S+)*?)(?:, (?P<more>.*))?\}$")
_BODY, _ANSWER = re.compile(r"body: (\w+)"), re.compile(r'"(200|204)": (\w+)')


@cache
def document_of(generation: str) -> Any:
    """The document of a generation; skips the test where ../shared/openapi is not here."""
    dialect = generation.partition("@")[0]
    found = sorted(FOLDER.glob(_PUBLISHED[dialect])) if FOLDER.is_dir() else []
    if not found:
        pytest.skip("../shared/openapi is not here")
    document = _read(found[-1])
    if generation in _NOTES:
        document = copy.deepcopy(document)
        changed = _Changed(document, (FOLDER / _NOTES[generation]).read_text(encoding="utf-8"))
        (_later if dialect == "openmeter" else _hosted_later)(changed)
    return document


@cache
def compiled_document(generation: str) -> Document:
    """The document of a generation, ready to check exchanges against."""
    return compiled(document_of(generation))


@cache
def _read(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)


class _Changed:
    """A document to which changes are made, and the notes that must hold the words of each."""

    def __init__(self, document: Any, notes: str) -> None:
        self.paths, self.schemas, self.notes = document["paths"], document["components"]["schemas"], notes

    def noted(self, words: str) -> None:
        assert words in self.notes, words

    def field(self, schema: str, name: str, value: Mapping[str, Any], words: str) -> None:
        self.noted(words)
        self.schemas[schema]["properties"][name] = value

    def object(self, name: str, words: str, **properties: Mapping[str, Any]) -> None:
        self.noted(words)
        self.schemas[name] = {"type": "object", "additionalProperties": False, "properties": properties}

    def renamed(self, schema: str, old: str, new: str, words: str) -> None:
        self.noted(words)
        properties = self.schemas[schema]["properties"]
        properties[new] = properties.pop(old)

    def required(self, schema: str, names: list[str], words: str) -> None:
        self.noted(words)
        self.schemas[schema]["required"] = names

    def operation(self, method: str, path: str, value: Any) -> None:
        self.paths.setdefault(self.template(path), {})[method.lower()] = value

    def template(self, path: str) -> str:
        """The path as the document has it, whatever it calls the parameters."""
        wanted = re.sub(r"\{[^}]*\}", "{}", path)
        return next((known for known in self.paths if re.sub(r"\{[^}]*\}", "{}", known) == wanted), path)


def _later(to: _Changed) -> None:
    """OpenMeter after August 2026."""
    timing = {"allOf": [{"$ref": f"{_SCHEMAS}BillingSubscriptionEditTiming"}]}
    phase, mode = {"type": "string"}, {"$ref": f"{_SCHEMAS}BillingSettlementMode"}
    to.field("CreatePlanRequest", "settlement_mode", mode, "CreatePlanRequest:   {added: {settlement_mode:")
    to.field("UpsertPlanRequest", "settlement_mode", mode, "UpsertPlanRequest:   {added: {settlement_mode:")
    words = "{custom_plan: BillingSubscriptionCustomPlan, starting_phase: string, timing:"
    to.field("BillingSubscriptionCreate", "timing", timing, words)
    to.field("BillingSubscriptionCreate", "starting_phase", phase, words)
    to.required("BillingSubscriptionCreate", ["customer"], "{was: [customer, plan], now: [customer]}")
    words = "{custom_plan: BillingSubscriptionCustomPlan, starting_phase: string}"
    to.field("BillingSubscriptionChange", "starting_phase", phase, words)
    to.required("BillingSubscriptionChange", ["customer", "timing"], "now: [customer, timing]}")
    for taxed, schema in (("CreateCreditGrantRequest", "CreateCreditGrantTaxConfig"), ("BillingCreditGrant", "")):
        words = f'{taxed}.tax_config: {{was: "{{behavior, tax_code}}"'
        to.renamed(schema or _tax_config_shown(to.schemas), "tax_code", "code", words)
    migrate = {"target_version": {"type": "integer", "minimum": 1}, "starting_phase": phase}
    anchor = {"$ref": f"{_SCHEMAS}DateTime"}
    words = 'BillingSubscriptionMigrate: {timing: "default immediate'
    to.object("BillingSubscriptionMigrate", words, timing=timing, billing_anchor=anchor, **migrate)
    words = 'SubscriptionAddonUpdate: {quantity: ">= 0'
    to.object("BillingSubscriptionAddonUpdate", words, timing=timing, quantity={"type": "integer", "minimum": 0})
    shown = {"$ref": f"{_SCHEMAS}BillingSubscription"}
    to.object("BillingSubscriptionMigrateResponse", "{current: BillingSubscriptionBase", current=shown, next=shown)
    to.object("BillingSubscriptionEdit", 'BillingSubscriptionEdit: {customizations: "1..100', timing=timing)
    _add_routes(to)


_FAILED = {status: {"description": ""} for status in ("400", "403", "404", "409")}
"""Not noted, and so taken to be those of the operations around them."""


def _add_routes(to: _Changed) -> None:
    """Every added operation, with its body and the schemas of its answers where they are noted."""
    added = to.notes.partition("routes_added:")[2].partition("routes_flags_changed:")[0].strip().splitlines()
    for line in added:
        found = _ADDED.match(line.strip())
        assert found, line
        more = found["more"] or ""
        answers = {status: _answer(name, to) for status, name in _ANSWER.findall(more)}
        operation = {"responses": {**_FAILED, **(answers or {"200": {"description": ""}})}}
        if body := _BODY.search(more):
            operation["requestBody"] = {"content": _json(body[1])}
        for method in found["methods"].split("|"):
            to.operation(method, found["paths"], operation)
    item = to.paths[to.template("/openmeter/subscriptions/{id}/addons/{addonId}")]
    item["patch"]["responses"] |= {"200": _answer("SubscriptionAddon", to)}


def _hosted_later(to: _Changed) -> None:
    """Konnect 1.2.0."""
    for method in ("GET", "POST"):
        to.noted("/openmeter/customers/{id}/charges")
        del to.paths[to.template("/openmeter/customers/{id}/charges")][method.lower()]
    mode = {"type": "string", "enum": ["dynamic", "pinned"], "default": "dynamic"}
    for schema in ("BillingSubscriptionCreate", "BillingSubscription"):
        to.field(schema, "cost_basis_mode", mode, "added: [cost_basis_mode,")
    for part in ("current", "next"):  # each is written out there
        to.schemas["BillingSubscriptionChangeResponse"]["properties"][part]["properties"]["cost_basis_mode"] = mode
    to.required("BillingSubscriptionCreate", ["customer"], 'was: "[customer, plan]", now: "[customer]"')
    currency = {"type": "string", "minLength": 3, "maxLength": 24}
    to.field("BillingRateCard", "currency", currency, "{added: [currency (override)]")
    for schema in ("CreateAddonRequest", "Addon"):
        to.field(schema, "currency", currency, 'Addon.currency: "fiat or custom"')


def _answer(schema: str, to: _Changed) -> Any:
    return {"description": "", **({"content": _json(schema)} if schema in to.schemas else {})}


def _json(schema: str) -> Any:
    return {"application/json": {"schema": {"$ref": _SCHEMAS + schema}}}


def _tax_config_shown(schemas: Any) -> str:
    """The name of the schema of a grant's tax configuration in answers."""
    node = schemas["BillingCreditGrant"]["properties"]["tax_config"]
    reference = node.get("$ref") or node["allOf"][0]["$ref"]
    return str(reference.removeprefix(_SCHEMAS))
