"""The digest by which second runs are remembered: two states in which anything differs that matters are two."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.clock import START
from tests.support.state_digest import ID, Row, Tables, state_digest, tables_of
from tests.support.world import EXAMPLES, World, declared_in

pytestmark = pytest.mark.thorough

NOW = START + timedelta(minutes=5)
ENTITIES = "entity"


def synced(folder: Path, *, seed: int) -> Tables:
    """What a server holds after a whole sync of two examples, with a grant, subscriptions and add-ons."""
    world = World(seed=seed, database=str(folder / f"{seed}.db"))
    for example in ("prepaid-credits", "team-addons"):
        assert world.sync(declared_in(EXAMPLES / example)).report.succeeded
    world.close()
    return tables_of(Path(world.database))


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return synced(tmp_path_factory.mktemp("synced"), seed=2)


def made_by_billsync(tables: Tables) -> list[int]:
    """The places of the entities that aren't those of a fresh server."""
    columns, rows = tables[ENTITIES]
    resource = columns.index("resource")
    first = next(number for number, row in enumerate(rows) if row[resource] == "meter")
    return list(range(first, len(rows)))


def with_rows(tables: Tables, table: str, rows: list[Row]) -> Tables:
    return {**tables, table: (tables[table][0], rows)}


def with_row(tables: Tables, number: int, row: Row) -> Tables:
    _, rows = tables[ENTITIES]
    return with_rows(tables, ENTITIES, [*rows[:number], row, *rows[number + 1 :]])


def variants(value: Any) -> Iterator[Any]:
    """A value with one leaf, name or member changed, in every way; an id isn't changed here."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from ({**value, name: other} for other in variants(inner))
            yield {key: kept for key, kept in value.items() if key != name}
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from ([*value[:number], other, *value[number + 1 :]] for other in variants(inner))
            yield [*value, inner]
    elif isinstance(value, str):
        if not ID.fullmatch(value):
            yield from (f"{value}0", f"1{value}", value.swapcase() + " ")
    else:
        yield from (str(value), 1 if value is None else not value if isinstance(value, bool) else value + 1)


def changed_rows(columns: Any, row: Row) -> Iterator[Row]:
    """A row with one column, or one thing in its document, changed."""
    for number, (column, value) in enumerate(zip(columns, row, strict=True)):
        others = map(json.dumps, variants(json.loads(value))) if column == "document" else variants(value)
        yield from ((*row[:number], other, *row[number + 1 :]) for other in others)


def test_two_servers_that_differ_in_their_ids_only_have_one_digest(tables: Tables, tmp_path: Path) -> None:
    other = synced(tmp_path, seed=3)

    assert other != tables
    assert state_digest(other, NOW) == state_digest(tables, NOW)


def test_moments_of_the_same_hour_are_one(tables: Tables) -> None:
    digests = [state_digest(tables, NOW + timedelta(minutes=minutes)) for minutes in (0, 54, 55)]

    assert digests[0] == digests[1] != digests[2]


def test_whatever_is_changed_in_a_row_changes_the_digest(tables: Tables) -> None:
    columns, rows = tables[ENTITIES]
    states = [
        with_row(tables, number, row)
        for number in made_by_billsync(tables)
        for row in changed_rows(columns, rows[number])
    ]

    digests = {state_digest(state, NOW) for state in states}

    assert len(states) > 1000
    assert state_digest(tables, NOW) not in digests


def test_every_amount_of_money_is_among_what_is_changed(tables: Tables) -> None:
    columns, rows = tables[ENTITIES]
    amount = re.compile(r'"amount":\s*"([^"]*)"')
    texts = [rows[number][columns.index("document")] for number in made_by_billsync(tables)]
    amounts = [(text, match) for text in texts for match in amount.finditer(text)]

    dearer = {f"{text[: match.end(1)]}0{text[match.end(1) :]}" for text, match in amounts}
    tried = {other for text in texts for other in map(compact, variants(json.loads(text)))}

    assert len(amounts) > 5
    assert {compact(json.loads(text)) for text in dearer} <= tried


def compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


@pytest.mark.parametrize("table", ["entity", "term", "setting"])
def test_a_row_more_or_less_changes_the_digest(table: str, tables: Tables) -> None:
    _, rows = tables[table]
    doubled = [with_rows(tables, table, [*rows, row]) for row in rows]
    lost = [with_rows(tables, table, [*rows[:number], *rows[number + 1 :]]) for number in range(len(rows))]

    digests = [state_digest(state, NOW) for state in (*doubled, *lost)]

    assert state_digest(tables, NOW) not in digests


def test_a_reference_to_another_row_changes_the_digest(tables: Tables) -> None:
    columns, rows = tables[ENTITIES]
    ids = sorted({row[columns.index("id")] for row in rows})
    states = [
        with_row(tables, number, row)
        for number in made_by_billsync(tables)
        for row in with_other_ids(rows[number], ids)
    ]

    digests = {state_digest(state, NOW) for state in states}

    assert len(states) > 40
    assert state_digest(tables, NOW) not in digests


def with_other_ids(row: Row, ids: list[str]) -> Iterator[Row]:
    """A row with one id in it replaced by another one that is there."""
    for number, value in enumerate(row):
        for match in ID.finditer(value) if isinstance(value, str) else ():
            other = ids[(ids.index(match[0]) + 1) % len(ids)] if match[0] in ids else ids[0]
            yield (*row[:number], f"{value[: match.start()]}{other}{value[match.end() :]}", *row[number + 1 :])
