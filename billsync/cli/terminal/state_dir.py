"""The state directory: journals, the embedded server's database, what servers said, and the values of large files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

VARIABLE = "BILLSYNC_STATE_DIR"
DEFAULT = ".billsync"
DATABASE = "local.db"
JOURNAL = "journal"
SERVED = "served"
PARSED = "parsed"


def state_directory(environment: Mapping[str, str]) -> Path:
    """The directory that the environment names, else `.billsync` in the working directory."""
    return Path(environment.get(VARIABLE) or DEFAULT)


def journals(environment: Mapping[str, str]) -> Path:
    """The directory of the journals."""
    return state_directory(environment) / JOURNAL


def served_memory(environment: Mapping[str, str]) -> Path:
    """The directory of what servers said of themselves lately."""
    return state_directory(environment) / SERVED


def parsed_memory(environment: Mapping[str, str]) -> Path:
    """The directory of the values of large files that were read before."""
    return state_directory(environment) / PARSED


def default_database(environment: Mapping[str, str]) -> str:
    """The file of the embedded server where the command names none."""
    return str(state_directory(environment) / DATABASE)
