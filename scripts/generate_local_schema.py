#!/usr/bin/env python3
"""Turns the vendor's OpenAPI document into the table that drives the local server's validation of requests.

Only facts are kept (types, limits, defaults, references), no prose; answers are not described by the table.
Usage: generate_local_schema.py OPENAPI.yaml [OUTPUT.json]
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

OUTPUT = Path(__file__).resolve().parents[1] / "billsync" / "local" / "data" / "requests.json"
METHODS = ("get", "post", "put", "patch", "delete")
SCHEMA_FACTS = (
    "type", "format", "enum", "pattern", "minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems",
    "uniqueItems", "maxProperties", "required", "default", "nullable", "readOnly",
)  # fmt: skip
FILTER_KINDS = {
    "StringFieldFilter": "string",
    "StringFieldFilterExact": "exact",
    "ULIDFieldFilter": "ulid",
    "DateTimeFieldFilter": "time",
}


def table(document: Mapping[str, Any]) -> dict[str, Any]:
    """The table: every operation with its body and query parameters, and the schemas those need."""
    schemas = document["components"]["schemas"]
    operations = {f"{method.upper()} {path}": operation_facts(operation, document)
                  for path, item in document["paths"].items()
                  for method, operation in item.items() if method in METHODS}  # fmt: skip
    needed = closure(set(references(operations)), schemas)
    return {"operations": operations, "schemas": {name: schema_facts(schemas[name]) for name in sorted(needed)}}


def operation_facts(operation: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    if body := operation.get("requestBody"):
        facts["body"] = {
            "required": body.get("required", False),
            "content": {kind: schema_facts(media["schema"]) for kind, media in body["content"].items()},
        }
    query = [resolved(parameter, document) for parameter in operation.get("parameters", ())]
    parameters = {p["name"]: parameter_facts(p["schema"], document) for p in query if p["in"] == "query"}
    if parameters:
        facts["query"] = parameters
    return facts


def parameter_facts(schema: Mapping[str, Any], document: Mapping[str, Any]) -> Any:
    """A deep object's members; another parameter's schema."""
    whole = resolved(schema, document)
    if whole.get("type") != "object":
        return schema_facts(schema)
    return {"members": {name: member_facts(member) for name, member in whole["properties"].items()}}


def member_facts(member: Mapping[str, Any]) -> Any:
    named = member.get("$ref") or (member.get("allOf") or [{}])[0].get("$ref", "")
    return FILTER_KINDS.get(named.rsplit("/", 1)[-1]) or schema_facts(member)


def schema_facts(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema without its prose, references shortened to the name."""
    if "$ref" in schema:
        return {"$ref": schema["$ref"].rsplit("/", 1)[-1]}
    facts = {word: schema[word] for word in SCHEMA_FACTS if word in schema}
    for word in ("allOf", "anyOf", "oneOf"):
        if word in schema:
            facts[word] = [schema_facts(part) for part in schema[word]]
    if "items" in schema:
        facts["items"] = schema_facts(schema["items"])
    if "properties" in schema:
        facts["properties"] = {name: schema_facts(part) for name, part in schema["properties"].items()}
    if isinstance(extra := schema.get("additionalProperties"), bool):
        facts["additionalProperties"] = extra
    elif extra is not None:
        facts["additionalProperties"] = schema_facts(extra)
    if choice := schema.get("discriminator"):
        facts["discriminator"] = [choice["propertyName"], short_mapping(choice.get("mapping", {}))]
    return facts


def short_mapping(mapping: Mapping[str, str]) -> dict[str, str]:
    return {value: reference.rsplit("/", 1)[-1] for value, reference in mapping.items()}


def resolved(item: Mapping[str, Any], document: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in item:
        return item
    found: Any = document
    for part in item["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return resolved(found, document)


def references(facts: Any) -> Iterator[str]:
    if isinstance(facts, dict):
        if isinstance(facts.get("$ref"), str):
            yield facts["$ref"]
        for value in facts.values():
            yield from references(value)
    elif isinstance(facts, list):
        for value in facts:
            yield from references(value)


def closure(names: set[str], schemas: Mapping[str, Any]) -> set[str]:
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(references(schema_facts(schemas[name])))
    return found


def rendered(document: Mapping[str, Any]) -> str:
    """The committed text: one operation or schema a line, so that a change of the API reads well as a diff."""
    parts = []
    for section, entries in table(document).items():
        lines = ",\n".join(
            f"{json.dumps(name)}:{json.dumps(facts, separators=(',', ':'), sort_keys=True)}"
            for name, facts in sorted(entries.items())
        )
        parts.append(f'"{section}":{{\n{lines}\n}}')
    return "{" + ",\n".join(parts) + "}\n"


def main(arguments: list[str]) -> int:
    if not 1 <= len(arguments) <= 2:
        print(__doc__, file=sys.stderr)
        return 64
    document = yaml.load(Path(arguments[0]).read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    target = Path(arguments[1]) if len(arguments) == 2 else OUTPUT
    target.write_text(rendered(document), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
