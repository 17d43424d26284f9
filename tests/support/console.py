"""Transcripts in the documentation, and running them. Times are replaced, as they differ each time.

The console blocks of a page are one session, typed into one shell in a fresh copy of what a clone has. A YAML block
whose first line is the comment `# in FILE` is written to that file when the session comes to it.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?Z")
FILE = re.compile(r"# in (\S+)\n")
PROMPT = "$ "
TYPED = re.compile(r"^\$ ", re.MULTILINE)
OUTSIDE = (f"{PROMPT}./scripts/", f"{PROMPT}. .venv/")
END = "=== the command has ended ==="
TOOLS = Path(sys.executable).parent
COPIED = ("examples", "schemas")
"""What of a clone the sessions use."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One command with what it printed."""

    command: str
    output: str


@dataclass(frozen=True, slots=True)
class Written:
    """A file that a page asks its reader to write."""

    name: str
    content: str


def blocks(text: str, language: str) -> tuple[str, ...]:
    """The fenced blocks of one language."""
    return tuple(content for found, content in BLOCK.findall(text) if found == language)


def is_session(block: str) -> bool:
    """Whether a console block is part of the session: the clone's own scripts and the way in are not."""
    return not block.startswith(OUTSIDE)


def transcript(text: str) -> Iterator[Exchange | Written]:
    """Every command and every file of the page's session, in order."""
    for language, content in BLOCK.findall(text):
        if language == "yaml" and (found := FILE.match(content)):
            yield Written(found[1], content)
        elif language == "console" and is_session(content):
            yield from _exchanges(content)


def exchanges(text: str) -> tuple[Exchange, ...]:
    """The commands of the page's session with their output, without times."""
    commands = (step for step in transcript(text) if isinstance(step, Exchange))
    return tuple(replace(exchange, output=timeless(exchange.output)) for exchange in commands)


def _exchanges(block: str) -> Iterator[Exchange]:
    for part in TYPED.split(block)[1:]:
        command, _, output = part.partition("\n")
        yield Exchange(command, output)


def clone(root: Path, directory: Path) -> Path:
    """The directory, with a copy of what sessions use of a clone."""
    for name in COPIED:
        shutil.copytree(root / name, directory / name)
    return directory


def session(steps: Sequence[Exchange | Written], directory: Path, tools: Path = TOOLS) -> tuple[Exchange, ...]:
    """What one shell prints of each command, begun in a directory; `billsync` is found in `tools`."""
    ended = subprocess.run(
        ["/bin/sh", "-c", "".join(map(_typed, steps))],
        cwd=directory,
        env=surroundings(tools),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    commands = (step.command for step in steps if isinstance(step, Exchange))
    outputs = ended.stdout.decode("utf-8").split(f"{END}\n")
    return tuple(Exchange(command, output) for command, output in zip(commands, outputs, strict=False))


def _typed(step: Exchange | Written) -> str:
    """What is typed for a step; the end of a command is marked, and its exit code is kept for `echo $?`."""
    if isinstance(step, Written):
        return f"cat >{step.name} <<'{END}'\n{step.content}{END}\n"
    return f"{step.command}\nended=$?; echo '{END}'; (exit $ended)\n"


def surroundings(tools: Path) -> dict[str, str]:
    """The environment in which a newcomer types: this billsync on the path, and none of its variables set."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("BILLSYNC_", "KONNECT_"))}
    return {**ours, "PATH": f"{tools}:{ours.get('PATH', '')}", "PYTHONIOENCODING": "utf-8"}


def pages_with_transcripts(root: Path) -> tuple[Path, ...]:
    """The pages that hold a session."""
    pages = (root / "README.md", *sorted((root / "docs").glob("*.md")))
    return tuple(page for page in pages if any(map(is_session, blocks(page.read_text("utf-8"), "console"))))


def rerun(text: str, root: Path, directory: Path, tools: Path = TOOLS) -> str:
    """The page with the output of its commands as it is now; where only times differ, it stays as it was."""
    outputs = iter(session(tuple(transcript(text)), clone(root, directory), tools))
    return BLOCK.sub(lambda block: _renewed(block, outputs), text)


def _renewed(block: re.Match[str], outputs: Iterator[Exchange]) -> str:
    language, content = block.groups()
    if language != "console" or not is_session(content):
        return block[0]
    pairs = [(old, next(outputs)) for old in _exchanges(content)]
    kept = [old if timeless(old.output) == timeless(new.output) else new for old, new in pairs]
    parts = [f"{PROMPT}{exchange.command}\n{exchange.output}" for exchange in kept]
    return f"```console\n{''.join(parts)}```"


def timeless(output: str) -> str:
    """The output without its times and without empty lines around it."""
    return TIME.sub("TIME", output).strip("\n")
