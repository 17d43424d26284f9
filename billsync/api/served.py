"""Operations and request fields of API v3 that a server says it takes, read from its own OpenAPI document. Pure.

OpenMeter serves the document next to its resources (catalog-facts.md §1); Konnect publishes none at its address.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from billsync.model.frozen import dataclass
from billsync.model.value import Plain

DOCUMENT = "/openapi.json"
"""The path of the document below the API's base."""

METHODS = ("get", "post", "put", "patch", "delete")
PRODUCT = "/openmeter/"
_PARAMETER = re.compile(r"\{[^{}/]*\}")
DEEPEST = 12
"""Levels of objects in a body that are followed; the deepest known request has seven."""


@dataclass(frozen=True, slots=True)
class Served:
    """By operation (`POST /openmeter/plans/{}/publish`), the dotted fields of its request; list members are passed
    over (`phases.rate_cards.currency`)."""

    operations: Mapping[str, frozenset[str]]

    def has(self, need: str) -> bool:
        """Whether an operation is there; after a space, a field of its request must be there too."""
        operation, _, field = need.partition(": ")
        return operation in self.operations and (not field or field in self.operations[operation])


def blank(path: str) -> str:
    """A path with its parameters' names taken out: `/openmeter/plans/{planId}` is `/openmeter/plans/{}`."""
    return _PARAMETER.sub("{}", path)


def served_by(document: Plain) -> Served | None:
    """The facts of an OpenAPI document; None for anything that isn't one of this API."""
    paths = document.get("paths") if isinstance(document, Mapping) else None
    if not isinstance(paths, Mapping):
        return None
    schemas = _Schemas(document)
    found = {
        f"{method.upper()} {blank(path)}": frozenset(schemas.request_fields(item[method]))
        for path, item in paths.items()
        if isinstance(path, str) and path.startswith(PRODUCT) and isinstance(item, Mapping)
        for method in METHODS
        if isinstance(item.get(method), Mapping)
    }
    return Served(found) if found else None


@dataclass(frozen=True, slots=True)
class _Schemas:
    """A document whose references are followed; what can't be followed has no fields."""

    document: Mapping[str, Plain]

    def request_fields(self, operation: Mapping[str, Plain]) -> Iterator[str]:
        """The dotted names of all fields in the JSON body of an operation, whose own are not read-only."""
        body = self._resolved(operation.get("requestBody"))
        content = body.get("content")
        media = content.get("application/json") if isinstance(content, Mapping) else None
        if isinstance(media, Mapping):
            yield from self._fields(media.get("schema"), "", frozenset(), DEEPEST)

    def _fields(self, schema: Plain, prefix: str, seen: frozenset[str], depth: int) -> Iterator[str]:
        """A schema that contains itself is entered once."""
        name = schema.get("$ref") if isinstance(schema, Mapping) else None
        if depth == 0 or name in seen:
            return
        seen = seen | {name} if isinstance(name, str) else seen
        node = self._resolved(schema)
        for word in ("allOf", "anyOf", "oneOf"):
            for branch in _listed(node.get(word)):
                yield from self._fields(branch, prefix, seen, depth)
        if "items" in node:
            yield from self._fields(node["items"], prefix, seen, depth)
        properties = node.get("properties")
        for field, inner in properties.items() if isinstance(properties, Mapping) else ():
            if not self._resolved(inner).get("readOnly"):
                yield f"{prefix}{field}"
                yield from self._fields(inner, f"{prefix}{field}.", seen, depth - 1)

    def _resolved(self, node: Plain) -> Mapping[str, Plain]:
        """The node behind its references; an empty one for anything else."""
        for _ in range(DEEPEST):
            if not isinstance(node, Mapping):
                return {}
            if not isinstance(reference := node.get("$ref"), str):
                return node
            node = self._at(reference)
        return {}

    def _at(self, reference: str) -> Plain:
        node: Plain = self.document
        for part in reference.removeprefix("#/").split("/"):
            node = node.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(node, Mapping) else None
        return node


def _listed(value: Plain) -> Sequence[Plain]:
    return value if isinstance(value, list | tuple) else ()
