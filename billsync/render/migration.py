"""A migration as text and in the types that `json` writes: its waves with their impact, and who is left alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from billsync.model.address import Address
from billsync.model.change import Change
from billsync.model.moment import moment_text
from billsync.model.result import StepResult
from billsync.render.formats.csv_text import csv_text
from billsync.render.formats.words import name_of, visible
from billsync.render.impact.object import detailed_impact_object
from billsync.render.impact.text import impact_text
from billsync.report.impact.impact import Impact
from billsync.report.migration.effect import Wave, time_text
from billsync.report.migration.migration import Migration, WaveEnd, wave_end
from billsync.report.migration.notices import COLUMNS, Notice
from billsync.report.migration.standing import MOVED, NOT_SELECTED, OTHER_OWNERS, THERE, UNLABELLED

NAMED = 3
"""The number of a wave's subscriptions that are named; the changes below name all."""

OF_A_WAVE = "the subscriptions of this wave"

UNNAMED = {
    MOVED: "moved already (the change is scheduled)",
    THERE: "on the target already",
    NOT_SELECTED: "not selected",
    OTHER_OWNERS: "of other owners, left alone",
    UNLABELLED: "not made by billsync, left alone",
}
"""The counts, as text."""


def migration_text(found: Migration, results: Mapping[str, StepResult], stopped: str, width: int | None) -> str:
    """The head, a block for each wave, and why the run stopped; ends with a line break."""
    blocks = [list(_head(found))]
    impacts: tuple[Impact | None, ...] = found.impacts or (None,) * len(found.waves)
    for each, impact in zip(found.waves, impacts, strict=True):
        end = wave_end(each, results) if results else None
        blocks.append([*_wave(each, end), *_losses(each, found), *_impact(impact, width)])
    blocks.append([f"Stopped: {visible(stopped)}."] if stopped else [])
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def notices_csv(notices: tuple[Notice, ...]) -> str:
    """The notices as CSV with a line of names."""
    return csv_text(COLUMNS, (notice.cells for notice in notices))


def _head(found: Migration) -> Iterator[str]:
    route, target = found.route, name_of(found.route.target)
    source = route.source.key if route.version is None else f"{route.source.key}@{route.version}"
    waves = "1 wave" if len(found.waves) == 1 else f"{len(found.waves)} waves"
    yield f"Migration from plan {visible(source)} to {target}: {_subscriptions(found.moving)} in {waves}."
    yield from (f"  {found.counts[name]} {text}" for name, text in UNNAMED.items() if found.counts.get(name))


def _wave(one: Wave, end: WaveEnd | None) -> Iterator[str]:
    names = [name_of(address) for address in one.moving]
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    listed = f": {', '.join(names[:NAMED])}{more}" if names else ""
    yield f"Wave {one.share.name}: {_subscriptions(len(names))}{_when(one)}{listed}"
    if end:
        yield f"  {_end_text(end)}"
    if one.refused:
        yield f"  {len(one.refused)} can't be moved, see below"


def _losses(one: Wave, found: Migration) -> Iterator[str]:
    """A line for each thing that is lost, with the number of those who lose it."""
    lost = Counter(thing for address in one.moving for thing in found.losses.get(address, ()))
    yield from (
        f"  {count} {'loses' if count == 1 else 'lose'} {visible(thing)}" for thing, count in sorted(lost.items())
    )


def _impact(impact: Impact | None, width: int | None) -> Iterator[str]:
    if impact and impact.changes:
        yield from (
            f"  {line}" if line else "" for line in impact_text(impact, width=width, whom=OF_A_WAVE).splitlines()
        )


def _end_text(end: WaveEnd) -> str:
    counts = {"moved": end.moved, "failed": end.failed, "not begun": end.pending}
    return ", ".join(f"{count} {word}" for word, count in counts.items() if count) or "nothing to do"


def _when(one: Wave) -> str:
    times = sorted(at for at in one.effects.values() if at)
    if len(times) < len(one.effects):
        return f", effective at {time_text(None)}"
    if not times:
        return ""
    first, last = (f"{time:%Y-%m-%d}" for time in (times[0], times[-1]))
    return f", effective {first}" if first == last else f", effective from {first} to {last}"


def _subscriptions(count: int) -> str:
    return "1 subscription" if count == 1 else f"{count} subscriptions"


def migration_object(found: Migration, results: Mapping[str, StepResult], stopped: str) -> Any:
    """The migration; the changes themselves stand beside it, as of every run."""
    impacts: tuple[Impact | None, ...] = found.impacts or (None,) * len(found.waves)
    return {
        "plan": found.route.source.key,
        "from_version": found.route.version,
        "to": {"plan": found.route.target.key, "version": found.route.target.version},
        "timing": found.timing,
        "not_before": moment_text(found.not_before) if found.not_before else None,
        "counts": {"moving": found.moving, "staying": len(found.staying), **_counts(found)},
        "waves": [
            _wave_object(each, impact, wave_end(each, results), found)
            for each, impact in zip(found.waves, impacts, strict=True)
        ],
        "staying": [_staying(change) for change in found.staying],
        "stopped": stopped or None,
    }


def _counts(found: Migration) -> Mapping[str, int]:
    return {name: found.counts.get(name, 0) for name in UNNAMED}


def _wave_object(one: Wave, impact: Impact | None, end: WaveEnd, found: Migration) -> Any:
    return {
        "wave": one.share.name,
        "state": end.state,
        "counts": {"moved": end.moved, "failed": end.failed, "refused": end.refused, "pending": end.pending},
        "subscriptions": [_moving(address, at, found) for address, at in one.effects.items()],
        "refused": [_staying(change) for change in one.refused],
        "impact": detailed_impact_object(impact) if impact else None,
    }


def _moving(address: Address, at: datetime | None, found: Migration) -> Any:
    since = moment_text(at) if at else None
    return {"name": name_of(address), "from": since, "loses": list(found.losses.get(address, ()))}


def _staying(change: Change) -> Any:
    return {"name": name_of(change.address), "code": change.code, "reason": change.reason}
