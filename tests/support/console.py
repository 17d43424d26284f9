"""Commands and their output in the documentation, and running them. Times are replaced, as they differ each time."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?Z")
PROMPT = "$ "


@dataclass(frozen=True, slots=True)
class Exchange:
    """One command with what it printed."""

    command: str
    output: str


def blocks(text: str, language: str) -> tuple[str, ...]:
    """The fenced blocks of one language."""
    return tuple(content for found, content in BLOCK.findall(text) if found == language)


def shows_billsync(block: str) -> bool:
    """Whether a console block is part of the transcript."""
    return f"{PROMPT}billsync " in block


def exchanges(text: str) -> Iterator[Exchange]:
    """Every command of the transcript, in its order."""
    for block in filter(shows_billsync, blocks(text, "console")):
        for part in block.split(f"\n{PROMPT}"):
            command, _, output = part.removeprefix(PROMPT).partition("\n")
            yield Exchange(command, timeless(output))


def run(command: str, directory: Path) -> Exchange:
    """The command, run in a directory."""
    return Exchange(command, timeless(printed(command, directory)))


def printed(command: str, directory: Path) -> str:
    """What a terminal would show of a command that a shell runs in a directory."""
    tools = Path(sys.executable).parent
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("BILLSYNC_", "KONNECT_"))}
    ended = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=directory,
        env={**ours, "PATH": f"{tools}:{ours.get('PATH', '')}", "PYTHONIOENCODING": "utf-8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return ended.stdout.decode("utf-8")


def timeless(output: str) -> str:
    """The output without its times and without empty lines around it."""
    return TIME.sub("TIME", output).strip("\n")
