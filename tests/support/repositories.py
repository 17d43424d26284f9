"""Git repositories for tests, with no settings but their own."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

SETTINGS = {
    "PATH": os.environ.get("PATH", os.defpath),
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    **{f"GIT_{who}_{what}": "test@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
}
"""The environment in which git runs."""


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository in a folder."""

    folder: Path

    def git(self, *arguments: str) -> str:
        """What a command of git prints. Raises CalledProcessError."""
        command = ("git", *arguments)
        ended = subprocess.run(command, cwd=self.folder, env=SETTINGS, check=True, capture_output=True, text=True)
        return ended.stdout.strip()

    def commit(self, **files: str) -> str:
        """Write files, by their names without `.yaml`, and commit everything; the commit's id."""
        for name, text in files.items():
            self.write(name, text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "test")
        return self.git("rev-parse", "HEAD")

    def write(self, name: str, text: str) -> None:
        """Write a YAML file and commit nothing."""
        (self.folder / f"{name}.yaml").write_text(text, encoding="utf-8")


def repository(folder: Path) -> Repository:
    """A new repository, on the branch `main`."""
    found = Repository(folder)
    found.git("init", "--quiet", "--initial-branch=main")
    return found
