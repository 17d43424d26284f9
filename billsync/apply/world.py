"""Everything that a run may touch. The threads of a run share it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass as mutable
from dataclasses import field
from types import MappingProxyType

from billsync.apply.bindings import Bindings
from billsync.core.secrets.step_masking import UNMASKED, StepMasking
from billsync.model.address import Address
from billsync.model.change import Step
from billsync.model.frozen import dataclass
from billsync.model.kind import Kind
from billsync.model.ports import Answer, Clock, Journal, ReadAhead, Remote, RemoteError
from billsync.model.value import Fields, Plain

NONE_OVERDUE: Mapping[str, str] = MappingProxyType({})
"""No step is overdue, however long a run takes."""


@mutable(slots=True)
class Absence:
    """Whether what a run creates is likely to be absent still, as its last create has shown."""

    is_likely: bool = True


@dataclass(frozen=True, slots=True)
class World:
    """The server, what is known of it, the journal and the clock.

    `unmet` says, by a step's id, what it was decided on that is no longer so, and `overdue`, as time passes, why it may
    no longer be done. `calls_first` lets creates be called
    without a look, as long as `absence` is likely, and end by their answers (first_call.py);
    `one_chain_per_parent`: the server itself refuses a second running chain of a parent. Once `stopping` is set, no
    call is made. `documents` are answers, by path, that were read ahead for the looks of one moment, and
    `ahead` is all that was read for those of a lot (lots.py). `decided_on` are rows from which steps were decided
    (unchanged.py).
    """

    remote: Remote
    bindings: Bindings
    journal: Journal
    clock: Clock
    masking: StepMasking = UNMASKED
    unmet: Mapping[str, str] = field(default_factory=dict)
    overdue: Mapping[str, str] = field(default_factory=dict)
    calls_first: bool = True
    one_chain_per_parent: bool = False
    absence: Absence = field(default_factory=Absence)
    documents: Mapping[str, Answer | RemoteError] = field(default_factory=dict)
    ahead: ReadAhead | None = None
    decided_on: Mapping[Address, Fields] = field(default_factory=dict)
    stopping: threading.Event = field(default_factory=threading.Event)
    _writing: threading.Lock = field(default_factory=threading.Lock)

    def record(self, event: str, facts: Mapping[str, Plain]) -> None:
        """Keep an event in the journal, without sourced values; one thread writes at a time."""
        kept = self.masking.facts(facts)
        with self._writing:
            self.journal.record(event, kept)

    def unfit(self, step: Step) -> str:
        """The reason why a step doesn't fit the server any more; empty where it does."""
        return self.unmet.get(step.id) or self.overdue.get(step.id, "")

    def kind(self, step: Step) -> Kind:
        """The table of a step's kind."""
        return self.bindings.registry[step.address.kind]
