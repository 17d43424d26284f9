"""A terminal for commands: what a person would see on its screen, with its colors, and a picture of it as SVG."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import shutil
import struct
import subprocess
import termios
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby
from pathlib import Path

from tests.support.console import PROMPT, TOOLS, surroundings

COLUMNS = 110
QUESTION = b"Type yes to "
ESCAPE = re.compile(r"\x1b\[([\d;]*)([A-Za-z])")

WIDTH, HEIGHT, MARGIN, BAR = 8.4, 20, 18, 34
INK, PAPER, FRAME, PROMPT_INK = "#d5dbe3", "#10151c", "#1c232d", "#6cb6ff"
STYLES = {
    "32": ("#63c174", False),
    "33": ("#e2b93d", False),
    "31": ("#f4706b", False),
    "1;31": ("#f4706b", True),
    "36": ("#5fc9d6", False),
    "2": ("#8b96a5", False),
}
"""Color and boldness in the picture, by the code that billsync prints."""


@dataclass(frozen=True, slots=True)
class Typed:
    """A command line, and what is answered if it asks."""

    command: str
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """A character on the screen, with the code of its style; the empty code is the usual one."""

    character: str
    style: str = ""


def recorded(story: Iterable[Typed], directory: Path, tools: Path) -> tuple[tuple[Cell, ...], ...]:
    """The lines of a terminal in which these commands were typed, one after the other."""
    lines: list[tuple[Cell, ...]] = []
    for typed in story:
        lines.append(tuple(Cell(character) for character in PROMPT + typed.command))
        lines += screen(shown(typed, directory, tools))
    return tuple(lines)


def shown(typed: Typed, directory: Path, tools: Path) -> str:
    """Everything that the command writes to a terminal of its own, control sequences included."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 50, COLUMNS, 0, 0))
    environment = {**surroundings(tools), "TERM": "xterm-256color"}
    for name in ("NO_COLOR", "COLUMNS", "LINES"):
        environment.pop(name, None)
    process = subprocess.Popen(
        ["/bin/sh", "-c", typed.command], cwd=directory, env=environment, stdin=its, stdout=its, stderr=its
    )
    os.close(its)
    seen = b""
    for piece in _pieces(ours):
        seen += piece
        if QUESTION in seen.rpartition(b"\n")[2] and piece.endswith(b": "):
            os.write(ours, f"{typed.answer}\n".encode())
    os.close(ours)
    process.wait()
    return seen.decode("utf-8")


def _pieces(terminal: int) -> Iterator[bytes]:
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # Linux: the other side is closed
            return
        if not piece:
            return
        yield piece


def screen(text: str) -> list[tuple[Cell, ...]]:
    """The lines that stay on the screen: what was overwritten is gone, and long lines are wrapped."""
    lines: list[list[Cell]] = [[]]
    column, style, position = 0, "", 0
    while position < len(text):
        if found := ESCAPE.match(text, position):
            position = found.end()
            if found[2] == "m":
                style = "" if found[1] in ("", "0") else found[1]
            elif found[2] == "K":
                del lines[-1][column:]
            continue
        character = text[position]
        position += 1
        if character == "\n":
            lines.append([])
            column = 0
        elif character == "\r":
            column = 0
        else:
            lines[-1][column : column + 1] = [Cell(character, style)]
            column += 1
    whole = [tuple(line) for line in lines]
    return [part for line in (whole if whole[-1] else whole[:-1]) for part in _wrapped(line)]


def _wrapped(line: tuple[Cell, ...]) -> Iterator[tuple[Cell, ...]]:
    yield line[:COLUMNS]
    for start in range(COLUMNS, len(line), COLUMNS):
        yield line[start : start + COLUMNS]


def picture(lines: Sequence[Sequence[Cell]], title: str) -> str:
    """The screen as an SVG image."""
    width, height = round(COLUMNS * WIDTH + 2 * MARGIN), len(lines) * HEIGHT + 2 * MARGIN + BAR
    rows = [row for number, line in enumerate(lines) for row in _row(line, number)]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title)}">',
            f"<title>{escape(title)}</title>",
            f'<rect width="{width}" height="{height}" rx="8" fill="{PAPER}"/>',
            f'<path d="M0 {BAR}V8a8 8 0 0 1 8-8H{width - 8}a8 8 0 0 1 8 8V{BAR}z" fill="{FRAME}"/>',
            *(f'<circle cx="{20 + 18 * number}" cy="{BAR // 2}" r="5" fill="#3a4553"/>' for number in range(3)),
            "<g font-family=\"ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace\" "
            f'font-size="14" fill="{INK}">',
            *rows,
            "</g>",
            "</svg>",
            "",
        ]
    )


def _row(line: Sequence[Cell], number: int) -> Iterator[str]:
    """The pieces of a line, each at its own place, so that no font moves what follows."""
    column = 0
    is_command = "".join(cell.character for cell in line[: len(PROMPT)]) == PROMPT
    for style, cells in groupby(line, key=lambda cell: cell.style):
        text = "".join(cell.character for cell in cells)
        color, is_bold = STYLES[style] if style else (PROMPT_INK if is_command else INK, is_command)
        if text.strip():
            indent = len(text) - len(text.lstrip())
            place = f'x="{MARGIN + (column + indent) * WIDTH:g}" y="{BAR + MARGIN + number * HEIGHT + 14}"'
            look = (f' fill="{color}"' if color != INK else "") + (' font-weight="bold"' if is_bold else "")
            stripped = text.strip()
            length = f'textLength="{len(stripped) * WIDTH:g}"'
            yield f'<text {place}{look} {length} xml:space="preserve">{escape(stripped, quote=False)}</text>'
        column += len(text)


PICTURE = "docs/run.svg"
TITLE = "billsync in a terminal: everything is created, then a new price makes a new version of a plan"
STORY = (
    Typed("billsync sync shop --server local:", "yes"),
    Typed('sed -i.old \'s/"0.002"/"0.003"/\' shop/catalog.yaml && rm shop/*.old'),
    Typed("billsync diff shop --server local:"),
)


def run_in_pictures(root: Path, directory: Path, tools: Path = TOOLS) -> str:
    """The picture of a run of the prepaid example in an empty directory, as it is now."""
    shutil.copytree(root / "examples" / "prepaid-credits", directory / "shop")
    return picture(recorded(STORY, directory, tools), TITLE)
