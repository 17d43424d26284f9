"""The plan file as JSON and back, without loss (law 8): numbers stay exact, symbols stay symbols.

Its forms are a table, from which its JSON Schema is made, too. A digest over the content shows that it wasn't edited;
it is no signature, as anybody can make one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from billsync.core.views.forms import (
    ADDRESS,
    COUNT,
    FIELDS,
    FLAG,
    MALFORMED,
    PATH,
    PLAIN,
    TEXT,
    Member,
    Schema,
    choice,
    many,
    map_of,
    optional,
    record,
)
from billsync.model import patterns
from billsync.model.change import (
    Action,
    Call,
    Change,
    Effect,
    Expectation,
    FieldChange,
    Guard,
    Obstacle,
    Outcome,
    PlanFile,
    Reading,
    Step,
)
from billsync.model.since import Since
from billsync.model.value import Fields, digest

FORMAT_VERSION = "1.0"
DIGEST = "digest"
_KEPT_APART = ("format_version", DIGEST)


class UnknownFormat(ValueError):
    """The text isn't a plan file of a version that this billsync supports."""


class OtherVersion(UnknownFormat):
    """The text is a plan file of another format version."""


class Edited(UnknownFormat):
    """The content of the plan file isn't what its digest says."""


_OBSTACLE = record(
    Obstacle,
    "Something that must not be there.",
    {
        "rule": Member(TEXT, "The rule that is checked."),
        "kind": Member(TEXT, "The kind whose rows are looked at."),
        "path": Member(TEXT, "The document that is looked at."),
        "known": Member(COUNT, "How many of them were there when the step was decided."),
    },
)
_EXPECTATION = record(
    Expectation,
    "The expected form of an entity.",
    {
        "view": Member(optional(FIELDS), "Its fields; null where it must be absent."),
        "statuses": Member(many(TEXT), "The statuses that it may have; none means any."),
        "at_least": Member(many(TEXT), "Lists of which it may show more members."),
        "without": Member(many(_OBSTACLE), "What must not be there right before the call."),
        "marked": Member(many(TEXT), "Marks of members that must be there."),
        "facts": Member(FIELDS, "Moments and quantities that it must show, by name."),
        "partial": Member(FLAG, "Whether it may have fields that the view doesn't name."),
    },
)
_CALL = record(
    Call,
    "One call of the API; a symbol in braces stands for an id.",
    {
        "method": Member(TEXT, "The HTTP method."),
        "path": Member(TEXT, "The path after the API's base."),
        "body": Member(PLAIN, "The body; null for none."),
    },
)
_STEP = record(
    Step,
    "One call on one entity.",
    {
        "id": Member(TEXT, "The step's name."),
        "address": Member(ADDRESS, "The entity."),
        "verb": Member(TEXT, "The word for people."),
        "call": Member(_CALL, "The call."),
        "before": Member(_EXPECTATION, "The entity before the call; otherwise the step is stale."),
        "after": Member(_EXPECTATION, "The entity after the call; if it is so already, the step is done."),
        "needs": Member(many(TEXT), "The steps that must be done first."),
        "repeatable": Member(FLAG, "Whether the call may be made again after an unclear outcome."),
    },
)
_FIELD_CHANGE = record(
    FieldChange,
    "A field that differs.",
    {
        "path": Member(PATH, "Its place in the entity."),
        "old": Member(PLAIN, "Its live value; null where it is absent."),
        "new": Member(PLAIN, "Its wanted value; null where it is absent."),
    },
)
_CHANGE = record(
    Change,
    "The change of one entity, or a note or refusal about it.",
    {
        "address": Member(ADDRESS, "The entity."),
        "action": Member(choice(Action), "The kind of change; none for notes and refusals."),
        "verb": Member(TEXT, "The word for people."),
        "outcome": Member(choice(Outcome), "Whether a run carries it out, and why not."),
        "code": Member(TEXT, "The code of the reason."),
        "reason": Member(TEXT, "Why it is refused, waits, or is a note."),
        "hint": Member(TEXT, "What to do."),
        "fields": Member(many(_FIELD_CHANGE), "The fields that differ."),
        "steps": Member(many(TEXT), "The names of its steps."),
        "old": Member(optional(FIELDS), "The version that a new one takes the place of."),
        "timing": Member(TEXT, "When the change of a chain takes effect."),
        "effect": Member(optional(choice(Effect)), "What the change does; null for notes and refusals."),
        "staying": Member(optional(COUNT), "How many subscribers stay on the old version; null if none can."),
        "lasting": Member(TEXT, "What stays when the change is taken back; empty where nothing does."),
    },
)
_GUARD = record(
    Guard,
    "A rule that stops the run before its first call.",
    {
        "code": Member(TEXT, "Its code."),
        "reason": Member(TEXT, "Why it stops the run."),
        "flag": Member(TEXT, "The flag that lets it pass."),
        "addresses": Member(many(ADDRESS), "The entities that it is about."),
        "hint": Member(TEXT, "What to do where no flag lets it pass; empty for a change of the policy, or the files."),
    },
)
_READING = record(
    Reading,
    "An entity that steps of other entities were decided on.",
    {
        "address": Member(ADDRESS, "The entity."),
        "expected": Member(_EXPECTATION, "The entity as it was read."),
        "steps": Member(many(TEXT), "The names of the steps that were decided on it."),
        "fields": Member(optional(many(TEXT)), "The fields that count; null for all of them."),
    },
)
_SINCE = record(
    Since,
    "The commit since which the files have changed, where only that was compared.",
    {
        "ref": Member(TEXT, "The commit's name, as it was asked for."),
        "commit": Member(TEXT, "The commit that the files were compared with: its merge base with the present one."),
        "everything": Member(TEXT, "Why everything was compared; empty where a part was."),
        "compared": Member(map_of(TEXT, COUNT), "The number of entities that were compared, by kind."),
        "left_out": Member(map_of(TEXT, COUNT), "The number of entities that were left out, by kind."),
    },
)
_PLAN_FILE = record(
    PlanFile,
    "The steps of a run that was decided, and everything that is checked when it is carried out.",
    {
        "billsync": Member(TEXT, "The version of billsync that wrote it."),
        "target": Member(TEXT, "The server."),
        "dialect": Member(TEXT, "The dialect of its API, with the generation."),
        "intended": Member(map_of(TEXT, TEXT), "The server that the files are for."),
        "owner": Member(optional(TEXT), "The owner."),
        "mode": Member(TEXT, "The command that carries it out: apply, sync or restore."),
        "selection": Member(
            many(TEXT), "The part of the files that it is about (--select, --since); empty for all of them."
        ),
        "since": Member(optional(_SINCE), "The commit since which the files have changed; null without --since."),
        "owners": Member(map_of(ADDRESS, TEXT), "The owners of the entities, where these are several."),
        "policy": Member(FIELDS, "The rules of the files (`_info.policy`), which an undo of the run keeps."),
        "allowed": Member(many(TEXT), "The flags that let guards pass."),
        "created_at": Member(TEXT, "When it was decided (RFC 3339, UTC)."),
        "expires_at": Member(TEXT, "Until when it may be carried out (RFC 3339, UTC)."),
        "moved": Member(map_of(ADDRESS, many(ADDRESS)), "Former keys, by the entity that has a new one."),
        "changes": Member(many(_CHANGE), "The changes, for people."),
        "guards": Member(many(_GUARD), "The guards that stop it."),
        "steps": Member(many(_STEP), "The steps, in an order that runs."),
        "readings": Member(many(_READING), "What was read to decide, besides the entities of the steps."),
        "secrets": Member(map_of(TEXT, TEXT), "Keyed digests of values from the environment or from other files."),
    },
)


