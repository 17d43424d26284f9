"""`diff --impact=all` over a made-up crowd: how many requests, and how long against reading the same answers as JSON.

Run it as `python -m benchmarks.impact_at_scale`. Times are of one core, as multiples of the floor, which is what the
same answers took to parse in the same run; making them is the server's time and left out. Each size has a process of
its own, so that its peak of memory is its own.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from io import StringIO

from benchmarks.crowd import NOW, Crowd, declared
from billsync.app.connection import Connection
from billsync.app.ending import Ended
from billsync.app.impact import impact
from billsync.app.impact_scope import ImpactScope
from billsync.app.pipeline import compare
from billsync.config import load
from billsync.core.diff import Mode
from billsync.kinds.registry import KINDS
from billsync.model.ports import Answer
from billsync.model.value import Plain
from billsync.render.impact.object import impact_object
from billsync.render.impact.text import impact_text
from billsync.render.plan.outline import outline
from billsync.render.plan.structured import as_json_chunks

READ, ASK, RATE = "reading lists", "asking meters", "rating"


class StillClock:
    """The crowd's time. It doesn't move, so that the pace of reading finds its server quick."""

    def now(self) -> datetime:
        """Always the same."""
        return NOW

    def sleep(self, seconds: float) -> None:
        """Nothing here has to wait."""
        raise AssertionError(f"waited for {seconds} s")


@dataclass(slots=True)
class Watch:
    """A crowd that is watched: seconds of one core by stage, without those that making its answers took."""

    crowd: Crowd
    stages: dict[str, float] = field(default_factory=dict)
    last: float = field(default_factory=time.process_time)
    made: float = 0.0

    def get(self, path: str, query: Sequence[tuple[str, str]] = ()) -> Answer:
        """As the crowd answers."""
        return self.crowd.get(path, query)

    def call(self, method: str, path: str, body: Plain = None) -> Answer:
        """As the crowd answers; the first query ends the reading of lists."""
        if READ not in self.stages:
            self.mark(READ)
        answer = self.crowd.call(method, path, body)
        self.mark(ASK)
        return answer

    def mark(self, stage: str) -> None:
        """What went by since the last mark belongs to this stage."""
        with self.crowd.lock:
            now, made = time.process_time(), self.crowd.making
            spent = now - self.last - (made - self.made)
            self.stages[stage] = self.stages.get(stage, 0.0) + spent
            self.last, self.made = now, made


def measured(crowd: Crowd, sample: int | None) -> str:
    """What one whole run took and asked."""
    watch = Watch(crowd)
    connection = Connection(watch, StillClock(), "crowd", "openmeter")
    desired, findings = load(["-"], registry=KINDS, stdin=StringIO(declared(crowd.plans)))
    assert not findings, findings[:3]
    watch.mark("reading the files")
    comparison = compare(connection, desired, Mode("diff", deletes=True, allow={}))
    watch.mark("comparing")
    try:
        shown = impact(connection, desired, comparison, ImpactScope("all", sample=sample))
    except Ended as ended:
        watch.mark(READ)
        return _told(watch, f"stopped: {ended}")
    watch.mark(RATE)
    text = impact_text(shown)
    watch.mark("text")
    lean = _peak()
    chunks = as_json_chunks(outline(comparison.plan), (), {"impact": impact_object(shown)})
    written = sum(map(len, chunks))
    watch.mark("JSON")
    told = f"peak {lean} MB with text of {len(text):,} characters, {_peak()} MB with JSON of {written:,}"
    return _told(watch, told)


def _told(watch: Watch, end: str) -> str:
    crowd = watch.crowd
    asked = ", ".join(f"{count:,} {kind}" for kind, count in sorted(crowd.asked.items()))
    times = ", ".join(f"{stage} {seconds / crowd.parsing:.1f}" for stage, seconds in watch.stages.items())
    whole = sum(watch.stages.values())
    return (
        f"{crowd.subscriptions:,} subscriptions of {crowd.plans} plans, {crowd.customers:,} customers, "
        f"{crowd.anchors:,} anchors\n"
        f"  asked: {asked}\n"
        f"  floor 1 = {crowd.parsing:.2f} s; all {whole / crowd.parsing:.1f} ({whole:.1f} s): {times}\n"
        f"  {end}\n"
    )


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main() -> None:
    """Print one block for each size."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--subscriptions", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    options.add_argument("--customers", type=int, help="as many as subscriptions, if not given")
    options.add_argument("--plans", type=int, default=100)
    options.add_argument("--anchors", type=int, default=1)
    options.add_argument("--sample", type=int)
    given = options.parse_args()
    for size in given.subscriptions:
        crowd = Crowd(given.plans, size, given.customers or size, given.anchors)
        with ProcessPoolExecutor(max_workers=1) as alone:
            print(alone.submit(_measured, crowd.plans, size, crowd.customers, crowd.anchors, given.sample).result())


def _measured(plans: int, subscriptions: int, customers: int, anchors: int, sample: int | None) -> str:
    return measured(Crowd(plans, subscriptions, customers, anchors), sample)


if __name__ == "__main__":
    main()
