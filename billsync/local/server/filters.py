"""`filter[...]` parameters as SQL conditions, with the real server's operators and refusals (catalog-facts.md §1.4)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from billsync.local.server.contract import validator
from billsync.local.server.identifiers import is_ulid
from billsync.local.server.problems import Problem, bad_query, invalid
from billsync.local.server.resource import Query
from billsync.local.store.times import instant_of, micros
from billsync.model.frozen import dataclass

MEMBER = re.compile(r"filter\[([^\[\]]*)\](?:\[([^\[\]]*)\])?")
OPERATORS = {
    "string": frozenset(["eq", "neq", "contains", "ocontains", "oeq", "gt", "gte", "lt", "lte", "exists", "nexists"]),
    "exact": frozenset(("eq", "neq", "oeq")),
    "ulid": frozenset(("eq", "neq", "oeq")),
    "time": frozenset(("eq", "gt", "gte", "lt", "lte")),
}
COMPARISONS = {"eq": "=", "neq": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
BOOLEANS = {
    text: text[0] in "1tT" for text in ("1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False")
}
LONGEST = 1024
MOST_ITEMS = 50

Given = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Condition:
    """SQL with positional marks, and their values."""

    sql: str
    values: tuple[Any, ...] = ()


def given_filters(query: Query, kinds: Mapping[str, Any]) -> Given:
    """Field → operator → text, as the request gives them; a bare value is `eq`, a bare empty one `exists`.

    Raises Problem for a field or an operator that the list doesn't have, and for a value that has not its form.
    """
    found: dict[str, dict[str, str]] = {}
    for name, text in query:
        if not name.startswith("filter["):
            continue
        member, operator = _member(name, kinds)
        operators = found.setdefault(member, {})
        if (operator or "") in operators:
            raise _malformed(f'filter parameter "{name}": repeated query parameter not allowed')
        if len(text.encode()) > LONGEST:
            raise _malformed(f'filter parameter "{name}": value too long (max {LONGEST} bytes)')
        operators[operator or ""] = text
    return {member: _operators(member, kinds[member], texts) for member, texts in found.items()}


def _member(name: str, kinds: Mapping[str, Any]) -> tuple[str, str | None]:
    match = MEMBER.fullmatch(name)
    if match is None or match[1] not in kinds:
        raise _malformed(f"unknown filter field(s): {match[1] if match else name}")
    return match[1], match[2]


def _operators(member: str, kind: Any, texts: Mapping[str, str]) -> dict[str, str]:
    if not isinstance(kind, str):
        return _plain(member, kind, texts)
    found = {operator or "eq": text for operator, text in texts.items()}
    if "" in texts and len(texts) > 1:
        raise _malformed(f"filter[{member}]: a bare value beside operators")
    if kind == "string" and texts.get("") == "":
        return {"exists": "true"}
    for operator, text in found.items():
        _check(f"filter[{member}][{operator}]", member, kind, operator, text)
    return found


def _plain(member: str, schema: Mapping[str, Any], texts: Mapping[str, str]) -> dict[str, str]:
    if texts.keys() != {""}:
        raise _malformed(f"filter[{member}]: operator-style keys are not supported for this field")
    if wrong := validator().violations(schema, texts[""]):
        raise bad_query(member, wrong[0].reason, wrong[0].rule)
    return {"eq": texts[""]}


def _check(name: str, member: str, kind: str, operator: str, text: str) -> None:
    if operator not in OPERATORS[kind]:
        raise _malformed(f"{name}: unsupported operator")
    if operator in ("exists", "nexists") and text not in BOOLEANS:
        raise _malformed(f'{name}: invalid boolean "{text}"')
    if operator in ("oeq", "ocontains") and len(text.split(",")) > MOST_ITEMS:
        raise _malformed(f"{name}: too many comma-separated items (max {MOST_ITEMS})")
    if operator in COMPARISONS and not _FORMS[kind](text):
        raise bad_query(member, 'doesn\'t match any schema from "anyOf"', "anyOf")


def _malformed(reason: str) -> Problem:
    return bad_query("filter", reason, "format")


def _is_time(text: str) -> bool:
    return instant_of(text) is not None


_FORMS: Mapping[str, Callable[[str], bool]] = {
    "string": lambda text: True,
    "exact": lambda text: True,
    "ulid": is_ulid,
    "time": _is_time,
}


def items(text: str) -> list[str]:
    """The entries of a comma-separated value, trimmed; empty for an empty value."""
    return [item.strip() for item in text.split(",")] if text else []


def conditions(kind: str, expression: str, operators: Mapping[str, str]) -> Iterator[Condition]:
    """One condition for each operator, all of which must hold.

    Raises Problem (shape B) for an empty operand, a bad id in a list, or several operators on an exact field.
    """
    if kind == "exact" and len(operators) > 1:
        raise invalid("validation error: filter is invalid: multiple operators are set")
    for operator, text in operators.items():
        if not text and operator not in ("oeq", "ocontains"):
            raise invalid("validation error: filter is invalid: format mismatch")
        if kind == "ulid" and operator == "oeq" and not all(map(is_ulid, items(text))):
            raise invalid("validation error: filter is invalid: not an id")
        yield from _condition(kind, expression, operator, text)


def _condition(kind: str, expression: str, operator: str, text: str) -> Iterator[Condition]:
    if operator in COMPARISONS:
        yield Condition(f"{expression} {COMPARISONS[operator]} ?", (_operand(kind, text),))
    elif operator == "contains":
        yield _contains(expression, [text])
    elif operator in ("exists", "nexists"):
        present = BOOLEANS[text] == (operator == "exists")
        yield Condition(f"{expression} IS {'NOT NULL' if present else 'NULL'}")
    elif (wanted := items(text)) and operator == "oeq":
        yield Condition(f"{expression} IN ({','.join('?' * len(wanted))})", tuple(wanted))
    elif wanted:
        yield _contains(expression, wanted)


def _contains(expression: str, parts: list[str]) -> Condition:
    sql = " OR ".join([f"instr(folded({expression}), folded(?)) > 0"] * len(parts))
    return Condition(f"({sql})", tuple(parts))


def _operand(kind: str, text: str) -> Any:
    moment = instant_of(text) if kind == "time" else None
    return text if moment is None else micros(moment)
