"""`dataclass` and `replace` for frozen values with slots, in a fraction of the standard library's time.

A command loads some 200 such classes, and the standard decorator takes half a millisecond for each, as it compiles
every method from source. Here methods are shared, and only `__init__` is compiled, when the first value is made. For
type checkers it is the standard one. What `dataclasses.fields` and the like look at is made by the standard library
when it is first asked for.
"""

from __future__ import annotations

from dataclasses import MISSING, Field, FrozenInstanceError
from inspect import get_annotations
from operator import attrgetter, ge, gt, le, lt
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, TypeVar

T = TypeVar("T", bound=type)

INNER = ("__dict__", "__weakref__")
"""Members of a class that a copy of it gets anew."""
KNOWN = ("__dataclass_fields__", "__dataclass_params__")
"""Names of the facts that the standard library keeps of a dataclass."""

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
    from dataclasses import replace as replace
else:

    def dataclass(*, frozen, slots, eq=True, order=False):
        """Make a class one of frozen values with slots. Raises TypeError for any other kind."""
        if not (frozen and slots):
            raise TypeError("another kind of dataclass is the standard library's business")
        return lambda cls: _made(cls, eq=eq, order=order)

    def replace(value, /, **changes):
        """Return a value of the same class, with other fields."""
        cls = type(value)
        names = getattr(cls, "__init_fields__", None)
        if names is None:
            from dataclasses import replace as standard

            return standard(value, **changes)
        return cls(**{**dict(zip(names, cls.__init_values__(value), strict=True)), **changes})


def required_fields(cls: type) -> list[str]:
    """The names of the fields of a dataclass that have no default."""
    free = ((name, _default(given)) for name, given in _fields_of(cls).items() if _option(given, "init"))
    return [name for name, (default, factory) in free if default is MISSING and factory is MISSING]


def _fields_of(cls: type) -> dict[str, Any]:
    """All fields of a dataclass, those of its bases first."""
    fields: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        fields |= base.__dict__.get("__own_fields__", base.__dict__.get("__dataclass_fields__", {}))
    return fields


def _default(given: Any) -> tuple[Any, Any]:
    """The default of a field, and what makes one."""
    return (given.default, given.default_factory) if isinstance(given, Field) else (given, MISSING)


def _made(cls: T, *, eq: bool, order: bool) -> T:
    """The class with slots and methods."""
    own = _own_fields(cls)
    inherited = _fields_of(cls)
    fields = inherited | own
    free = tuple(name for name, given in fields.items() if _option(given, "init"))
    namespace = {name: value for name, value in cls.__dict__.items() if name not in INNER and name not in own}
    namespace |= {
        "__slots__": tuple(name for name in own if name not in inherited),
        "__own_fields__": own,
        "__init_fields__": free,
        "__init_values__": staticmethod(_values(free)),
        **{name: _Standard(cls, name, eq=eq, order=order) for name in KNOWN},
        "__doc__": cls.__doc__ or cls.__name__,
    }
    namespace["__match_args__"] = namespace["__init_fields__"]
    methods = _methods(fields, eq=eq, order=order)
    kept = {name for name in namespace if not (name == "__hash__" and namespace[name] is None)}
    namespace |= {name: method for name, method in methods.items() if name not in kept}
    made = type(cls)(cls.__name__, cls.__bases__, namespace)
    made.__qualname__ = cls.__qualname__
    if "__init__" not in namespace:
        made.__init__ = _first_init(made, fields)  # type: ignore[misc]
    return made


def _own_fields(cls: type) -> dict[str, Any]:
    """The fields that a class adds to those of its bases, each with its default, `MISSING`, or a `Field`."""
    annotations = get_annotations(cls)
    return {name: cls.__dict__.get(name, MISSING) for name, of in annotations.items() if "ClassVar" not in of}


def _option(given: Any, name: str) -> bool:
    """Whether an option of a field is set, as it is unless `field` says otherwise."""
    return bool(getattr(given, name)) if isinstance(given, Field) else True


