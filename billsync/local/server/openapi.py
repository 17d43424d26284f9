"""The server's own OpenAPI document: its operations and the fields of their requests. Answers aren't described."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from billsync.local.server.editions import Edition, requests_of
from billsync.local.store.documents import Document

PATH = "/openapi.json"
SCHEMAS = "#/components/schemas/"
_PARAMETER = re.compile(r"\{([^}]+)\}")
_NESTED = ("allOf", "anyOf", "oneOf")


@cache
def openapi_document(edition: Edition) -> Document:
    """The document. Callers must not change it."""
    table = requests_of(edition)
    paths: dict[str, dict[str, Any]] = defaultdict(dict)
    for operation, facts in table["operations"].items():
        method, path = operation.split(" ")
        paths[path][method.lower()] = _operation(path, facts)
    return {
        "openapi": "3.0.0",
        "info": {"title": f"{edition.dialect} API v3, as the embedded server takes it", "version": "0.0.1"},
        "paths": paths,
        "components": {"schemas": {name: _schema(facts) for name, facts in table["schemas"].items()}},
    }


def _operation(path: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"responses": {"default": {"description": ""}}}
    if parameters := [*_path_parameters(path), *_query_parameters(facts.get("query", {}))]:
        found["parameters"] = parameters
    if body := facts.get("body"):
        content = {kind: {"schema": _schema(schema)} for kind, schema in body["content"].items()}
        found["requestBody"] = {"required": body["required"], "content": content}
    return found


def _path_parameters(path: str) -> Iterator[dict[str, Any]]:
    for name in _PARAMETER.findall(path):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _query_parameters(query: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for name, facts in query.items():
        members = facts.get("members")
        if members is None:
            yield {"name": name, "in": "query", "schema": _schema(facts)}
        else:
            schema = {"type": "object", "properties": {member: {} for member in members}}
            yield {"name": name, "in": "query", "style": "deepObject", "explode": True, "schema": schema}


def _schema(facts: Mapping[str, Any]) -> dict[str, Any]:
    """A schema of the table in OpenAPI's own words."""
    if "$ref" in facts:
        return {"$ref": SCHEMAS + facts["$ref"]}
    found = dict(facts)
    for word in _NESTED:
        if word in facts:
            found[word] = [_schema(part) for part in facts[word]]
    if "items" in facts:
        found["items"] = _schema(facts["items"])
    if "properties" in facts:
        found["properties"] = {name: _schema(part) for name, part in facts["properties"].items()}
    if isinstance(facts.get("additionalProperties"), Mapping):
        found["additionalProperties"] = _schema(facts["additionalProperties"])
    if "discriminator" in facts:
        name, mapping = facts["discriminator"]
        found["discriminator"] = {"propertyName": name, "mapping": {tag: SCHEMAS + to for tag, to in mapping.items()}}
    return found
