"""`--select` and `--since`: the part of the files that a command is about, and the words about what is left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeVar

import click

from billsync.app.ending import usage
from billsync.cli.terminal.surroundings import Run
from billsync.model.frozen import replace

if TYPE_CHECKING:  # `billsync --help` loads no model
    from billsync.model.address import Address
    from billsync.model.change import PlanFile
    from billsync.model.kind import Kind
    from billsync.model.state import Desired

Command = TypeVar("Command", bound=Callable[..., Any])
NOTHING = "nothing that is declared"


def select_option(command: Command) -> Command:
    """The option that chooses a part of the files."""
    return click.option(
        "--select",
        "--target",
        multiple=True,
        metavar="KIND/KEY",
        expose_value=False,
        callback=_patterns,
        help="Only this entity, and what it needs; a glob, repeatable: plan/pro, 'grant/acme/*'.",
    )(command)


def since_option(command: Command) -> Command:
    """The option that chooses what has changed since a commit."""
    return click.option(
        "--since",
        metavar="COMMIT",
        expose_value=False,
        callback=_since,
        help="Only what has changed since this branch left that of COMMIT, and what depends on it.",
    )(command)


def _since(ctx: click.Context, parameter: click.Parameter, ref: str | None) -> None:
    ctx.ensure_object(Run).since = ref


def _patterns(ctx: click.Context, parameter: click.Parameter, texts: Sequence[str]) -> None:
    if texts:
        ctx.ensure_object(Run).patterns = tuple(_pattern(text) for text in texts)


def _pattern(text: str) -> tuple[str, str]:
    """The globs of a kind and a name. Raises BadParameter for another form, and for a kind that there isn't."""
    from billsync.kinds.registry import KINDS
    from billsync.model.globs import is_glob
    from billsync.model.selection import pattern_of

    pattern = pattern_of(text)
    if pattern is None:
        raise click.BadParameter(f"{text!r} is not KIND/KEY, such as plan/pro")
    kind, names = pattern
    if kind not in KINDS and not is_glob(kind):
        collections = {known.collection: name for name, known in KINDS.items()}
        close = collections.get(kind) or next(iter(get_close_matches(kind, KINDS, n=1)), None)
        known = f"did you mean {close}/{names}?" if close else f"use {', '.join(KINDS)}"
        raise click.BadParameter(f"no kind is {kind!r}: {known}")
    return kind, names


def selected_part(run: Run, desired: Desired) -> Desired:
    """The desired state with the selection of the files and of the command; stderr says what is left out of the
    files."""
    from billsync.core.declared.selecting import included, selected
    from billsync.core.declared.since import counts_of_all, reached
    from billsync.kinds.registry import KINDS
    from billsync.render.plan.nouns import counted_kinds

    selection = replace(desired.selection, patterns=run.patterns)
    if selection.is_whole:
        return with_since_counts(desired)
    found = selected(reached(replace(desired, selection=selection), KINDS), selection, KINDS)
    chosen = [address for address in included(found) if selection.chooses(address)]
    needed = [address for address in included(found) if not selection.chooses(address)]
    left = counts_of_all(desired, KINDS) - Counter(address.kind for address in (*chosen, *needed))
    needs = f", with {counted_kinds(_count(needed))} that it needs" if needed else ""
    run.mention(
        f"Selected: {counted_kinds(_count(chosen)) or NOTHING}{needs}. Left out: {counted_kinds(left) or 'nothing'}."
    )
    return with_since_counts(_as_found(desired, found))


def _as_found(desired: Desired, found: Desired) -> Desired:
    """The desired state with the selection that was found; with its crowd, if it has one."""
    return replace(desired, selection=found.selection) if desired.crowd else found


def with_since_counts(desired: Desired) -> Desired:
    """The desired state, whose comparison since a commit, if it is one, says how many entities it takes in."""
    since = desired.selection.since
    if since is None:
        return desired
    from billsync.core.declared.since import with_counts
    from billsync.kinds.registry import KINDS

    return replace(desired, selection=replace(desired.selection, since=with_counts(since, desired, KINDS)))


def check_selected(run: Run, desired: Desired, plan: PlanFile, *, unnamed: Collection[str] = ()) -> None:
    """Check that each pattern chooses something that is declared, or that the plan file names; stderr says what of the
    server is chosen, too. Entities of the unnamed kinds are not proposed. Raises Ended."""
    from billsync.core.declared.selecting import undeclared
    from billsync.render.plan.nouns import counted_kinds

    others = undeclared(desired, plan.changes)
    check_patterns(run, desired, others, unnamed=unnamed)
    was_chosen = run.patterns or run.since or not desired.selection.patterns  # by a person, and not by an undo
    if others and was_chosen and not desired.selection.is_whole:
        run.mention(f"Selected on the server: {counted_kinds(_count(others))} that the files don't declare.")


def check_patterns(
    run: Run, desired: Desired, others: Iterable[Address] = (), *, unnamed: Collection[str] = ()
) -> None:
    """Check that each pattern chooses something that is declared, or one of others. Raises Ended."""
    known = (*(entity.address for entity in desired.entities), *others) if run.patterns else ()
    check_chosen(run, known, unnamed=unnamed)


def check_chosen(run: Run, known: Sequence[Address], *, unnamed: Collection[str] = ()) -> None:
    """Check that each pattern chooses one of these. Raises Ended."""
    from billsync.core.declared.selecting import near, unmatched

    for pattern in unmatched(run.patterns, known):
        close = near(pattern, [address for address in known if address.kind not in unnamed])
        form = "Names are KIND/KEY; of something that belongs to a customer, KIND/CUSTOMER/KEY."
        raise usage("nothing-selected", "/".join(pattern), f"Did you mean {close}?" if close else form)


def _count(addresses: Iterable[Address]) -> Mapping[str, int]:
    return Counter(address.kind for address in addresses)


def counted(kind: Kind, count: int) -> str:
    """`1 plan`, `2 plans`."""
    return f"1 {kind.title}" if count == 1 else f"{count} {kind.titles}"
