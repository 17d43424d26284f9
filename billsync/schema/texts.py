"""Schemas of texts, and of lists of keys and globs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TEXT: Mapping[str, Any] = {"type": "string", "minLength": 1}
"""A text that isn't empty."""

KEYS: Mapping[str, Any] = {"type": "array", "items": TEXT}
"""Keys and globs."""
