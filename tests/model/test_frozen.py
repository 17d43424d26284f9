"""Quick dataclasses behave as the standard library's."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, field
from typing import Any, ClassVar, Generic, TypeVar

import pytest

from billsync.model import frozen

T = TypeVar("T")


def classes(dataclass: Any) -> tuple[Any, Any, Any]:
    @dataclass(frozen=True, slots=True)
    class Base(Generic[T]):
        """A base."""

        COUNT: ClassVar[int] = 3
        a: int
        b: str = "x"
        c: list[int] = field(default_factory=list)
        d: str = field(default="q", repr=False)
        e: int = field(init=False)

        def __post_init__(self) -> None:
            object.__setattr__(self, "e", self.a + 1)

    @dataclass(frozen=True, slots=True, order=True)
    class Derived(Base[int]):
        b: str = "y"
        f: int = 0

    @dataclass(frozen=True, slots=True)
    class Same(Derived):
        pass

    @dataclass(frozen=True, slots=True, eq=False)
    class Own:
        a: int

        def __repr__(self) -> str:
            return "own"

    assert Same(1) == Same(1) != Derived(1)
    return Base, Derived, Own


QUICK, STANDARD = classes(frozen.dataclass), classes(dataclasses.dataclass)
BASE, DERIVED = QUICK[0], QUICK[1]
for made in QUICK:
    globals()[made.__name__] = made
    made.__qualname__ = made.__name__


def outcome(act: Callable[[Any, Any, Any], Any], made: tuple[Any, Any, Any]) -> Any:
    try:
        return act(*made)
    except (TypeError, AttributeError) as error:
        return type(error), str(error).replace("classes.<locals>.", "")


@pytest.mark.parametrize(
    "act",
    [
        lambda base, derived, own: (repr(base(1)).split(".")[-1], repr(derived(1, f=2)).split(".")[-1], repr(own(1))),
        lambda base, derived, own: (base(1) == base(1), base(1) == base(2), base(1) == derived(1), own(1) == own(1)),
        lambda base, derived, own: (derived(1) < derived(2), derived(2) <= derived(1, "z"), derived(1) > derived(1)),
        lambda base, derived, own: base(1) < base(2),
        lambda base, derived, own: hash(base(1, c=())) == hash(base(1, c=())),
        lambda base, derived, own: hash(base(1)),
        lambda base, derived, own: base(),
        lambda base, derived, own: base(1, g=2),
        lambda base, derived, own: setattr(base(1), "a", 2),
        lambda base, derived, own: delattr(base(1), "a"),
        lambda base, derived, own: (base.COUNT, base.__slots__, derived.__slots__, base.__match_args__, base.__doc__),
        lambda base, derived, own: [(one.name, one.type, one.repr, one.init) for one in dataclasses.fields(derived)],
        lambda base, derived, own: dataclasses.asdict(derived(1)),
        lambda base, derived, own: dataclasses.replace(derived(1), a=5).e,
        lambda base, derived, own: base(1).c is base(1).c,
    ],
)
def test_a_quick_dataclass_behaves_as_the_standard_one(act: Callable[[Any, Any, Any], Any]) -> None:
    assert outcome(act, QUICK) == outcome(act, STANDARD)


def test_a_quick_dataclass_is_copied_replaced_and_pickled() -> None:
    value = DERIVED(1, "b", [2], f=3)

    assert copy.copy(value) == copy.deepcopy(value) == pickle.loads(pickle.dumps(value)) == value
    assert frozen.replace(value, a=5) == DERIVED(5, "b", [2], f=3)
    assert frozen.replace(STANDARD[1](1), a=5) == STANDARD[1](5)
    with pytest.raises(FrozenInstanceError):
        value.a = 2
    with pytest.raises(TypeError, match="standard"):
        frozen.dataclass(frozen=False, slots=True)(BASE)
