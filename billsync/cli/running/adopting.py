"""`adopt`: record in the files what they take over, and take out what labels say by now. It can't write to a server."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from billsync.app.adoption.adopt import find_adoption, find_needless
from billsync.app.ending import Ended, Exit, error, usage
from billsync.cli.files.inputs import desired_state
from billsync.cli.options.selecting import check_patterns
from billsync.cli.options.server import ServerOptions
from billsync.cli.servers.opening import connected_to_read
from billsync.cli.terminal.consent import agrees, check_consent
from billsync.cli.terminal.delivering import alone, write_file
from billsync.cli.terminal.outputs import Result
from billsync.cli.terminal.showing import check_files, show
from billsync.cli.terminal.surroundings import Run
from billsync.config.adoption.adopted_text import with_adopted, without_adopted
from billsync.config.adoption.adopting import Configuration, Rewriting, holder, rewritten
from billsync.config.text.files import STDIN, SourceFile, read_files, read_sources
from billsync.core.secrets.masking import masked
from billsync.core.taking_back.adoption import adopting, pattern_of, without
from billsync.kinds.registry import KINDS
from billsync.model.change import PlanFile
from billsync.model.diagnostic import Diagnostic
from billsync.model.frozen import dataclass, replace
from billsync.model.globs import Patterns
from billsync.model.state import Desired
from billsync.render.adoption import (
    Keys,
    Recording,
    adopted_line,
    adoption_object,
    adoption_text,
    entries_object,
    entries_text,
)
from billsync.render.formats.words import visible
from billsync.render.plan.outline import outline

Edit = Callable[[str, bool], str]


@dataclass(frozen=True, slots=True)
class _Listing:
    """Keys by collection, the edit of a text that adds them to `adopted` or takes them out, and what it says then."""

    keys: Keys
    edit: Edit
    wanted: Patterns


@dataclass(frozen=True, slots=True)
class AdoptOptions:
    """The file to write to, if it is named; for show only; without a question."""

    into: str | None = None
    is_dry: bool = False
    yes: bool = False


def adopt(run: Run, paths: Sequence[str], options: ServerOptions, how: AdoptOptions) -> Exit:
    """Record the declared entities that are live and nobody's under `adopted`. Raises Ended, RemoteError."""
    files = _files(run, paths)
    desired, findings = _declared(run, paths, how)
    with connected_to_read(run, options, desired.target) as connection:
        found = find_adoption(connection, desired)
    check_patterns(run, desired)
    keys = _keys((address.kind, pattern_of(address)) for address in found.adopted)
    listing = _Listing(keys, partial(_added, keys), adopting(desired, found.adopted).adopted)
    text = partial(adoption_text, standings=found.standings, is_settled=not found.plan.changes)
    recording = _recorded(run, how, files, listing, text)
    run.verdict = Exit.REFUSED if found.refused else Exit.DONE
    parts = adoption_object(recording, found.standings)
    return _show(run, found.plan, desired, findings, text(recording), parts)


def prune(run: Run, paths: Sequence[str], options: ServerOptions, how: AdoptOptions) -> Exit:
    """Take the entries out of `adopted` that owner's labels have replaced. Raises Ended, RemoteError."""
    files = _files(run, paths)
    desired, findings = _declared(run, paths, how)
    with connected_to_read(run, options, desired.target) as connection:
        found = find_needless(connection, desired)
    keys = _keys((entry.kind, entry.text) for entry in found.needless)
    listing = _Listing(keys, partial(_taken_out, keys), without(desired, found.needless).adopted)
    text = partial(entries_text, entries=found.entries, is_settled=not found.plan.changes)
    recording = _recorded(run, how, files, listing, text)
    return _show(run, found.plan, desired, findings, text(recording), entries_object(recording, found.entries))


