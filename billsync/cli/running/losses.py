"""The loss report of a restore as a part of its account, and what was done besides the steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from billsync.app.recovery.besides import BILLING, DEBTS, EVENTS, SET_UP, Besides
from billsync.model.result import StepResult
from billsync.render.formats.look import Look
from billsync.render.page.page import Paragraph, Section, plain, strong
from billsync.render.recovery.object import losses_object, proof_object
from billsync.render.recovery.page import loss_sections, proof_sections
from billsync.render.recovery.report import PROOF, About, snapshot_object, text_of_proof
from billsync.render.recovery.text import losses_text, proof_headline
from billsync.report.recovery.losses.accounting import LossReport
from billsync.report.recovery.losses.loss_lines import LOSSES, SNAPSHOT
from billsync.report.recovery.proof.departures import Proof


@dataclass(slots=True)
class Losses:
    """The loss report above the changes of an account, what is done besides these and how that ended (set-up, debts,
    usage events and billing), the keys of customers whose billing couldn't be set, whether the server took no fees for
    debts, and the proof, if there is one."""

    report: LossReport
    about: About
    besides: Besides
    set_up: str = ""
    debts: str = ""
    events: str = ""
    billing: str = ""
    unpinned: frozenset[str] = frozenset()
    no_fees: bool = False
    proof: Proof | None = None

    def text(self, results: Mapping[str, StepResult], look: Look) -> str:
        """The loss report as text."""
        sent = "".join(f"{one}\n" for one in self._ends)
        proof = f"\n{text_of_proof(self.proof, self.about, look.width)}" if self.proof else ""
        return f"{losses_text(self.report, look.width)}{sent}{proof}"

    def parts(self, results: Mapping[str, StepResult]) -> Mapping[str, Any]:
        """The loss report as a part of the JSON object."""
        said = {"set_up": self.set_up, "billing": self.billing, "debts": self.debts, "events": self.events}
        sent = {name: text for name, text in said.items() if text}
        proof = {PROOF: proof_object(self.proof)} if self.proof else {}
        return {
            SNAPSHOT: snapshot_object(self.about),
            LOSSES: losses_object(self.report),
            "besides": self.besides.object,
            **sent,
            **proof,
        }

    def sections(self) -> tuple[Section, ...]:
        """The proof, the loss report, and what was done besides the steps, as sections of a page."""
        ends = Paragraph(tuple(map(plain, self._ends)))
        return (
            *(self._proof_sections(self.proof) if self.proof else ()),
            *loss_sections(self.report),
            *((Section(plain("Besides the steps"), (ends,)),) if ends.lines else ()),
        )

    def _proof_sections(self, proof: Proof) -> Iterator[Section]:
        headline = proof_headline(proof, taken_at=self.about.taken_at, target=self.about.target)
        yield Section(plain("Proof"), (Paragraph((strong(headline),)),))
        yield from proof_sections(proof)

    @property
    def _ends(self) -> tuple[str, ...]:
        """A line for each thing besides the steps."""
        return tuple(filter(None, (self.set_up, self.billing, self.debts, self.events)))


def losses_before(report: LossReport, about: About, besides: Besides) -> Losses:
    """The losses of a restore that was decided, with what is to be done besides its steps."""
    lines = besides.lines
    said = {name: lines.get(name, "") for name in (SET_UP, DEBTS, EVENTS, BILLING)}
    return Losses(report, about, besides, said[SET_UP], said[DEBTS], said[EVENTS], said[BILLING])
