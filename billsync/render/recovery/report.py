"""The result of a command about recovery as one value, and the formats that are made from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from billsync.model.frozen import dataclass
from billsync.model.moment import moment_text
from billsync.render.formats.json_text import json_text
from billsync.render.html.page import as_html
from billsync.render.markdown.comment import as_markdown
from billsync.render.page.page import Page, Paragraph, Section, plain, strong
from billsync.render.recovery.object import losses_object, proof_object
from billsync.render.recovery.page import loss_sections, proof_sections
from billsync.render.recovery.text import losses_text, proof_headline, proof_text
from billsync.report.recovery.losses.accounting import LossReport
from billsync.report.recovery.losses.loss_lines import LOSSES, SNAPSHOT, TAKEN_AT
from billsync.report.recovery.proof.departures import Proof

PROOF = "proof"


@dataclass(frozen=True, slots=True)
class About:
    """The subject of a report: the time and the origin of the snapshot, and the server that it is compared with."""

    taken_at: datetime
    origin: str
    target: str


@dataclass(frozen=True, slots=True)
class RecoveryReport:
    """The proof of one server, and the loss report if there is one. `lines` are sentences that stand above.

    `parts` are more members of the JSON object.
    """

    about: About
    proof: Proof
    losses: LossReport | None = None
    lines: tuple[str, ...] = ()
    parts: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Paged:
    """The options of pages: the name in a comment's marker, and the files with the whole result."""

    marker: str = ""
    elsewhere: str = ""
    width: int | None = None


def text_of_proof(proof: Proof, about: About, width: int | None) -> str:
    """A proof as text; ends with a line break."""
    return proof_text(proof, taken_at=about.taken_at, target=about.target, width=width)


def snapshot_object(about: About) -> Mapping[str, str]:
    """The snapshot of a report as a member of its JSON."""
    return {TAKEN_AT: moment_text(about.taken_at), "server": about.origin}


def _text(report: RecoveryReport, paged: Paged) -> str:
    blocks = [f"{line}\n" for line in report.lines]
    proof = text_of_proof(report.proof, report.about, paged.width)
    losses = [losses_text(report.losses, paged.width)] if report.losses else []
    return "\n".join(["".join(blocks), *losses, proof] if blocks else [*losses, proof])


def _json(report: RecoveryReport, paged: Paged) -> str:
    about = report.about
    return json_text(
        {
            "format_version": "1.0",
            SNAPSHOT: snapshot_object(about),
            "server": about.target,
            PROOF: proof_object(report.proof),
            **({LOSSES: losses_object(report.losses)} if report.losses else {}),
            **(report.parts or {}),
        }
    )


def _page(report: RecoveryReport, paged: Paged) -> Page:
    about = report.about
    headline = strong(proof_headline(report.proof, taken_at=about.taken_at, target=about.target))
    lines = Section(plain("Summary"), (Paragraph(tuple(map(plain, report.lines))),))
    sections = (
        *((lines,) if report.lines else ()),
        *proof_sections(report.proof),
        *(loss_sections(report.losses) if report.losses else ()),
    )
    is_quiet = not report.proof.departures and not report.lines
    elsewhere = paged.elsewhere or "the output of the command as text"
    return Page(paged.marker, headline, sections=sections, elsewhere=elsewhere, is_quiet=is_quiet)


FORMATS: Mapping[str, Callable[[RecoveryReport, Paged], str]] = {
    "text": _text,
    "json": _json,
    "markdown": lambda report, paged: as_markdown(_page(report, paged)),
    "html": lambda report, paged: as_html(_page(report, paged)),
}
