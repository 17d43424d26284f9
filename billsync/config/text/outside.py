"""Values from outside of the files: `!env NAME` is an environment variable, `!file path` the text of a file.

Each is read once. A file must be inside the configuration's folder, also after links: a configuration that somebody
proposes can't send a file of the machine that checks it to a server.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import field

from billsync.config.text.bounded import NotAFile, TooLong, read_file
from billsync.config.text.characters import described, first_forbidden
from billsync.model.frozen import dataclass
from billsync.model.limits import SOURCE_BYTES
from billsync.model.source import Source

ENV, FILE = "!env", "!file"
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class NoValue:
    """The reason why a source gives no value: the code, the detail and the hint of a finding."""

    code: str
    detail: str
    hint: str = ""

    @property
    def is_absent(self) -> bool:
        """Whether a default may stand in: CI systems set an unknown secret to an empty text."""
        return self.code in ("unset-variable", "empty-source")


@dataclass(frozen=True, slots=True)
class Outside:
    """The sources of one file's values. `folder` is the configuration's; `found` gathers the texts that were read."""

    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    file: str = ""
    folder: str = "."
    found: dict[Source, str] = field(default_factory=dict, repr=False)

    def variable(self, name: str) -> Source | NoValue:
        """An environment variable that isn't empty; its text is in `found`."""
        if not _VARIABLE.match(name):
            return NoValue("bad-source", f"`{ENV}` takes the name of a variable", "Write `!env STRIPE_ID`.")
        text = self.environment.get(name)
        if text is None:
            return NoValue("unset-variable", f"{name} is not set", _DEFAULT.format(name=name))
        return self._taken(Source("env", name), text)

    def text_file(self, path: str) -> Source | NoValue:
        """A file in the configuration's folder, without the line end at its end; its text is in `found`."""
        if not path or "\0" in path:
            return NoValue("bad-source", f"`{FILE}` takes the path of a file", "Write `!file secrets/stripe.txt`.")
        name = os.path.normpath(os.path.join(os.path.dirname(self.file), path))
        source = Source("file", name)
        if source in self.found:
            return source
        try:
            return self._barred(name) or self._decoded(source, read_file(name, SOURCE_BYTES))
        except FileNotFoundError:
            return NoValue("unreadable-source", f"{name} doesn't exist", _RELATIVE)
        except TooLong as error:
            return NoValue("source-too-long", f"{name}: {error}")
        except NotAFile as error:
            return NoValue("unreadable-source", f"{name}: {error}")
        except OSError as error:
            if error.errno == errno.ELOOP:
                return NoValue("source-cycle", f"{name} is a link that leads back to itself")
            return NoValue("unreadable-source", f"{name}: {error.strerror or error}")

    def _barred(self, name: str) -> NoValue | None:
        """The reason why a file must not be read, if there is one. Raises OSError."""
        real, folder = os.path.realpath(name, strict=True), os.path.realpath(self.folder)
        if os.path.commonpath((real, folder)) != folder:
            return NoValue("source-outside", f"{name} is not in {self.folder}, or a link leads out of it", _INSIDE)
        if self.file and os.path.exists(self.file) and os.path.samefile(real, self.file):
            return NoValue("source-cycle", f"{name} is the file that this tag stands in")
        return None

    def _decoded(self, source: Source, content: bytes) -> Source | NoValue:
        try:
            text = content.decode("utf-8").removeprefix("\ufeff")
        except UnicodeDecodeError as error:
            return NoValue("source-not-utf-8", f"{source.name}: byte {error.start + 1} is no part of a character")
        return self._taken(source, text.removesuffix("\n").removesuffix("\r"))

    def _taken(self, source: Source, text: str) -> Source | NoValue:
        if not text.strip():
            hint = _DEFAULT.format(name=source.name) if source.form == "env" else ""
            return NoValue("empty-source", f"{source.text} is empty", hint)
        if (place := first_forbidden(text)) is not None:
            return NoValue("forbidden-character", f"{source.text}: {described(text[place])}")
        self.found[source] = text
        return source


def texts_of(sources: Iterable[Source], outside: Outside) -> tuple[Mapping[Source, str], tuple[NoValue, ...]]:
    """Return the text of each source as it is now, and the reasons of those that have none."""
    found = [outside.variable(of.name) if of.form == "env" else outside.text_file(of.name) for of in sources]
    return outside.found, tuple(problem for problem in found if isinstance(problem, NoValue))


_DEFAULT = "Set it, or write `!env {{name: {name}, default: VALUE}}`."
_RELATIVE = "A path starts at the file that names it."
_INSIDE = "Put it into the folder of the configuration; a variable (`!env`) may come from anywhere."
