"""The runs that are struck, and which fault strikes which of their calls.

Every example is run from nothing, and every journey (a folder of states that are synced in their order) is struck in
its last state; some are also run from a plan file that was saved.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import TypeVar
from zlib import crc32

from billsync.apply.execute import IN_TURN, Manner
from billsync.kinds.registry import KINDS
from billsync.local.server.editions import AUGUST, Edition
from tests.support.crash_harness import Journey, Prepared, harness_from, prepared
from tests.support.faults import Point
from tests.support.made_once import MadeOnce
from tests.support.seeded import seeded
from tests.support.shared_thread import sharing
from tests.support.world import EXAMPLES, declared_in, examples

JOURNEYS = Path(__file__).parent / "journeys"
QUICK = "prepaid-credits"
"""The example whose run isn't marked `crash`, so that it is struck in ./scripts/check, too."""
SAVED_TOO = frozenset(
    {
        QUICK,
        "a-change-at-renewal-replaced",
        "a-dearer-add-on",
        "add-ons-at-once",
        "add-ons-of-another-plan",
        "an-edited-price",
        "an-end-moved",
        "credit-taken-back",
        "things-taken-away",
    }
)
LEAST_CALLS = {QUICK: 17}
CALLS_AN_ENTITY = 2
"""An entity whose key the server doesn't keep unique is looked at and written, any other one written: no run from
nothing may have fewer calls than that."""
CALLS_OF_A_JOURNEY = 8

Way = TypeVar("Way")
"""One way of striking a call: a fault, say."""
Calls = Mapping[str, Sequence["Call"]]
"""Calls by their signature."""


@dataclass(frozen=True, slots=True)
class StruckRun:
    """One example or journey, and whether each attempt runs its files or its saved plan file."""

    folder: Path
    saved: bool = False
    edition: Edition = AUGUST

    def __str__(self) -> str:
        on = "" if self.edition is AUGUST else f" on {generation_of(self.edition)}"
        return self.folder.name + (" as a plan file" if self.saved else "") + on

    @property
    def quick(self) -> bool:
        """Whether the run is struck in ./scripts/check, too."""
        return self == StruckRun(EXAMPLES / QUICK)

    @property
    def journey(self) -> Journey:
        """Its desired states, and what the last one needs."""
        states = (self.folder,) if self.folder.parent == EXAMPLES else tuple(sorted(self.folder.glob("*.yaml")))
        flags = dict.fromkeys(words_in(self.folder / "allow"), "")
        return Journey(
            self.folder.name, tuple(map(declared_in, states)), flags, edition=self.edition, manner=self.manner
        )

    @property
    def manner(self) -> Manner:
        """Several steps at a time, in an order of its own, for half of the runs over one shared thread; those of a plan
        file one after another."""
        return IN_TURN if self.saved else self._manners[0]

    @property
    def over_the_other(self) -> Journey:
        """Its journey, over a shared thread instead of threads, or the other way round."""
        return replace(self.journey, manner=self._manners[1])

    @property
    def _manners(self) -> tuple[Manner, Manner]:
        seed = crc32(self.folder.name.encode())
        manners = (seeded(seed), sharing(seed))
        return manners if seed % 2 == 0 else manners[::-1]

    def prepared(self, folder: Path) -> Prepared:
        """What its undisturbed run comes to, with its databases in a folder."""
        return prepared(self.journey, folder, saved=self.saved)

    def least(self, journey: Journey) -> int:
        """The least number of calls that the run may have, so that a run which has become empty is noticed."""
        if self.folder.parent != EXAMPLES:
            return CALLS_OF_A_JOURNEY
        entities = (KINDS[entity.address.kind] for entity in journey.last.entities)
        return LEAST_CALLS.get(self.folder.name, sum(1 if kind.unique else CALLS_AN_ENTITY for kind in entities))


@dataclass(frozen=True, slots=True)
class Call:
    """One call of an undisturbed run, which has so many calls."""

    run: StruckRun
    point: Point
    signature: str
    of: int = 0


def words_in(path: Path) -> tuple[str, ...]:
    """The words of a file of a journey; none where there is no such file.

    `allow` has the guards that are overridden, `generations` the other ones of the API on which it is struck, too.
    """
    return tuple(path.read_text().split()) if path.exists() else ()


def generation_of(edition: Edition) -> str:
    """An edition as the file `generations` names it: `openmeter@later`."""
    return f"{edition.dialect}@{edition.generation}"


def struck_on(edition: Edition) -> tuple[StruckRun, ...]:
    """The journeys that name another generation of the API."""
    found = (
        folder for folder in sorted(JOURNEYS.iterdir()) if generation_of(edition) in words_in(folder / "generations")
    )
    return tuple(StruckRun(folder, edition=edition) for folder in found)


def struck_runs() -> tuple[StruckRun, ...]:
    """All of them: what is found in the folders."""
    folders = (*examples(), *sorted(path for path in JOURNEYS.iterdir() if path.is_dir()))
    saved = [StruckRun(folder, saved=True) for folder in folders if folder.name in SAVED_TOO]
    return (*map(StruckRun, folders), *saved)


def saved_runs() -> tuple[StruckRun, ...]:
    """The plan files of all examples and journeys."""
    folders = (*examples(), *sorted(path for path in JOURNEYS.iterdir() if path.is_dir()))
    return tuple(StruckRun(folder, saved=True) for folder in folders)


class Runs:
    """The harnesses of all runs; what takes long is made by the first process that asks for it.

    `new_folder` makes folders for the databases of this process, `made` is what all processes of these tests share.
    """

    def __init__(self, new_folder: Callable[[], Path], made: MadeOnce) -> None:
        self._make = lambda run: run.prepared(new_folder())
        self._made = made
        self.prepared = cache(lambda run: made.get(str(run), partial(self._make, run)))
        self.harness = cache(lambda run: harness_from(self.prepared(run), run.journey, new_folder()))

    def calls(self, runs: Sequence[StruckRun]) -> Calls:
        """All calls of these runs by signature; a plan file writes with signatures of its own."""
        self._prepare(tuple(runs))
        found = defaultdict(list)
        for run in runs:
            calls = self.prepared(run).whole.calls
            for point, signature in calls.items():
                whole = f"{signature} of a plan file" if run.saved and point.writes else signature
                found[whole].append(Call(run, point, whole, len(calls)))
        return found

    def _prepare(self, runs: tuple[StruckRun, ...]) -> None:
        """Make what no process has made yet, first without waiting for what others are making."""
        for run in runs:
            self._made.begin(str(run), partial(self._make, run))


def spread(calls: Calls, ways: Sequence[Way]) -> Iterator[tuple[Call, Way]]:
    """Each signature with each way once, and each call with some way: as few points as that can be done with.

    Where a signature has more calls than there are ways, the ways take turns; where it has fewer, those of shorter runs
    do, which take less time.
    """
    for signature in sorted(calls):
        same = calls[signature]
        shorter = sorted(same, key=lambda call: call.of)[: (len(same) + 1) // 2]
        further = (shorter[number % len(shorter)] for number in range(len(ways) - len(same)))
        yield from ((call, ways[number % len(ways)]) for number, call in enumerate((*same, *further)))
