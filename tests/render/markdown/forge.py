"""A comment as a forge shows it: GitHub's own Markdown, then the elements and the words that are left."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import cmarkgfm
from cmarkgfm.cmark import Options

LINKED = re.compile(
    r"(?<!\w)@\w|(?<!\w)[#!$%&~]\w|\w[#!]\d|://|www\.|:[\w+-]+:|\b[0-9a-f]{7,}\b|\b[A-Z]+-\d+|[*_`~<>|\\$]{1}\w|\w@\w"
)
"""What GitHub or GitLab make a link, a mention, a picture or markup of in plain text."""

SKIPPED = frozenset({"code", "pre"})
"""Elements in which forges look for nothing."""


class Shown(HTMLParser):
    """The elements of a comment with their attributes, without code; its plain words; and all of its text."""

    def __init__(self, markdown: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []
        self.words: list[str] = []
        self.text: list[str] = []
        self.cells: list[list[str]] = []
        self.open: list[str] = []
        self.feed(cmarkgfm.github_flavored_markdown_to_html(markdown, Options.CMARK_OPT_UNSAFE))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("code", "strong"):  # a name in bold may become code instead
            self.tags.append((tag, tuple(attrs)))
        if tag == "tr":
            self.cells.append([])
        if tag in ("td", "th"):
            self.cells[-1].append("")
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        self.text.append(data)
        if self.open[-1:] in (["td"], ["th"]) or "td" in self.open:
            self.cells[-1][-1] += data
        if not SKIPPED & set(self.open):
            self.words.append(data)
