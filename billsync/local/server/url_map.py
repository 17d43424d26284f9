"""Finds the route of a request: by its path, whose variable segments are values, and its method."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


class NoRoute(Exception):
    """No route has the path."""


class OtherMethod(Exception):
    """Routes have the path, but not with the method."""


@dataclass(slots=True)
class _Node(Generic[T]):
    """A part of a path, and the segments that may follow it: literal ones, or any as a value.

    `ends` are the routes of the path so far, by method, with the names of their values.
    """

    literal: dict[str, _Node[T]] = field(default_factory=dict)
    value: _Node[T] | None = None
    ends: dict[str, tuple[T, tuple[str, ...]]] = field(default_factory=dict)


class UrlMap(Generic[T]):
    """Routes by their paths, in which `{name}` is a segment of any text."""

    def __init__(self, routes: Iterable[tuple[str, str, T]]) -> None:
        """Take method, path and route of each; with GET comes HEAD."""
        self._root = _Node[T]()
        for method, path, route in routes:
            node, names = self._root, []
            for segment in _segments(path):
                if segment.startswith("{"):
                    names.append(segment[1:-1])
                    node.value = node = node.value or _Node()
                else:
                    node = node.literal.setdefault(segment, _Node())
            for spelled in (method, "HEAD") if method == "GET" else (method,):
                node.ends.setdefault(spelled, (route, tuple(names)))

    def match(self, method: str, path: str) -> tuple[T, Mapping[str, str]]:
        """Return the route and the values in the path; a literal segment goes before a value.

        Raises NoRoute, OtherMethod.
        """
        is_known = False
        for node, values in _ways(self._root, _segments(path), 0):
            if found := node.ends.get(method):
                route, names = found
                return route, dict(zip(names, values, strict=True))
            is_known = is_known or bool(node.ends)
        raise OtherMethod if is_known else NoRoute


def _segments(path: str) -> list[str]:
    return path.lstrip("/").split("/")


def _ways(node: _Node[T], segments: list[str], at: int) -> Iterator[tuple[_Node[T], tuple[str, ...]]]:
    """The nodes that a path leads to, with the values on the way to each."""
    if at == len(segments):
        yield node, ()
        return
    segment = segments[at]
    if segment in node.literal:
        yield from _ways(node.literal[segment], segments, at + 1)
    if node.value is not None and segment:
        for end, values in _ways(node.value, segments, at + 1):
            yield end, (segment, *values)
