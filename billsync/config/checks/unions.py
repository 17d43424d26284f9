"""The branch of a `oneOf` or `anyOf` that was meant, so that only its failures are reported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import TypeAlias

from billsync.config.checks.failure import Failure
from billsync.model.frozen import replace

Branch: TypeAlias = tuple[Failure, ...]

_AT_ROOT = ("type", "const", "enum")


def meant(union: Failure) -> Branch:
    """Return the failures of one branch of a union, or one failure that lists the allowed forms.

    A branch for another type of value is left out, and then one whose tag (a field that must have one value) is
    another; of what remains the branch with the fewest failures is taken.
    """
    branches = _branches(union)
    if all(_only_asks(branch, union) for branch in branches):
        return (replace(union, rule="requiredOne", limit=[branch[0].limit[0] for branch in branches]),)
    fitting = [branch for branch in branches if not _at_root(branch, union)]
    if not fitting:
        return (_nothing_fits(union, branches),)
    tagged = [branch for branch in fitting if not _tags(branch, union)]
    if not tagged:
        tags = [tag for branch in fitting for tag in _tags(branch, union)]
        return (replace(tags[0], rule="enum", limit=[tag.limit for tag in tags]),)
    if len(tagged) > 1 and (missing := _missing_in_all(tagged, union)):
        return (_with_choices(missing, union),)
    return min(tagged, key=len)


def _branches(union: Failure) -> list[Branch]:
    inner = sorted(union.inner, key=lambda failure: failure.branch)
    return [tuple(group) for _, group in groupby(inner, key=lambda failure: failure.branch)]


def _only_asks(branch: Branch, union: Failure) -> bool:
    """Whether a branch only lacks one field, which is its only requirement."""
    first = branch[0]
    return (
        len(branch) == 1
        and first.rule == "required"
        and first.path == union.path
        and first.schema.keys() == {"required"}
    )


def _at_root(branch: Branch, union: Failure) -> bool:
    return any(failure.path == union.path and failure.rule in _AT_ROOT for failure in branch)


def _tags(branch: Branch, union: Failure) -> list[Failure]:
    depth = len(union.path) + 1
    return [failure for failure in branch if failure.rule == "const" and len(failure.path) == depth]


def _missing_in_all(branches: Sequence[Branch], union: Failure) -> Failure | None:
    for failure in branches[0]:
        if failure.rule == "required" and failure.path == union.path:
            messages = [{other.message for other in branch} for branch in branches]
            if all(failure.message in branch for branch in messages):
                return failure
    return None


def _with_choices(missing: Failure, union: Failure) -> Failure:
    """The missing field with the values that the branches ask of it."""
    name = next(name for name in missing.limit if missing.message.startswith(repr(name)))
    asked = [branch.get("properties", {}).get(name, {}) for branch in union.limit if isinstance(branch, Mapping)]
    choices = [field["const"] for field in asked if "const" in field]
    return replace(missing, schema={"properties": {name: {"enum": choices}}})


def _nothing_fits(union: Failure, branches: Sequence[Branch]) -> Failure:
    roots = [failure for branch in branches for failure in branch if failure.path == union.path]
    choices = [choice for failure in roots for choice in _choices(failure)]
    if choices and isinstance(union.value, str):
        return replace(union, rule="enum", limit=choices)
    limits = [failure.limit for failure in roots if failure.rule == "type"]
    names = [name for limit in limits for name in ([limit] if isinstance(limit, str) else limit)]
    return replace(union, rule="type", limit=list(dict.fromkeys(names)))


def _choices(failure: Failure) -> Sequence[object]:
    if failure.rule == "enum":
        return list(failure.limit)
    return [failure.limit] if failure.rule == "const" else []
