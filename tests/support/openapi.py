"""The vendor's OpenAPI 3.0 document as something to check exchanges against. It knows no HTTP library and no test."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema.validators import extend
from openapi_schema_validator import (
    OAS30ReadValidator,
    OAS30WriteValidator,
    oas30_format_checker,
)
from referencing import Registry
from referencing.jsonschema import DRAFT4

DOCUMENT_URI = "urn:document"
FOLDER = Path(__file__).resolve().parents[3] / "shared" / "openapi"
Json = Any
ID_OR_TIME = re.compile(
    r"(?<=\")(?:[0-7][0-9A-HJKMNP-TV-Z]{25}"
    r"|20\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?Z)(?=\")"
)
"""A whole JSON text that is an id of the server, or a time that there is."""
MOST_REMEMBERED = 20_000
ROWS = "data"
PLAIN_LIST = {"type", "items", "description", "title"}
"""All that the schema of a list may say for its rows to be looked at one by one."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path; `pointer` is where it stands in the document."""

    method: str
    template: str
    pointer: str
    node: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Violation:
    """One place of a value that its schema forbids."""

    place: str
    message: str


@dataclass(slots=True)
class Document:
    """A parsed document with its compiled validators; build it once.

    `faultless` is for who checks whole exchanges: the digests of those that were right.
    """

    root: Mapping[str, Any]
    registry: Registry[Any]
    patterns: tuple[tuple[re.Pattern[str], str], ...]
    validators: dict[tuple[str, bool], Any] = field(default_factory=dict)
    nodes: dict[str, Any] = field(default_factory=dict)
    valid: set[tuple[str, bool, str]] = field(default_factory=set)
    faultless: set[bytes] = field(default_factory=set)

    def operation(self, method: str, path: str) -> Operation | None:
        """The operation that a path below the API's base belongs to, or None."""
        for pattern, template in self.patterns:
            if pattern.fullmatch(path) and method.lower() in self.root["paths"][template]:
                return self._operation(method.lower(), template)
        return None

    def _operation(self, method: str, template: str) -> Operation:
        item = self.root["paths"][template]
        pointer = f"/paths/{escaped(template)}/{method}"
        return Operation(method, template, pointer, item[method])

    def resolved(self, node: Mapping[str, Any], pointer: str) -> tuple[Mapping[str, Any], str]:
        """A node behind its `$ref`, and where it really stands."""
        while "$ref" in node:
            pointer = node["$ref"].removeprefix("#")
            node = self.at(pointer)
        return node, pointer

    def at(self, pointer: str) -> Any:
        """What stands at a JSON pointer."""
        found: Any = self.root
        for part in pointer.lstrip("/").split("/"):
            name = part.replace("~1", "/").replace("~0", "~")
            found = found[int(name) if isinstance(found, list) else name]
        return found

    def violations(self, pointer: str, value: Json, *, written: bool) -> list["Violation"]:
        """Why a value isn't what the schema at a pointer asks for; `written` forbids read-only members.

        What was found valid once isn't looked at again, nor what differs from it in ids and times alone. The rows of a
        list are looked at one by one, as most of them stand in several lists.
        """
        rows = self._rows(pointer) if isinstance(value, dict) and isinstance(value.get(ROWS), list) else None
        if rows is None:
            return self._of_part(pointer, value, (), written)
        found = self._of_part(pointer, {**value, ROWS: []}, (), written)
        for index, row in enumerate(value[ROWS]):
            found += self._of_part(rows, row, (ROWS, index), written)
        return found

    def _rows(self, pointer: str) -> str | None:
        """The place of the schema of a list's rows; None where the schema asks for more than rows of one form."""
        schema, pointer = self.resolved(self.at(pointer), pointer)
        node = schema.get("properties", {}).get(ROWS)
        if node is None:
            return None
        listed, pointer = self.resolved(node, f"{pointer}/properties/{ROWS}")
        return f"{pointer}/items" if listed.keys() <= PLAIN_LIST and "items" in listed else None

    def _of_part(self, pointer: str, value: Json, path: tuple[str | int, ...], written: bool) -> list["Violation"]:
        question = (pointer, written, blanked(json.dumps(value, sort_keys=True)))
        if question in self.valid:
            return []
        found = [deepest(error) for error in self._validator(pointer, written).iter_errors(value)]
        if not found and len(self.valid) < MOST_REMEMBERED:
            self.valid.add(question)
        return [Violation(place((*path, *error.absolute_path)), error.message[:300]) for error in found]

    def _validator(self, pointer: str, written: bool) -> Any:
        if (pointer, written) not in self.validators:
            kind = extend(OAS30WriteValidator if written else OAS30ReadValidator, {"$ref": self._behind_ref})
            schema = {"$ref": f"{DOCUMENT_URI}#{pointer}"}
            self.validators[pointer, written] = kind(
                schema, registry=self.registry, format_checker=oas30_format_checker
            )
        return self.validators[pointer, written]

    def _behind_ref(self, validator: Any, ref: str, value: Json, _schema: Json) -> Iterator[Any]:
        """The errors of what a reference leads to: the library looks each up anew, which took half the time."""
        pointer = ref.removeprefix(DOCUMENT_URI).removeprefix("#")
        if pointer not in self.nodes:
            self.nodes[pointer] = self.at(pointer)
        yield from validator.descend(value, self.nodes[pointer], resolver=self.registry.resolver(DOCUMENT_URI))

    def parameters(self, operation: Operation) -> Iterator[tuple[Mapping[str, Any], str]]:
        """The operation's parameters, each with the place of its schema."""
        for index, node in enumerate(operation.node.get("parameters", ())):
            parameter, pointer = self.resolved(node, f"{operation.pointer}/parameters/{index}")
            yield parameter, f"{pointer}/schema"

    def contents(self, node: Mapping[str, Any], pointer: str) -> dict[str, str]:
        """Media type -> place of the schema, of a request body or a response."""
        node, pointer = self.resolved(node, pointer)
        return {media: f"{pointer}/content/{escaped(media)}/schema" for media in node.get("content", {})}


def escaped(part: str) -> str:
    """One part of a JSON pointer."""
    return part.replace("~", "~0").replace("/", "~1")


def place(path: Iterable[str | int]) -> str:
    """A path into a value, dotted, with * for any index; "" for the whole."""
    return ".".join("*" if isinstance(part, int) else part for part in path)


def blanked(text: str) -> str:
    """The text with each id and each time by a number, the same ones by the same number.

    A schema can ask for their form and for distinct members, which both stay; only texts of the right form go.
    """
    numbers: dict[str, str] = {}
    return ID_OR_TIME.sub(lambda found: numbers.setdefault(found[0], f"\\{len(numbers)}"), text)


def deepest(error: Any) -> Any:
    """The most telling one of the errors behind an error."""
    while error.context:
        error = max(error.context, key=lambda inner: len(inner.absolute_path))
    return error


def document_path() -> Path | None:
    """The vendor's document beside the repository, or None in a clone that stands alone."""
    return next(iter(sorted(FOLDER.glob("openmeter-v3-*.yaml"))), None)


@cache
def load(path: Path) -> Document:
    """The document, parsed once in a process."""
    return compiled(yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader))


def compiled(root: Mapping[str, Any]) -> Document:
    """A parsed document with the patterns of its paths."""
    templates = sorted(root["paths"], key=lambda template: template.count("{"))
    patterns = tuple((re.compile(re.sub(r"\{[^/]+\}", "[^/]+", t)), t) for t in templates)
    registry: Registry[Any] = Registry().with_resource(DOCUMENT_URI, DRAFT4.create_resource(root))
    return Document(root, registry, patterns)
