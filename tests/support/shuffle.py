"""The same configuration written in other ways, and the same server showing its rows in another order."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import httpx
import yaml

from billsync.kinds.registry import KINDS

UNORDERED = frozenset({"rate_cards", "app_mappings", *(kind.collection for kind in KINDS.values())})
"""Lists in which the order of the entries means nothing."""
NESTED = {"grants": "grants", "subscription": "subscriptions"}
"""What may stand in a customer or at the top level, and the collection that it is there."""


def write_shuffled(document: Mapping[str, Any], folder: Path, random: Random) -> None:
    """Writes the document as several files in several folders, everything in another order."""
    parts = list(_parts(_moved(document, random)))
    random.shuffle(parts)
    for number, part in enumerate(_grouped(parts, random)):
        place = folder / random.choice(["", "a", "b/c"]) / f"{random.randrange(10**6)}-{number}.yaml"
        place.parent.mkdir(parents=True, exist_ok=True)
        texts = [yaml.safe_dump(_shuffled("", one, random), sort_keys=False, allow_unicode=True) for one in part]
        place.write_text("---\n".join(texts), encoding="utf-8")


def _moved(document: Mapping[str, Any], random: Random) -> dict[str, Any]:
    """Some of what is nested in customers, at the top level."""
    moved: dict[str, Any] = {**document, "customers": []}
    for customer in document.get("customers", []):
        left = dict(customer)
        for name, collection in NESTED.items():
            if name in left and random.random() < 0.5:
                found = left.pop(name)
                entries = found if isinstance(found, list) else [found]
                moved[collection] = [*moved.get(collection, []), *({"customer": left["key"], **e} for e in entries)]
        moved["customers"].append(left)
    return {name: value for name, value in moved.items() if value != [] or name in document}


def _parts(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for name, value in document.items():
        if isinstance(value, list) and value:
            yield from ({name: [entry]} for entry in value)
        else:
            yield {name: value}


def _grouped(parts: list[dict[str, Any]], random: Random) -> Iterator[list[dict[str, Any]]]:
    """The parts in files of one to three documents."""
    while parts:
        size = random.randint(1, 3)
        yield parts[:size]
        parts = parts[size:]


def _shuffled(name: str, value: Any, random: Random) -> Any:
    if isinstance(value, dict):
        names = list(value)
        random.shuffle(names)
        return {key: _shuffled(key, value[key], random) for key in names}
    if isinstance(value, list):
        entries = [_shuffled("", entry, random) for entry in value]
        if name in UNORDERED:
            random.shuffle(entries)
        return entries
    return value


@dataclass(slots=True)
class ShuffledRows(httpx.BaseTransport):
    """Shows the rows of each page, and the members of each object, in another order."""

    inner: httpx.BaseTransport
    random: Random

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The inner transport's answer, reordered."""
        response = self.inner.handle_request(request)
        content = response.read()
        if request.method != "GET" or not content:
            return httpx.Response(response.status_code, headers=response.headers, content=content)
        body = json.loads(content)
        if isinstance(body.get("data"), list):
            self.random.shuffle(body["data"])
        return httpx.Response(response.status_code, json=_shuffled("", body, self.random))
