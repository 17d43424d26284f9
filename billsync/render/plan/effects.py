"""The effect of a change in words: `in place`, `new version: 12 subscribers stay on the old one`."""

from __future__ import annotations

from billsync.model.change import Effect, Outcome
from billsync.model.transition import IMMEDIATE
from billsync.render.plan.outline import Item


def effect_text(item: Item) -> str:
    """The effect of a pending change, or what keeps another from being made; empty for a note."""
    match item.outcome:
        case Outcome.PENDING:
            return _pending(item)
        case Outcome.WAITING:
            return f"waiting: {item.reason}"
        case Outcome.UNMANAGEABLE:
            return f"unmanageable here because {item.reason}"
        case Outcome.REFUSED | Outcome.BLOCKED | Outcome.NOTE:
            return ""


def _pending(item: Item) -> str:
    if not item.effect:
        return ""
    if item.lasting:
        return f"{item.effect.value}, but {item.lasting}"
    return f"{item.effect.value}: {staying_text(item.staying)}" if item.staying else item.effect.value


def reversibility(item: Item) -> str:
    """Whether a change can be taken back once it is made: `yes`, `yes, but` what stays, `by a new version`, `until` it
    takes effect or is used, or `never`; empty for what isn't pending."""
    match item.effect:
        case None:
            return ""
        case Effect.IRREVERSIBLE:
            return "never"
        case Effect.UNTIL_USED:
            return f"until used, but {item.lasting}" if item.lasting else "until used"
        case Effect.NEW_VERSION:
            return "by a new version"
        case Effect.REVERSIBLE | Effect.IN_PLACE:
            if item.lasting:
                return f"yes, but {item.lasting}"
            return "yes" if item.timing in ("", IMMEDIATE) else f"until {item.timing}"


def staying_text(count: int) -> str:
    """The number of those who stay on older versions, as a clause."""
    return "1 subscriber stays on the old one" if count == 1 else f"{count:,} subscribers stay on the old one"


def remarkable_effect(item: Item) -> str:
    """The effect beside a line of a terminal; empty where its verb says it, and for what can simply be undone."""
    says_it = item.effect is Effect.NEW_VERSION and not item.staying
    is_simple = item.effect is Effect.REVERSIBLE and not item.lasting
    return "" if says_it or is_simple else effect_text(item)
