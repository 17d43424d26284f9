"""Sources of values that stand in no file: `!env NAME` and `!file path`."""

from __future__ import annotations

from typing import Literal

from billsync.model.frozen import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Source:
    """An environment variable, or a file by the path that the configuration writes."""

    form: Literal["env", "file"]
    name: str

    @property
    def text(self) -> str:
        """The source in a sentence: `env STRIPE_ID`."""
        return f"{self.form} {self.name}"

    @property
    def tag(self) -> str:
        """The YAML tag of the source: `!env`."""
        return f"!{self.form}"
