"""The schema of `.billsync.yaml`: named connections, each chosen with `--profile NAME` only."""

from __future__ import annotations

from typing import Any

from billsync.api.generations import GENERATIONS
from billsync.model.limits import LONGEST_TIMEOUT
from billsync.schema.texts import TEXT

DIALECTS = tuple(
    name
    for dialect, generations in GENERATIONS.items()
    for name in (dialect, *(f"{dialect}@{generation}" for generation in generations))
)
"""Values of `--dialect`."""


def profiles_schema() -> dict[str, Any]:
    """The schema of a whole `.billsync.yaml`."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": ".billsync.yaml",
        "description": "Named connections to servers. One counts only where `--profile NAME` chooses it.",
        "type": "object",
        "additionalProperties": False,
        "required": ["profiles"],
        "properties": {
            "profiles": {
                "description": "The profiles, by name.",
                "type": "object",
                "minProperties": 1,
                "additionalProperties": profile_schema(),
            }
        },
    }


def profile_schema() -> dict[str, Any]:
    """The schema of one profile. Paths are relative to the working directory, where `.billsync.yaml` stands."""
    return {
        "description": "How to reach one server, in `.billsync.yaml`. One counts only with `--profile NAME`; a flag "
        "goes before it, the environment after it.",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "server": {
                **TEXT,
                "description": "The API's base URL, or local:[PATH].",
                "examples": ["https://eu.api.konghq.com/v3"],
            },
            "token_file": {**TEXT, "description": "The file with the token; a token itself never stands here."},
            "dialect": {"description": "The dialect and generation of the API.", "enum": list(DIALECTS)},
            "ca_file": {**TEXT, "description": "The file with the CA certificates to trust, in PEM."},
            "timeout": {
                "description": "The seconds that a request may take.",
                "type": "integer",
                "minimum": 1,
                "maximum": LONGEST_TIMEOUT,
            },
            "headers": {
                "description": "Headers to add to each request, by name.",
                "type": "object",
                "additionalProperties": TEXT,
                "examples": [{"X-Tenant": "emea"}],
            },
            "owner": {
                **TEXT,
                "description": "The owner of files that name none. Files that name another one are refused.",
                "examples": ["payments"],
            },
        },
        "examples": [{"server": "https://eu.api.konghq.com/v3", "token_file": "/run/secrets/konnect", "timeout": 120}],
    }
