"""The outline as text for a terminal, in decK's manner. Terminals may have colors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from billsync.model.change import Action, Effect, Guard, Outcome
from billsync.model.result import Status
from billsync.model.transition import AT_RENEWAL, IMMEDIATE
from billsync.render.formats.look import PLAIN, Color, Look
from billsync.render.formats.words import shown, title_of, visible
from billsync.render.plan.effects import remarkable_effect
from billsync.render.plan.groups import Group, groups
from billsync.render.plan.nouns import noun
from billsync.render.plan.outline import Item, Outline, Summary
from billsync.render.plan.price_card import price_card
from billsync.render.plan.since import since_text
from billsync.render.plan.tree import branched, trees

ALWAYS = ("created", "updated", "deleted")
COUNTED = {"already": "Already done"}
"""Counts of the summary whose words are not their names."""
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


NO_FLAG = "no flag allows it: change the policy, or the files"
NAMED = 3
"""Largest number of a group that are named; `--verbose` names all of them."""

COLORS = {
    Action.CREATE: Color.CREATE,
    Action.UPDATE: Color.UPDATE,
    Action.DELETE: Color.DELETE,
    Action.NONE: Color.NOTE,
}
BY_EFFECT = {
    Effect.IN_PLACE: Color.UPDATE,
    Effect.NEW_VERSION: Color.VERSION,
    Effect.REVERSIBLE: Color.CREATE,
    Effect.UNTIL_USED: Color.DELETE,
    Effect.IRREVERSIBLE: Color.DELETE,
}
FAILED = (Status.FAILED, Status.STALE, Status.BLOCKED)
TROUBLE = (Outcome.REFUSED, Outcome.BLOCKED)


def as_text(outline: Outline, look: Look = PLAIN) -> str:
    """Render change lines, notes and refusals, guards, and the summary block; ends with a line break."""
    if look.is_quiet:
        return _quietly(outline, look)
    return blocks(
        list(change_lines(outline.changes, look)) or _nothing(outline),
        list(told_lines(outline.told, look)),
        [line for guard in outline.guards for line in _guard(guard, look)],
        list(summary_lines(outline)),
    )


def end_as_text(outline: Outline, look: Look = PLAIN) -> str:
    """Render the results of changes that were shown before: those not carried out, and the summary."""
    undone = (item for item in outline.changes if item.status is not Status.DONE)
    return blocks([line for item in undone for line in _change(item, look)], list(summary_lines(outline)))


def _quietly(outline: Outline, look: Look) -> str:
    """The lines about what keeps the run from its end, and the summary."""
    failed = (item for item in outline.changes if item.status in FAILED)
    return blocks(
        [line for item in failed for line in _change(item, look)],
        list(told_lines((item for item in outline.told if item.outcome in TROUBLE), look)),
        [line for guard in outline.guards for line in _guard(guard, look)],
        list(summary_lines(outline)),
    )


def change_lines(items: Sequence[Item], look: Look) -> Iterator[str]:
    """The lines of changes; on a terminal, what belongs to one entity stands under it."""
    if not look.draws_trees:
        yield from (line for item in items for line in _change(item, look))
        return
    for tree in trees(items):
        if tree.item:
            yield from _change(tree.item, look)
        elif tree.root:
            yield look.colored(title_of(tree.root), Color.NOTE)
        for number, item in enumerate(tree.branches, 1):
            yield from branched(list(_change(item, look)), is_last=number == len(tree.branches))


def blocks(*parts: list[str]) -> str:
    """Parts of a text with an empty line between them, without empty ones; ends with a line break."""
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def _nothing(outline: Outline) -> list[str]:
    """Return "No changes." if nothing changes and nothing is refused or unknown."""
    is_quiet = not outline.guards and all(item.outcome is Outcome.NOTE for item in outline.told)
    return ["No changes."] if is_quiet else []


def progress_line(item: Item) -> str:
    """A line about the step that is under way."""
    return f"{item.verb} {item.kind} {item.name}{when_text(item.timing)}"


def when_text(timing: str) -> str:
    """The time at which a change of a chain takes effect, in words; empty for other changes."""
    return f" {_TIMINGS.get(timing, f'at {timing}')}" if timing else ""


_TIMINGS = {IMMEDIATE: "at once", AT_RENEWAL: "at renewal"}


def _change(item: Item, look: Look) -> Iterator[str]:
    end = f": {ENDS[item.status]}" if item.status not in (None, Status.DONE) else ""
    trouble = f": {visible(item.trouble)}" if item.trouble else ""
    color = Color.TROUBLE if trouble else _color(item)
    yield look.colored(progress_line(item) + _effect(item) + end + trouble, color)
    yield from _fields(item)
    if item.action is Action.CREATE and item.new:
        yield from price_card(item.new)
    if item.reason:
        yield f"  {visible(item.reason)}"
    yield from _since(item)


def _color(item: Item) -> Color:
    """The color of a change: by its effect, or by its action where a plan file says none. A delete is red."""
    if item.effect is None or item.action is Action.DELETE:
        return COLORS[item.action]
    return BY_EFFECT[item.effect]


def _effect(item: Item) -> str:
    """The effect in brackets, before the change is made."""
    effect = "" if item.status else remarkable_effect(item)
    return f" ({effect})" if effect else ""


def told_lines(told: Iterable[Item], look: Look) -> Iterator[str]:
    """The lines of refusals and notes; what is said of many is said once."""
    every = tuple(Group(item, (item.name,)) for item in told) if look.names_all else groups(told)
    for group in every:
        yield from _told(group, look)


def _told(group: Group, look: Look) -> Iterator[str]:
    item, count = group.item, len(group.names)
    color = Color.TROUBLE if item.outcome in TROUBLE else Color.NOTE
    whom = f"{item.kind} {item.name}" if count == 1 else f"{count} {noun(item.kind, count)}"
    yield look.colored(
        f"{_labelled(WORDS[item.outcome], item.code, item.reason)}: {whom}: {visible(item.reason)}", color
    )
    if count > 1:
        more = f" and {count - NAMED} more (--verbose names all)" if count > NAMED else ""
        yield f"  {', '.join(group.names[:NAMED])}{more}"
    yield from _fields(item)
    yield from _since(item) if count == 1 else ()
    if item.hint:
        yield f"  {visible(item.hint)}"


def _since(item: Item) -> Iterator[str]:
    if item.since:
        yield f"  {item.changed_at}"


def _fields(item: Item) -> Iterator[str]:
    for field in item.fields:
        yield f"  ~ {visible(field.name)}: {shown(field.old)} → {shown(field.new)}"


def _guard(guard: Guard, look: Look) -> Iterator[str]:
    yield look.colored(f"{_labelled('stopped', guard.code, guard.reason)}: {visible(guard.reason)}", Color.TROUBLE)
    yield from _listed(title_of(address) for address in guard.addresses)
    no_flag = guard.hint or NO_FLAG
    yield f"  Allow it with {guard.flag}" if guard.flag else f"  {no_flag[0].upper()}{no_flag[1:]}"


def _labelled(word: str, code: str, reason: str) -> str:
    """A word with the code that `billsync explain` takes; without it where that would repeat a word."""
    return f"{word}[{code}]" if code and code != word and not reason.startswith(code) else word


def _listed(names: Iterable[str]) -> Iterator[str]:
    joined = ", ".join(names)
    if joined:
        yield f"  {joined}"


def summary_lines(outline: Outline) -> Iterator[str]:
    """The summary block, with the part of the files that it is about."""
    yield "Summary:"
    for name in Summary.__slots__:
        count = getattr(outline.summary, name)
        if count or name in ALWAYS:
            yield f"  {COUNTED.get(name, name.capitalize())}: {count}"
    if outline.since:
        yield f"  Since: {visible(since_text(outline.since))}"
    elif outline.selection:
        yield f"  Selected: {', '.join(map(visible, outline.selection))}"
