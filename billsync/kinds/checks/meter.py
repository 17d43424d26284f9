"""Checks for meters that the server would refuse (catalog-facts.md §4.2)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from billsync.model.kind import Problem
from billsync.model.value import Fields

_DIMENSION = re.compile(r"[a-zA-Z_][0-9a-zA-Z_]*", re.ASCII)
_RESERVED = ("subject", "customer_id")


def value_property(meter: Fields) -> Iterator[Problem]:
    """`count` counts events and takes no value; every other aggregation needs one."""
    path = meter.get("value_property")
    if meter.get("aggregation") == "count":
        if path is not None:
            yield Problem(
                ("value_property",),
                "meter-value-property",
                "a meter with `aggregation: count` counts events, and the server refuses a value property on it",
                "leave value_property out, or choose another aggregation",
            )
    elif path is None:
        yield Problem(
            ("aggregation",),
            "meter-value-property",
            f"`aggregation: {meter.get('aggregation')}` needs a value_property",
            "give the value's path in an event, such as `value_property: $.tokens`",
        )
    elif not str(path).startswith("$"):
        yield _no_path(("value_property",), str(path))


def dimensions(meter: Fields) -> Iterator[Problem]:
    """Names and paths of dimensions."""
    for name, path in (meter.get("dimensions") or {}).items():
        place = ("dimensions", name)
        if name in _RESERVED:
            detail = f"`{name}` is a dimension that every meter has already"
            yield Problem(place, "meter-dimension", detail, "choose another name, or leave it out")
        elif _DIMENSION.fullmatch(name) is None:
            detail = f"`{name}` must begin with a letter or `_`, and go on with letters, digits and `_`"
            yield Problem(place, "meter-dimension", detail, "choose another name")
        if not str(path).startswith("$"):
            yield _no_path(place, str(path))
        elif path == meter.get("value_property"):
            detail = f"`{name}` has the same path as value_property, {path}"
            yield Problem(place, "meter-dimension", detail, "a dimension must be another property of the event")


def _no_path(place: tuple[str, ...], path: str) -> Problem:
    return Problem(
        place,
        "meter-json-path",
        f"`{path}` doesn't begin with `$`",
        f"write `$.{path}`" if path else "write a path such as `$.model`",
    )


CHECKS = (value_property, dimensions)
