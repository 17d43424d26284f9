#!/usr/bin/env python3
"""Writes schemas/: JSON Schemas for a whole file, for profiles, for plan files, and for each kind.

Usage: generate_schemas.py [DIRECTORY]
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from billsync.core.plan_file import plan_file_schema  # noqa: E402
from billsync.kinds.registry import KINDS  # noqa: E402
from billsync.schema.for_editors import for_editors  # noqa: E402
from billsync.schema.profiles import profiles_schema  # noqa: E402
from billsync.schema.schema import file_schema, written_schema  # noqa: E402


def schemas() -> Mapping[str, str]:
    """The text of each file in schemas/, by name."""
    made: dict[str, Any] = {"billsync": for_editors(file_schema(KINDS))}
    made["profiles"] = profiles_schema()
    made.update({kind.name: for_editors(written_schema(KINDS, kind)) for kind in KINDS.values()})
    made["plan-file"] = plan_file_schema()
    return {
        f"{name}.schema.json": json.dumps(schema, indent=2, ensure_ascii=False) + "\n" for name, schema in made.items()
    }


def main(arguments: list[str]) -> None:
    """Write them all."""
    directory = Path(arguments[0]) if arguments else ROOT / "schemas"
    directory.mkdir(exist_ok=True)
    for name, text in schemas().items():
        (directory / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
