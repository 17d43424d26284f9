"""The least that the same work takes: each step by itself, with the fastest means there are, and nothing else.

`python -m benchmarks.reconcile.floors read FILES PORT READS` prints the CPU seconds of each step as JSON: the files
parsed, the same GETs by bare sockets, the same pages decoded, and everything compared once. `parse FILES` parses only;
`create FILES PORT CLIENT` makes the POSTs that create all, ten at a time.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from benchmarks.reconcile.declared import Fields
from benchmarks.reconcile.floor_reads import bodies_of
from benchmarks.reconcile.floor_writes import CLIENTS, created

Seconds = dict[str, float]


def clocked(seconds: Seconds, step: str, work: Callable[[], Any]) -> Any:
    """What the work gives; its CPU is noted under the step."""
    gc.collect()
    gc.disable()
    began = time.process_time()
    found = work()
    seconds[step] = time.process_time() - began
    gc.enable()
    return found


def parsed(contents: Sequence[bytes]) -> list[Any]:
    """YAML files as plain values, by compiled code."""
    import orjson
    import ryml

    return [orjson.loads(ryml.emit_json(ryml.parse_in_arena(content))) for content in contents]


def decoded(pages: list[bytes]) -> list[Any]:
    """Each page as plain values with exact numbers; the pages themselves are used up."""
    import msgspec

    decode = msgspec.json.Decoder(float_hook=Decimal).decode
    found = []
    while pages:
        found.append(decode(pages.pop()))
    return found


def parse_floor(contents: Sequence[bytes]) -> Seconds:
    """CPU seconds of parsing the files."""
    seconds: Seconds = {}
    clocked(seconds, "parse", lambda: parsed(contents))
    return seconds


def read_floor(contents: Sequence[bytes], port: int, reads: Sequence[str]) -> Seconds:
    """CPU seconds of each step of finding out that nothing has changed, by a program that keeps both sides."""
    seconds: Seconds = {}
    documents = clocked(seconds, "parse", lambda: parsed(contents))
    bodies = clocked(seconds, "ask", lambda: bodies_of(port, reads))
    pages = [body for body in bodies if body.startswith(b"{")]
    bodies.clear()
    kept = clocked(seconds, "decode", lambda: decoded(pages))
    del kept
    others = parsed(contents)
    assert clocked(seconds, "compare", lambda: documents == others)
    return seconds


def create_floor(contents: Sequence[bytes], port: int, client: str) -> Seconds:
    """CPU seconds of parsing and of creating all, and the seconds on the wall that the POSTs take."""
    seconds: Seconds = {}
    documents = clocked(seconds, "parse", lambda: parsed(contents))
    whole = whole_of(documents)
    ask = CLIENTS[client](f"http://127.0.0.1:{port}/api/v3/openmeter")
    began = time.monotonic()
    clocked(seconds, "create", lambda: created(whole, ask))
    seconds["wall"] = time.monotonic() - began
    return seconds


def whole_of(documents: Sequence[Fields]) -> Fields:
    """The members of each collection, of all documents."""
    whole: Fields = {}
    for document in documents:
        for name, members in document.items():
            if not name.startswith("_"):
                whole.setdefault(name, []).extend(members)
    return whole


def main() -> None:
    """Print the floor that the arguments name."""
    name, files, *rest = sys.argv[1:]
    contents = [path.read_bytes() for path in sorted(Path(files).iterdir())]
    parsed(contents[:1]), decoded([b"{}"])  # imports aren't counted
    match name, rest:
        case "parse", []:
            found = parse_floor(contents)
        case "read", [port, reads]:
            found = read_floor(contents, int(port), Path(reads).read_text(encoding="utf-8").split())
        case "create", [port, client]:
            found = create_floor(contents, int(port), client)
        case _:
            raise SystemExit(__doc__)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
