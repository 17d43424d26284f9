"""Field differences of two views of one entity. The only module that uses deepdiff."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from billsync.model.address import Symbol
from billsync.model.change import FieldChange
from billsync.model.kind import Path
from billsync.model.shape import Lazy, ListOf, MapOf, Record, Shape, Variant
from billsync.model.value import Fields, Masked, Plain, decimal_text, json_line

_ORDER = "(order)"


def field_changes(shape: Shape, have: Fields, want: Fields) -> tuple[FieldChange, ...]:
    """Return the differences of two canonical views, by path; members of keyed lists are under their key.

    Empty if and only if the two are equal.
    """
    found = _differences(_outline(shape, have), _outline(shape, want), ())
    told = _with_moves([change for change in found if not _only_membership(change)])
    return tuple(sorted(told, key=lambda change: change.name))


def _differences(old: Any, new: Any, path: Path) -> Iterator[FieldChange]:
    """The differences of two outlines; deepdiff finds those inside of lists."""
    if old is new or (type(old) is type(new) is str and old == new):
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for name in old.keys() | new.keys():
            if name not in old:
                yield FieldChange((*path, name), None, new[name])
            elif name not in new:
                yield FieldChange((*path, name), old[name], None)
            else:
                yield from _differences(old[name], new[name], (*path, name))
    elif isinstance(old, list) and isinstance(new, list):
        yield from _differences_in_lists(old, new, path)
    elif type(old) is not type(new) or old != new:
        yield FieldChange(path, old, new)


def _differences_in_lists(old: list[Any], new: list[Any], path: Path) -> Iterator[FieldChange]:
    if repr(old) == repr(new):  # most are, and deepdiff takes milliseconds to say so
        return
    from deepdiff import DeepDiff

    tree = DeepDiff(old, new, view="tree", threshold_to_diff_deeper=0)
    yield from (_change(level, kind, path) for kind, levels in tree.items() for level in levels)


def _with_moves(found: list[FieldChange]) -> list[FieldChange]:
    """Return the changes, with a removed and an added member that differ only in their key joined into one moved
    member.

    So a tier with another bound appears as a change of its bound.
    """
    gone = sorted((change for change in found if change.new is None), key=lambda change: change.name)
    come = sorted((change for change in found if change.old is None), key=lambda change: change.name)
    left = list(found)
    for old in gone:
        for new in come:
            if (name := _moved_by(old, new)) is not None:
                come.remove(new)
                left.remove(old)
                left[left.index(new)] = FieldChange((*old.path, name), old.old[name], new.new[name])
                break
    return left


def _moved_by(old: FieldChange, new: FieldChange) -> str | None:
    """The field that names a member of a keyed list, if it is all that two of them differ in."""
    if old.path[:-1] != new.path[:-1] or not isinstance(old.old, Mapping) or not isinstance(new.new, Mapping):
        return None
    if old.old.keys() != new.new.keys():
        return None
    differing = [name for name in old.old if old.old[name] != new.new[name]]
    if len(differing) != 1:
        return None
    name = str(differing[0])
    is_key = (old.path[-1], new.path[-1]) == (str(old.old[name]), str(new.new[name]))
    return name if is_key else None


def _only_membership(change: FieldChange) -> bool:
    """Whether an order differs only because members were added or removed, which are changes of their own."""
    if not change.path or change.path[-1] != _ORDER or change.old is None or change.new is None:
        return bool(change.path) and change.path[-1] == _ORDER
    return set(change.old.split()) != set(change.new.split())


def _change(level: Any, kind: str, path: Path) -> FieldChange:
    old = None if kind.endswith("_added") else level.t1
    new = None if kind.endswith("_removed") else level.t2
    return FieldChange((*path, *level.path(output_format="list")), old, new)


def _outline(shape: Shape, value: Plain) -> Any:
    """The value with keyed lists as maps, so that members are matched by key; leaves as they are shown."""
    match shape:
        case Lazy():
            return _outline(shape.get(), value)
        case ListOf(item=item, key=str(key)) if isinstance(value, tuple | list):
            return _keyed(item, key, value, ordered=not shape.as_set)
        case ListOf(item=item) if isinstance(value, tuple | list):
            return [_outline(item, member) for member in value]
        case MapOf(value=inner) if isinstance(value, Mapping):
            return {name: _outline(inner, member) for name, member in value.items()}
        case Record() if isinstance(value, Mapping):
            return _record(shape, value)
        case Variant() if isinstance(value, Mapping):
            case_ = shape.cases.get(str(value.get(shape.tag)))
            return _record(case_, value) if case_ else _leaf(value)
    return _leaf(value)


def _record(record: Record, value: Fields) -> Plain:
    fields = record.fields
    return {
        name: _outline(fields[name].shape, member) if name in fields else _leaf(member)
        for name, member in value.items()
    }


def _keyed(item: Shape, key: str, members: Sequence[Fields], *, ordered: bool) -> dict[str, Plain]:
    names = _names([member.get(key) for member in members])
    outline = {name: _outline(item, member) for name, member in zip(names, members, strict=True)}
    return {**outline, _ORDER: " ".join(names)} if ordered and len(names) > 1 else outline


def _names(keys: Sequence[Plain]) -> list[str]:
    """Return the names of members. A reference is named by its key alone, so that another version appears as a change
    inside the member."""
    plain = [key.address.key if isinstance(key, Symbol) else shown(_leaf(key)) for key in keys]
    return plain if len(set(plain)) == len(plain) else [shown(_leaf(key)) for key in keys]


def _leaf(value: Plain) -> Plain:
    if isinstance(value, Symbol):
        return shown(value)
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, Masked):
        return value.text
    if isinstance(value, Mapping):
        return {str(name): _leaf(member) for name, member in value.items()}
    if isinstance(value, tuple | list):
        return [_leaf(member) for member in value]
    return value


def shown(value: Plain) -> str:
    """A leaf as a person reads it: a reference by its key and version, an open end as such."""
    if isinstance(value, Symbol):
        version = value.address.version
        return value.address.key + (f"@{version}" if version is not None else "")
    return "(open)" if value is None else str(value)


def said(value: Plain) -> str:
    """The value of a field in a sentence: lists, maps and booleans as JSON, `(none)` where there is none."""
    if isinstance(value, bool | Mapping | tuple | list):
        return json_line(_leaf(value))
    return "(none)" if value is None else shown(value)
