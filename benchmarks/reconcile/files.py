"""The made-up configuration as YAML files, in the style that people write: 1,000 customers in a file."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from benchmarks.reconcile.declared import FEATURES, OWNER, Fields, customer_with_all, feature, meter, plan, plan_count

IN_A_FILE = 1_000
HEAD = f'_format_version: "1.0"\n_info:\n  owner: {OWNER}\n'
SIGNS = frozenset(":#{}[],&*!|>'\"%@`$")
WORDS = frozenset({"no", "yes", "on", "off", "true", "false", "null"})

Change = Callable[[int, Fields], Fields]


def as_declared(_: int, fields: Fields) -> Fields:
    """The customer, unchanged."""
    return fields


def one_in_a_hundred_renamed(number: int, fields: Fields) -> Fields:
    """The customer; every hundredth has another name."""
    return {**fields, "name": fields["name"] + " Ltd"} if number % 100 == 0 else fields


def write_branch(folder: Path, customers: int) -> None:
    """Write a repository with two commits: the last one renames ten customers of different plans, and changes a price
    of another plan."""
    ten = {customers // 10 * number + number for number in range(10)}
    write_files(folder, customers)
    for command in ("init", "add", "commit"):
        _git(folder, command)
    last = plan_count(customers) - 1

    def renamed(number: int, fields: Fields) -> Fields:
        return {**fields, "name": fields["name"] + " Ltd"} if number in ten else fields

    write_files(folder, customers, change=renamed, dearer=lambda number: number == last)
    for command in ("add", "commit"):
        _git(folder, command)


GIT = {
    "init": ("init", "--quiet"),
    "add": ("add", "--all"),
    "commit": ("-c", "user.name=bench", "-c", "user.email=bench@example.com", "commit", "--quiet", "--message=made up"),
}


def _git(folder: Path, command: str) -> None:
    subprocess.run(("git", "-C", str(folder), *GIT[command]), check=True)


def write_files(
    folder: Path,
    customers: int,
    *,
    change: Change = as_declared,
    every: int = 1,
    dearer: Callable[[int], bool] = lambda number: False,
) -> None:
    """Write the configuration of that many customers, of whom one in `every` is declared.

    `dearer` says of which plans a price is another.
    """
    folder.mkdir(parents=True, exist_ok=True)
    plans = plan_count(customers)
    _write(folder / "meters.yaml", HEAD, "meters", map(meter, range(len(FEATURES))))
    _write(folder / "features.yaml", "", "features", map(feature, range(len(FEATURES))))
    _write(folder / "plans.yaml", "", "plans", (plan(number, dearer=dearer(number)) for number in range(plans)))
    numbers = range(0, customers, every)
    for begin in range(0, len(numbers), IN_A_FILE):
        part = numbers[begin : begin + IN_A_FILE]
        members = (change(number, customer_with_all(number, plans)) for number in part)
        _write(folder / f"customers-{begin // IN_A_FILE:03}.yaml", "", "customers", members)


def _write(path: Path, head: str, collection: str, members: Iterable[Fields]) -> None:
    lines = (line for member in members for line in _listed(member, "  "))
    path.write_text(f"{head}{collection}:\n{''.join(lines)}", encoding="utf-8")


def _block(fields: Fields, indent: str) -> Iterator[str]:
    for name, value in fields.items():
        if isinstance(value, dict):
            yield f"{indent}{name}:\n"
            yield from _block(value, indent + "  ")
        elif isinstance(value, list):
            yield f"{indent}{name}:\n"
            for member in value:
                yield from _listed(member, indent + "  ")
        else:
            yield f"{indent}{name}: {_scalar(value)}\n"


def _listed(member: Fields | str, indent: str) -> Iterator[str]:
    if isinstance(member, str):
        yield f"{indent}- {_scalar(member)}\n"
        return
    first, *rest = _block(member, indent + "  ")
    yield f"{indent}- {first[len(indent) + 2 :]}"
    yield from rest


def _scalar(value: str | int) -> str:
    """A scalar as a person would write it: plain where that is safe."""
    if isinstance(value, str) and value[:1].isalpha() and not SIGNS & set(value) and value not in WORDS:
        return value
    return json.dumps(value, ensure_ascii=False)
