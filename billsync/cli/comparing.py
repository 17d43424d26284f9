"""`validate` and `diff`: what the files say, and what would be done. Neither writes anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from billsync.app.anonymous import judged_without_usage, private_kinds
from billsync.app.ending import Exit, worst
from billsync.app.impact import impact
from billsync.app.impact_facts import ImpactScope
from billsync.app.pipeline import compare
from billsync.app.policies import judged, usage_in
from billsync.cli.inputs import as_it_is, desired_state, owner_missing, refusal_of
from billsync.cli.opening import ServerOptions, connected
from billsync.cli.surroundings import Run
from billsync.core.diff import Mode
from billsync.kinds.registry import KINDS
from billsync.model.change import PlanFile
from billsync.model.diagnostic import Diagnostic
from billsync.model.kind import Kind
from billsync.model.state import Desired
from billsync.render.diagnostics import diagnostics_text
from billsync.render.impact.object import impact_object
from billsync.render.impact.text import impact_text
from billsync.render.plan.nameless import finding_without_names, without_names
from billsync.render.plan.outline import outline
from billsync.render.plan.structured import as_json_chunks, errors_as_json
from billsync.render.plan.text import as_text
from billsync.report.impact.impact import Impact
from billsync.report.impact.redact import redact


def validate(run: Run, paths: Sequence[str]) -> Exit:
    """Check the files offline."""
    desired, findings = desired_state(run, paths)
    run.result(errors_as_json(findings, {"declared": _counts(desired)}) if run.wants_json else _valid(desired))
    return Exit.DONE


@dataclass(frozen=True, slots=True)
class DiffOptions:
    """What is compared and told: guards that may pass, whether pending changes are an exit code, and the impact."""

    allow: Mapping[str, str]
    exit_code: bool = False
    impact: ImpactScope | None = None
    is_anonymous: bool = False


def show_difference(run: Run, paths: Sequence[str], options: ServerOptions, wanted: DiffOptions) -> Exit:
    """Print what `sync` would do, and what new prices would mean. Where that is anonymous, no customer is named."""
    telling = finding_without_names if wanted.is_anonymous else as_it_is
    desired, findings = desired_state(run, paths, telling=telling)
    found = None
    with connected(run, options, desired.target) as connection:
        comparison = compare(connection, desired, Mode("diff", deletes=True, allow=wanted.allow))
        if wanted.impact:
            found = impact(connection, desired, comparison, wanted.impact, run.progress)
        judge = judged_without_usage if wanted.is_anonymous else judged
        comparison = judge(connection, desired, comparison, usage_in(found.verdicts) if found else None)
    missing = owner_missing(desired, comparison.plan)
    run.verdict = _exit(comparison.plan, missing, wanted)
    whole = outline(comparison.plan)
    if wanted.is_anonymous:
        whole = without_names(whole, private_kinds())
    if run.wants_json:
        more = {"impact": impact_object(_shown(found, wanted))} if found else None
        for chunk in list(as_json_chunks(whole, (*findings, *missing), more)):  # all or nothing: it has to be JSON
            run.result(chunk)
    else:
        run.result(
            as_text(whole, run.look)
            + (f"\n{impact_text(_shown(found, wanted), width=run.look.width)}" if found else "")
        )
        run.talk(diagnostics_text(missing))
    return run.verdict


def _shown(found: Impact, wanted: DiffOptions) -> Impact:
    return redact(found) if wanted.is_anonymous else found


def _exit(plan: PlanFile, missing: Sequence[Diagnostic], wanted: DiffOptions) -> Exit:
    """What stops `sync`, before it stops: no flag changes that. Pending changes count only when asked for."""
    pending = Exit.PENDING if plan.pending and wanted.exit_code else Exit.DONE
    return worst(refusal_of(plan), Exit.ERROR if missing else Exit.DONE, pending)


def _valid(desired: Desired) -> str:
    counts = _counts(desired)
    parts = [_counted(kind, counts[kind.collection]) for kind in KINDS.values() if counts[kind.collection]]
    return f"Valid: {', '.join(parts) or 'nothing is declared'}.\n"


def _counts(desired: Desired) -> Mapping[str, int]:
    """How many entities of each kind are declared, by collection."""
    counts = Counter(entity.address.kind for entity in desired.entities)
    return {kind.collection: counts[name] for name, kind in KINDS.items()}


def _counted(kind: Kind, count: int) -> str:
    return f"1 {kind.name}" if count == 1 else f"{count} {kind.collection}"
