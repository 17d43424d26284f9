"""The changes as they are shown before the question whether to make them: what can't be undone stands last."""

from __future__ import annotations

from billsync.model.change import Action, Effect
from billsync.render.formats.look import Look
from billsync.render.plan.outline import Item, Outline
from billsync.render.plan.text import blocks, change_lines, summary_lines, told_lines

HEAD = "Deletes, and what can't be undone:"


def before_asking(outline: Outline, look: Look) -> str:
    """The changes, refusals and notes, the summary, and then the changes that can't be undone."""
    grave = [item for item in outline.changes if is_grave(item)]
    others = [item for item in outline.changes if not is_grave(item)]
    last = list(change_lines(grave, look))
    return blocks(
        list(change_lines(others, look)),
        list(told_lines(outline.told, look)),
        list(summary_lines(outline)),
        [HEAD, *(f"  {line}" for line in last)] if last else [],
    )


def is_grave(item: Item) -> bool:
    """Whether a change deletes something, or can't be undone."""
    return item.action is Action.DELETE or item.effect in (Effect.IRREVERSIBLE, Effect.UNTIL_USED)