def step_as_object(step: Step) -> Mapping[str, Any]:
    """A step in the form that it has in a plan file, for a journal."""
    found: Mapping[str, Any] = _STEP.write(step)
    return found


def step_of_object(value: Mapping[str, Any]) -> Step:
    """The step that `step_as_object` wrote. Raises UnknownFormat for anything else."""
    try:
        found: Step = _STEP.read(value)
        return found
    except MALFORMED as error:
        raise UnknownFormat(f"not a step: {error}") from error


def fields_as_object(fields: Fields) -> Mapping[str, Any]:
    """The fields of a view in the form that they have in a plan file."""
    found: Mapping[str, Any] = FIELDS.write(fields)
    return found


def fields_of_object(value: Mapping[str, Any]) -> Fields:
    """The fields that `fields_as_object` wrote. Raises UnknownFormat for anything else."""
    try:
        found: Fields = FIELDS.read(value)
        return found
    except MALFORMED as error:
        raise UnknownFormat(f"no fields: {error}") from error


def to_json(plan_file: PlanFile) -> str:
    """The plan file as JSON text; the same plan file always gives the same bytes."""
    document = {"format_version": plan_file.format_version, **_PLAN_FILE.write(plan_file)}
    return json.dumps(sealed(document), indent=2, ensure_ascii=False) + "\n"


def sealed(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The document with the digest of its content after the format version."""
    content = {name: value for name, value in document.items() if name != DIGEST}
    version = {name: value for name, value in content.items() if name in _KEPT_APART}
    return {**version, DIGEST: f"sha256:{digest(content)}", **content}


def from_json(text: str) -> PlanFile:
    """The plan file that `to_json` wrote. Raises UnknownFormat for anything else, OtherVersion, Edited."""
    try:
        document = json.loads(text, parse_float=_no_float, parse_constant=_no_float)
        if not isinstance(document, dict):
            raise UnknownFormat("not a plan file: it is no JSON object")
        version = document["format_version"]
        if version != FORMAT_VERSION:
            raise OtherVersion(f"plan file format {version!r}; this billsync knows {FORMAT_VERSION!r}")
        if sealed(document)[DIGEST] != document[DIGEST]:
            raise Edited("its content doesn't have the digest that stands in it")
        members = {name: value for name, value in document.items() if name not in _KEPT_APART}
        found: PlanFile = _PLAN_FILE.read(members)
        return found
    except UnknownFormat:
        raise
    except MALFORMED as error:
        what = f"it has no {error}" if isinstance(error, KeyError) else error
        raise UnknownFormat(f"not a plan file: {what}") from error


def _no_float(text: str) -> Any:
    raise ValueError(f"{text} is a float")


def plan_file_schema() -> Schema:
    """The JSON Schema (2020-12) of a plan file."""
    head = {
        "format_version": {"const": FORMAT_VERSION, "description": "The version of the format of plan files."},
        DIGEST: {
            "type": "string",
            "pattern": patterns.DIGEST,
            "description": "SHA-256 of the canonical JSON of everything else: sorted keys, no white space, UTF-8.",
        },
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "plan file",
        **_PLAN_FILE.schema,
        "properties": {**head, **_PLAN_FILE.schema["properties"]},
        "required": [*head, *_PLAN_FILE.schema["required"]],
    }
