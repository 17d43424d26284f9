"""The outline as text for a terminal, in decK's manner. It knows no colors and no widths."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from billsync.model.change import Guard, Outcome
from billsync.model.result import Status
from billsync.render.outline import Item, Outline, Summary
from billsync.render.words import shown, title_of, visible

ALWAYS = ("created", "updated", "deleted")
WORDS = {
    Outcome.REFUSED: "refused",
    Outcome.BLOCKED: "blocked",
    Outcome.WAITING: "waiting",
    Outcome.UNMANAGEABLE: "can't be managed here",
    Outcome.NOTE: "note",
}
ENDS = {
    Status.FAILED: "failed",
    Status.STALE: "stale",
    Status.BLOCKED: "not done",
    Status.ALREADY: "already done",
    Status.DONE: "done",
}


def as_text(outline: Outline) -> str:
    """Change lines, then what is told, guards, and the summary block; ends with a line break."""
    blocks = (
        [line for item in outline.changes for line in _change(item)],
        [line for item in outline.told for line in _told(item)],
        [line for guard in outline.guards for line in _guard(guard)],
        list(_summary(outline.summary)),
    )
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def progress_line(item: Item) -> str:
    """One line for what is under way."""
    return f"{item.verb} {item.kind} {item.name}"


def _change(item: Item) -> Iterator[str]:
    end = f": {ENDS[item.status]}" if item.status not in (None, Status.DONE) else ""
    trouble = f": {visible(item.trouble)}" if item.trouble else ""
    yield progress_line(item) + end + trouble
    yield from _fields(item)
    if item.reason:
        yield f"  {visible(item.reason)}"


def _told(item: Item) -> Iterator[str]:
    yield f"{WORDS[item.outcome]}: {item.kind} {item.name}: {visible(item.reason)}"
    yield from _fields(item)
    if item.hint:
        yield f"  {visible(item.hint)}"


def _fields(item: Item) -> Iterator[str]:
    for field in item.fields:
        yield f"  ~ {visible(field.name)}: {shown(field.old)} → {shown(field.new)}"


def _guard(guard: Guard) -> Iterator[str]:
    yield f"stopped: {visible(guard.reason)}"
    yield from _listed(title_of(address) for address in guard.addresses)
    yield f"  Allow it with {guard.flag}" if guard.flag else "  No flag allows it: change the policy, or the files"


def _listed(names: Iterable[str]) -> Iterator[str]:
    joined = ", ".join(names)
    if joined:
        yield f"  {joined}"


def _summary(summary: Summary) -> Iterator[str]:
    yield "Summary:"
    for name in Summary.__slots__:
        count = getattr(summary, name)
        if count or name in ALWAYS:
            yield f"  {name.capitalize()}: {count}"
