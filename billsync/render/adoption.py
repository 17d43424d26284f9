"""Entries of `adopted` that are recorded, refused and taken out, as text and as parts of a JSON object."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from billsync.core.taking_back.adoption import Entry, Standing, Standings
from billsync.model.frozen import dataclass
from billsync.render.formats.words import name_of, title_of, visible

Keys = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Recording:
    """A record under `adopted` of a file, by collection. `is_written` says that it has been."""

    file: str
    keys: Keys
    is_written: bool


def adopted_line(keys: Keys) -> str:
    """The line that a person would write: `adopted: {meters: [calls]}`."""
    members = (f"{name}: [{', '.join(texts)}]" for name, texts in keys.items())
    return f"adopted: {{{', '.join(members)}}}"


def adoption_text(recording: Recording, standings: Sequence[Standings], *, is_settled: bool) -> str:
    """The lines above the changes of the next run; `is_settled` says that there are none."""
    return "\n".join(_adoption(recording, standings, is_settled))


def _adoption(recording: Recording, standings: Sequence[Standings], is_settled: bool) -> Iterator[str]:
    adopted = [one for one in standings if one.standing is Standing.ADOPTABLE]
    if adopted:
        yield _head(recording, "Recorded under", "To be recorded under")
        yield from (f"  {title_of(one.address)}" for one in adopted)
    else:
        yield "Nothing to adopt: what is declared and live has an owner, or is in `adopted`."
    refused = [one for one in standings if one.standing is Standing.REFUSED]
    yield from ["Refused:"] if refused else []
    yield from (f"  {title_of(one.address)}: {visible(one.reason)}" for one in refused)
    yield "" if is_settled else "\nAdopting changes nothing on the server. What the next `sync` would do:"


def entries_text(recording: Recording, entries: Sequence[Entry], *, is_settled: bool) -> str:
    """Entries that leave `adopted`, and that stay there, with the reasons, above the changes of the next run."""
    return "\n".join(_entries(recording, entries, is_settled))


def _entries(recording: Recording, entries: Sequence[Entry], is_settled: bool) -> Iterator[str]:
    going = [entry for entry in entries if entry.needless]
    staying = [entry for entry in entries if not entry.needless]
    if going:
        yield _head(recording, "Taken out of", "To be taken out of")
        yield from _named(going)
    else:
        yield "Nothing to take out of `adopted`."
    yield from ["Still needed:"] if staying else []
    yield from _named(staying)
    yield "" if is_settled else "\nWhat the next `sync` would do:"


def _named(entries: Iterable[Entry]) -> Iterator[str]:
    return (f"  {entry.kind} {visible(entry.text)}: {entry.why}" for entry in entries)


def _head(recording: Recording, done: str, coming: str) -> str:
    return f"{done if recording.is_written else coming} `adopted` in {visible(recording.file)}:"


def adoption_object(recording: Recording, standings: Iterable[Standings]) -> Mapping[str, Any]:
    """The same as parts of the JSON object."""
    shown = [
        {"kind": one.address.kind, "name": name_of(one.address), "standing": one.standing.value, "reason": one.reason}
        for one in standings
    ]
    return {"adoption": {**_recorded(recording), "entities": shown}}


def entries_object(recording: Recording, entries: Iterable[Entry]) -> Mapping[str, Any]:
    """The entries of `adopted` as parts of the JSON object."""
    shown = [{"kind": e.kind, "text": e.text, "needless": e.needless, "reason": e.why} for e in entries]
    return {"adoption": {**_recorded(recording), "entries": shown}}


def _recorded(recording: Recording) -> Mapping[str, Any]:
    keys = {name: list(texts) for name, texts in recording.keys.items()}
    return {"file": recording.file, "written": recording.is_written, "adopted": keys}
