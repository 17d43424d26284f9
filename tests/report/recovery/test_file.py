"""The file of a recovery snapshot: what was written is read again, and nothing else is."""

from __future__ import annotations

import gzip
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from random import Random

import pytest

from billsync.app.ending import Ended
from billsync.app.recovery import store
from billsync.app.recovery.store import events, read, write
from billsync.model.recovery import Credit, Header, Promise, Recovery
from billsync.model.state import Row, Snapshot
from billsync.report.recovery.losses.accounting import EVENT, places
from billsync.report.recovery.snapshot.counting import counted_credit, counted_in
from billsync.report.recovery.snapshot.item_lines import credit_in, item_line, row_in
from billsync.report.recovery.snapshot.items import Event
from billsync.report.recovery.snapshot.lines import lines_of

BEGAN = datetime(2026, 9, 1, 12, 0, 0, 250_000, tzinfo=UTC)
HEADER = Header(
    BEGAN, datetime(2026, 9, 1, 12, 1, tzinfo=UTC), "local:", "openmeter", "openmeter 1.0", "0.1", ("acme",)
)
AMOUNTS = {"USD": Decimal("-0.01"), "XBT": Decimal("123456789012345678901234567890.123456789")}
CREATED = {"created_at": "2026-09-01T00:00:00Z"}
PLAN = {"key": "pro", "name": "Pro", "version": 2, "status": "active", "currency": "USD", "billing_cadence": "P1M"}
GRANT = {"name": "G", "status": "active", "currency": "USD", "amount": "20", **CREATED}
SUBSCRIPTION = {"customer_id": "C1", "status": "active", "billing_anchor": "2026-09-01T00:00:00Z"}
ROWS = {
    "customer": (Row("customer", "C1", {"id": "C1", "name": "Acme"}),),
    "plan": (Row("plan", "P1", {"id": "P1", **PLAN, "ratio": Decimal("1.50"), "phases": []}),),
    "grant": (
        Row(
            "grant", "G1", {"id": "G1", **GRANT, "odd": {"$number": "no number", "x": {"$literal": "\n \u2028"}}}, "C1"
        ),
    ),
    "subscription": tuple(Row("subscription", name, {"id": name, **SUBSCRIPTION}) for name in ("S1", "S2")),
}
RECOVERY = Recovery(
    HEADER,
    Snapshot(ROWS, {}, {"/openmeter/customers/C1/billing": {"app_data": None}}, BEGAN, unread={"plan": "why"}),
    {"apps": ({"id": "A1", "type": "sandbox"},), "billing profiles": 403, "custom currencies": ()},
    {
        "C1": Credit(
            ({"currency": "USD", "settled": "-0.01", "live": "0", "pending": "0"},),
            {"G1": Decimal("12.40")},
            {"USD": Decimal(3)},
            AMOUNTS,
        )
    },
    {
        "S1": Promise("pro", 2, "x", BEGAN, None, None, {"seats": 3}, AMOUNTS, frozenset({"b", "a"})),
        "S2": Promise("", None, None, None, None),
    },
)
CALL = {"id": "E1", "source": "s", "type": "call", "subject": "acme", "time": "2026-09-01T00:00:00Z"}
EVENTS = (Event("C1", {"event": {**CALL, "data": {"n": Decimal("0.10")}}}),)


def bytes_of(recovery: Recovery = RECOVERY, change: Callable[[list[bytes]], list[bytes]] = list) -> bytes:
    file = BytesIO()
    write(file, change(list(lines_of(recovery, EVENTS))))
    return file.getvalue()


def with_version(head: bytes, version: bytes) -> bytes:
    return head.replace(b'"1.0"', b'"' + version + b'"', 1)


def with_amount(lines: list[bytes], amount: bytes) -> list[bytes]:
    return [line.replace(b'"G1":"12.4"', b'"G1":"' + amount + b'"') for line in lines]


def newer(lines: list[bytes], unknown: bytes = b'{"later":{}}\n') -> list[bytes]:
    return [with_version(lines[0], b"1.7"), unknown, *lines[1:]]


def refusal(path: Path, content: bytes) -> str:
    """The code with which a file of this content is refused."""
    path.write_bytes(content)
    with pytest.raises(Ended) as ended:
        read(path)
    return ended.value.findings[0].code


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "live.snapshot"
    file.write_bytes(bytes_of())

    found = read(file)

    assert found == RECOVERY
    assert tuple(events(file)) == EVENTS
    assert bytes_of(found) == bytes_of()


def test_its_lines_count_the_rows_that_the_loss_report_counts() -> None:
    lines = list(lines_of(RECOVERY, EVENTS))

    counted = sum((Counter(counted_in(line)) for line in lines), Counter())
    credit = [found.credit for line in lines if (found := credit_in(line))]
    counted += sum((Counter(counted_credit(one)) for one in credit), Counter())

    assert counted == Counter(kind for kind, _ in places(RECOVERY)) + Counter({EVENT: len(EVENTS)})


def some(length: int) -> list[int]:
    """Places in a file: those at its beginning, around its seal, and some between."""
    return [*range(14), *range(14, length - 120, 23), *range(length - 120, length, 5), length - 1]


def test_any_tool_can_unpack_it() -> None:
    lines = gzip.decompress(bytes_of()).splitlines(keepends=True)

    assert lines[:-1] == list(lines_of(RECOVERY, EVENTS))
    assert lines[-1].startswith(b'{"digest":"sha256:')