def _show(
    run: Run,
    plan: PlanFile,
    desired: Desired,
    findings: tuple[Diagnostic, ...],
    text: str,
    parts: Mapping[str, Any],
) -> Exit:
    """Show what was recorded, above the changes of the next run."""
    shown = masked(plan, desired, KINDS)
    show(run, Result(shown, outline(shown), findings, above=lambda look: text, parts=parts))
    return run.verdict


@dataclass(frozen=True, slots=True)
class _Files:
    """Files that may be written to, as they were before anything was decided on them, and what the answer means."""

    configuration: Configuration
    overlays: tuple[SourceFile, ...]

    def check(self) -> None:
        """Check that nobody has written to any of them since, or moved one. Raises Ended."""
        now = _read(self.configuration.paths, self.configuration.environment, self.configuration.overlays)
        before = {one.name: one.content for one in (*self.configuration.found.sources, *self.overlays)}
        after = {one.name: one.content for one in (*now.configuration.found.sources, *now.overlays)}
        if changed := [name for name in (*before, *after) if before.get(name) != after.get(name)]:
            raise error("file-changed", changed[0], "Run it again.")


def _files(run: Run, paths: Sequence[str]) -> _Files:
    """The files as they are. Raises Ended."""
    check_files(run)
    if any(path == STDIN or Path(path).is_fifo() for path in paths):
        raise usage("adopt-stdin", hint="Save the input to a file and name that.")
    return _read(paths, run.around.environment, run.overlays)


def _read(paths: Sequence[str], environment: Mapping[str, str], overlays: Sequence[str]) -> _Files:
    configuration = Configuration(read_sources(paths, None), paths, KINDS, environment, overlays)
    return _Files(configuration, read_files(overlays)[0])


def _declared(run: Run, paths: Sequence[str], how: AdoptOptions) -> tuple[Desired, tuple[Diagnostic, ...]]:
    """The desired state of the files, whose owner is known. Raises Ended."""
    if not (how.is_dry or how.yes):
        check_consent(run, paths)
    desired, findings = desired_state(run, paths)
    if desired.owner is None:
        raise error("no-owner", hint="Add `_info: {owner: NAME}` to one of the files: it takes over what is adopted.")
    return desired, findings


def _added(keys: Keys, text: str, is_json: bool) -> str:
    return with_adopted(text, keys, is_json=is_json)


def _taken_out(keys: Keys, text: str, is_json: bool) -> str:
    return without_adopted(text, keys)


def _keys(named: Iterable[tuple[str, str]]) -> Keys:
    """Texts by the collection of their kind, as they stand in a file."""
    found: dict[str, list[str]] = defaultdict(list)
    for kind, text in named:
        found[KINDS[kind].collection].append(text)
    return found


def _recorded(
    run: Run, how: AdoptOptions, files: _Files, listing: _Listing, text: Callable[[Recording], str]
) -> Recording:
    """Ask, unless that isn't wanted, and write the file, unless only shown. Raises Ended."""
    if not listing.keys:
        return Recording("", listing.keys, is_written=False)
    files.check()
    rewriting = _rewriting(files.configuration, how.into, listing)
    coming = Recording(rewriting.file, listing.keys, is_written=False)
    if how.is_dry:
        return coming
    question = f"write this to {visible(rewriting.file)}"
    if not how.yes and not agrees(run, question, shown=f"{text(coming)}\n"):
        raise error("declined")
    with alone(rewriting.file) as is_alone:
        if not is_alone:
            raise error("file-changed", f"{rewriting.file}: another run is writing to it", "Run it again.")
        files.check()
        write_file(rewriting.file, rewriting.new.decode())
    return replace(coming, is_written=True)


def _rewriting(files: Configuration, into: str | None, listing: _Listing) -> Rewriting:
    """The file that changes. Raises Ended."""
    source = holder(files, into)
    found = (
        source
        if isinstance(source, Diagnostic)
        else rewritten(files, source, listing.edit, wanted=listing.wanted, line=adopted_line(listing.keys))
    )
    if isinstance(found, Diagnostic):
        raise Ended(Exit.ERROR, found)
    return found