def _first_init(made: type, fields: dict[str, Any]) -> Any:
    """An `__init__` that compiles the real one."""

    def __init__(self: Any, *values: Any, **named: Any) -> None:
        made.__init__ = init = _compiled_init(made, fields)  # type: ignore[misc]
        init(self, *values, **named)

    return __init__


def _compiled_init(made: type, fields: dict[str, Any]) -> Any:
    parameters, lines = [], []
    known: dict[str, Any] = {"MISSING": MISSING}
    for name, given in fields.items():
        default, factory = _default(given)
        value = name
        known[f"set_{name}"] = getattr(made, name).__set__
        if factory is not MISSING:
            known[f"new_{name}"] = factory
            value = f"new_{name}() if {name} is MISSING else {name}" if given.init else f"new_{name}()"
        elif default is not MISSING:
            known[f"default_{name}"] = default
            value = name if _option(given, "init") else f"default_{name}"
        elif not _option(given, "init"):
            continue
        if _option(given, "init"):
            is_free = factory is MISSING and default is MISSING
            parameters.append(name if is_free else f"{name}={'MISSING' if default is MISSING else f'default_{name}'}")
        lines.append(f"  set_{name}(self, {value})")
    if hasattr(made, "__post_init__"):
        lines.append("  self.__post_init__()")
    source = f"def __init__(self, {', '.join(parameters)}):\n" + ("\n".join(lines) or "  pass")
    exec(source, known)
    init = known["__init__"]
    init.__qualname__ = f"{made.__qualname__}.__init__"
    return init


def _methods(fields: dict[str, Any], *, eq: bool, order: bool) -> dict[str, Any]:
    compared = tuple(name for name, given in fields.items() if _option(given, "compare"))
    shown = tuple(name for name, given in fields.items() if _option(given, "repr"))
    values = _values(compared)

    def __eq__(self: Any, other: object) -> Any:
        return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

    def __hash__(self: Any) -> int:
        return hash(values(self))

    @recursive_repr()
    def __repr__(self: Any) -> str:
        inner = ", ".join(f"{name}={getattr(self, name)!r}" for name in shown)
        return f"{self.__class__.__qualname__}({inner})"

    def __setattr__(self: Any, name: str, value: object) -> None:
        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self: Any, name: str) -> None:
        raise FrozenInstanceError(f"cannot delete field {name!r}")

    def __getstate__(self: Any) -> list[Any]:
        return [getattr(self, name) for name in fields]

    def __setstate__(self: Any, state: list[Any]) -> None:
        for name, value in zip(fields, state, strict=True):
            object.__setattr__(self, name, value)

    made = (__repr__, __setattr__, __delattr__, __getstate__, __setstate__, *((__eq__, __hash__) if eq else ()))
    orders = {f"__{by.__name__}__": _ordered(values, by) for by in (lt, le, gt, ge)} if order else {}
    return {method.__name__: method for method in made} | orders


def _values(names: tuple[str, ...]) -> Any:
    """A function that returns the values of fields as a tuple."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda value: tuple(getattr(value, name) for name in names)


def _ordered(values: Any, by: Any) -> Any:
    def compare(self: Any, other: object) -> Any:
        return by(values(self), values(other)) if other.__class__ is self.__class__ else NotImplemented

    return compare


class _Standard:
    """Facts that the standard library keeps of a dataclass, made when they are first asked for."""

    def __init__(self, cls: type, name: str, *, eq: bool, order: bool) -> None:
        self._cls = cls
        self._name = name
        self._eq = eq
        self._order = order

    def __set_name__(self, owner: type, name: str) -> None:
        self._owner = owner

    def __get__(self, instance: object, owner: type) -> Any:
        from dataclasses import dataclass as standard

        plain: type = standard(frozen=True, eq=self._eq, order=self._order)(self._cls)
        for name in KNOWN:
            setattr(self._owner, name, getattr(plain, name))
        return getattr(plain, self._name)
