"""The content of a recovery snapshot's file: all its lines, and back without loss.

The first line says what the snapshot is, the last how much is in it; the order of the others, of which each is an item,
means nothing. How the lines are packed is `app/recovery/store.py`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from typing import Any

from billsync.core.views.forms import COUNT, MALFORMED, TEXT
from billsync.model.recovery import Header, Recovery
from billsync.report.recovery.snapshot.door import check, check_line, check_whole
from billsync.report.recovery.snapshot.item_forms import EVENT, FORMS, HEADER
from billsync.report.recovery.snapshot.item_lines import content_of, item_line, line_of, sort_of
from billsync.report.recovery.snapshot.items import EVERYTHING, Event, Gathered, Item, Members, items_of

FORMAT_VERSION = "1.0"
HEAD, END, VERSION = "snapshot", "end", "format_version"


class UnknownSnapshot(ValueError):
    """The lines aren't a recovery snapshot that this billsync can read; the message says why."""


class OtherFormat(UnknownSnapshot):
    """The lines are a recovery snapshot of another format, or of a newer one with something unknown in it."""


class CutShort(UnknownSnapshot):
    """The lines end before the snapshot does."""


class Edited(UnknownSnapshot):
    """A byte of the file isn't the one that was written."""


_MINOR = re.compile("[0-9]+[.][0-9]{1,9}", re.ASCII)
_LATE = ("finished_at", "moved")
"""Facts about the whole that are known at its end only."""


def head_line(header: Header) -> bytes:
    """The first line."""
    facts = {name: fact for name, fact in HEADER.write(header).items() if name not in _LATE}
    return line_of(HEAD, {VERSION: FORMAT_VERSION, **facts})


def end_line(header: Header, counts: Mapping[str, int]) -> bytes:
    """The last line: what is known at the end only, and the number of lines of each sort."""
    facts = HEADER.write(header)
    return line_of(END, {**{name: facts[name] for name in _LATE}, "counts": dict(sorted(counts.items()))})


def whole_lines(
    header: Header, lines: Iterable[bytes], finished: Callable[[], Header] | None = None
) -> Iterator[bytes]:
    """All lines of a file, from those of its items. `finished` gives the header as it is after the last of them."""
    yield head_line(header)
    counts: Counter[str] = Counter()
    for line in lines:
        counts[sort_of(line)] += 1
        yield line
    yield end_line(finished() if finished else header, counts)


def lines_of(recovery: Recovery, events: Iterable[Event] = ()) -> Iterator[bytes]:
    """All lines of a file for a recovery snapshot in memory."""
    return whole_lines(recovery.header, map(item_line, chain(items_of(recovery), events)))


def recovery_in(lines: Iterable[bytes], members: Members = EVERYTHING) -> Recovery:
    """The recovery snapshot in the lines of a file, without its usage events. Of rows of the kinds in `members`, only
    these members are kept.

    Raises UnknownSnapshot, OtherFormat, CutShort.
    """
    rest = iter(lines)
    head = _line_in(rest)
    version = _version(head)
    try:
        return _recovery(content_of(head, HEAD), rest, Gathered(members))
    except MALFORMED as error:
        if _minor(version) > _minor(FORMAT_VERSION):
            newer = (
                f"it was made by a newer billsync ({_maker(head)}), and has something in it that this one doesn't know"
            )
            raise OtherFormat(f"{newer}: {_words(error)}") from error
        if isinstance(error, UnknownSnapshot):
            raise
        raise UnknownSnapshot(_words(error)) from error


def events_in(lines: Iterable[bytes]) -> Iterator[Event]:
    """The usage events in the lines of a file that was read before, one by one. Raises UnknownSnapshot."""
    for number, line in enumerate(lines, start=1):
        if sort_of(line) == EVENT:
            with _placed(number):
                event: Any = _item_in(line, EVENT)
            yield event


def _recovery(head: dict[str, Any], lines: Iterator[bytes], found: Gathered) -> Recovery:
    counts = Counter[str]()
    while (sort := sort_of(line := _line_in(lines))) != END:
        counts[sort] += 1
        with _placed(counts.total() + 1):
            if sort not in FORMS:
                raise ValueError(f"unknown sort {sort!r}")
            if sort != EVENT:
                found.take(_item_in(line, sort, found.members))
    end = content_of(line, END)
    if Counter({sort: COUNT.read(count) for sort, count in end.pop("counts").items()}) != counts:
        raise UnknownSnapshot("it doesn't have the lines that its last line counts")
    if next(lines, None) is not None:
        raise UnknownSnapshot("something follows its last line")
    whole = found.whole(HEADER.read({name: fact for name, fact in (head | end).items() if name != VERSION}))
    check_whole(whole)
    return whole


def _item_in(line: bytes, sort: str, members: Members = EVERYTHING) -> Item:
    """The item of a line, which has the form that a server shows. Raises one of MALFORMED."""
    check_line(line)
    item: Item = FORMS[sort][1].read(content_of(line, sort))
    check(item, members)
    return item


@contextmanager
def _placed(number: int) -> Iterator[None]:
    """Faults with the number of their line. Raises UnknownSnapshot."""
    try:
        yield
    except MALFORMED as error:
        raise UnknownSnapshot(f"line {number:,}: {_words(error)}") from error


def _line_in(lines: Iterator[bytes]) -> bytes:
    line = next(lines, None)
    if line is None:
        raise CutShort("it has no last line")
    return line


def _version(head: bytes) -> str:
    """The format version in the first line, if this billsync may be able to read it. Raises UnknownSnapshot."""
    try:
        version: str = TEXT.read(content_of(head, HEAD)[VERSION])
    except MALFORMED as error:
        raise UnknownSnapshot(_words(error)) from error
    if version.partition(".")[0] != FORMAT_VERSION.partition(".")[0] or not _MINOR.fullmatch(version):
        raise OtherFormat(f"its format is {version!r}; this billsync knows {FORMAT_VERSION!r}")
    return version


def _minor(version: str) -> int:
    return int(version.partition(".")[2])


def _maker(head: bytes) -> str:
    return str(content_of(head, HEAD).get("billsync"))


def _words(error: BaseException) -> str:
    return f"it has no {error}" if isinstance(error, KeyError) else str(error)
