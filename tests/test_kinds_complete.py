"""Names what is missing for a kind: everything that CONTRIBUTING.md lists under "Adding a kind"."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from billsync.api.promises import promise_of
from billsync.api.routes import DIALECTS, routes
from billsync.config import load
from billsync.kinds.registry import KINDS
from billsync.local.registry import ROUTES
from billsync.model.kind import Kind
from tests.coverage_of_fields.bases import bases

ROOT = Path(__file__).resolve().parents[1]
PLACEHOLDER = re.compile(r"\{\w+\}")


def has_its_file(kind: Kind) -> bool:
    return (ROOT / "billsync" / "kinds" / f"{kind.name}.py").is_file()


def has_routes_in_every_dialect(kind: Kind) -> bool:
    return all(kind.name in routes(dialect) for dialect in DIALECTS)


def has_a_schema(kind: Kind) -> bool:
    return (ROOT / "schemas" / f"{kind.name}.schema.json").is_file()


def has_local_routes(kind: Kind) -> bool:
    calls = routes("openmeter").get(kind.name)
    if calls is None:
        return False
    served = {(route.method, PLACEHOLDER.sub("{}", route.path)) for route in ROUTES}
    collection = PLACEHOLDER.sub("{}", calls.collection)
    return {("GET", collection), ("POST", collection), ("GET", f"{collection}/{{}}")} <= served


def has_a_promise(kind: Kind) -> bool:
    calls = routes("openmeter").get(kind.name)
    return calls is not None and promise_of(calls.collection) is not None


def has_a_base(kind: Kind) -> bool:
    return any(base.kind == kind for base in bases())


def has_an_example(kind: Kind) -> bool:
    examples = [load([str(path)], registry=KINDS)[0] for path in sorted((ROOT / "examples").glob("*/*.yaml"))]
    return any(entity.address.kind == kind.name for desired in examples for entity in desired.entities)


def has_a_scenario(kind: Kind) -> bool:
    told = re.compile(rf"^ +- \w+ing {kind.name} ", re.MULTILINE)
    stories = (ROOT / "tests" / "scenarios").glob("*.yaml")
    return any(told.search(story.read_text(encoding="utf-8")) for story in stories)


NEEDED: tuple[Callable[[Kind], bool], ...] = (
    has_its_file,
    has_routes_in_every_dialect,
    has_a_schema,
    has_a_promise,
    has_local_routes,
    has_a_base,
    has_an_example,
    has_a_scenario,
)


def missing(kind: Kind) -> list[str]:
    return [needed.__name__ for needed in NEEDED if not needed(kind)]


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_has_all_that_belongs_to_it(name: str) -> None:
    kind = KINDS[name]

    lacking = missing(kind)

    assert lacking == []


def test_a_kind_that_was_only_named_lacks_everything() -> None:
    coupon = replace(KINDS["meter"], name="coupon", collection="coupons")

    lacking = missing(coupon)

    assert lacking == [needed.__name__ for needed in NEEDED]