def test_a_small_file_never_unpacks_to_a_huge_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines that repeat themselves are stored as they are, and a file that somebody packed smaller is refused."""
    alike = tuple(Event("C1", {"event": {**CALL, "id": f"E{number}", "data": "a" * 9_000}}) for number in range(300))
    lines = [*lines_of(RECOVERY, alike)]
    monkeypatch.setattr(store, "SNAPSHOT_FREE_BYTES", 100_000)
    path, written = tmp_path / "live.snapshot", BytesIO()

    write(written, lines)
    monkeypatch.setattr(store, "STORED", store.LEVEL)
    monkeypatch.setattr(store, "SNAPSHOT_TIMES", 100_000)
    small = BytesIO()
    write(small, lines)
    monkeypatch.setattr(store, "SNAPSHOT_TIMES", 200)

    assert len(small.getvalue()) * 200 < sum(map(len, lines)) < len(written.getvalue()) * 200
    assert refusal(path, small.getvalue()) == "bad-snapshot"
    path.write_bytes(written.getvalue())
    assert (read(path), tuple(events(path))) == (RECOVERY, alike)


def test_every_changed_byte_is_refused(tmp_path: Path) -> None:
    whole, chance = bytes_of(), Random(13)

    found = {
        refusal(tmp_path / "x", whole[:place] + bytes([whole[place] ^ (1 << chance.randrange(8))]) + whole[place + 1 :])
        for place in some(len(whole))
    }

    assert found == {"snapshot-edited", "snapshot-cut-short", "bad-snapshot"}


def test_every_part_of_it_is_refused(tmp_path: Path) -> None:
    whole = bytes_of()

    found = [refusal(tmp_path / "x", whole[:length]) for length in some(len(whole))]

    assert found[:2] == ["bad-snapshot"] * 2
    assert set(found[2:]) == {"snapshot-cut-short"}


@pytest.mark.parametrize(
    ("code", "content"),
    [
        pytest.param("snapshot-cut-short", bytes_of() + b"\0", id="something-follows"),
        pytest.param("snapshot-edited", bytes_of() + bytes_of(), id="two-files"),
        pytest.param(
            "snapshot-edited", bytes_of()[:60] + bytes_of()[70:80] + bytes_of()[60:70] + bytes_of()[80:], id="x"
        ),
        pytest.param("bad-snapshot", gzip.decompress(bytes_of()), id="unpacked"),
        pytest.param("snapshot-cut-short", gzip.compress(gzip.decompress(bytes_of())), id="packed-anew"),
        pytest.param("bad-snapshot", b"", id="empty"),
        pytest.param("snapshot-cut-short", bytes_of(change=lambda lines: lines[:-1]), id="no-last-line"),
        pytest.param("bad-snapshot", bytes_of(change=lambda lines: lines[:3] + lines[4:]), id="a-line-less"),
        pytest.param("bad-snapshot", bytes_of(change=lambda lines: lines[::-1]), id="reversed"),
        pytest.param("bad-snapshot", bytes_of(change=lambda lines: [*lines, b"{}\n"]), id="a-line-more"),
        pytest.param("bad-snapshot", bytes_of(change=lambda lines: [*lines[:1], b"[" * 9000 + b"\n"]), id="deep"),
        pytest.param("bad-snapshot", bytes_of(change=lambda lines: with_amount(lines, b"1E+999999999")), id="vast"),
        pytest.param("snapshot-format", bytes_of(change=lambda lines: [with_version(lines[0], b"2.0")]), id="major"),
        pytest.param("snapshot-format", bytes_of(change=lambda lines: newer(lines)), id="newer-with-unknown-sort"),
    ],
)
def test_another_file_is_refused_by_name(tmp_path: Path, code: str, content: bytes) -> None:
    assert refusal(tmp_path / "x", content) == code


def test_a_newer_file_without_anything_unknown_is_read(tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_bytes(bytes_of(change=lambda lines: [with_version(lines[0], b"1.7"), *lines[1:]]))

    assert read(file) == RECOVERY


@pytest.mark.parametrize("make", [lambda path: None, Path.mkdir, os.mkfifo])
def test_what_is_no_file_is_named(tmp_path: Path, make: Callable[[Path], None]) -> None:
    """A pipe, too, at once: opening it would wait for somebody who writes."""
    make(tmp_path / "none")

    with pytest.raises(Ended) as ended:
        read(tmp_path / "none")

    assert ended.value.findings[0].code == "no-snapshot"


def test_a_snapshot_of_nothing_is_whole(tmp_path: Path) -> None:
    file = tmp_path / "x"
    nothing = replace(RECOVERY, live=Snapshot(read_at=BEGAN), undeclared={}, credit={}, promises={})
    file.write_bytes(bytes_of(nothing))

    assert read(file) == nothing


@pytest.mark.parametrize(
    "value", ["a", 1, None, True, ["a", {"b": []}], Decimal("0.10"), {"$number": "1"}, {"$x": 1}, "$x"]
)
def test_a_row_has_one_line_whichever_way_it_is_written(value: object) -> None:
    quick, slow = Row("plan", "P1", {"value": value}), Row("plan", "P1", {"value": value, "more": Decimal(1)})

    assert item_line(quick)[:-4] == item_line(slow).split(b',"more"')[0]
    assert row_in(item_line(quick)) == quick
