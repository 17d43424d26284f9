"""`.billsync.yaml`: what a profile says, and every mistake in it with its place."""

from __future__ import annotations

import pytest

from billsync.cli.options.server import DIALECTS
from billsync.config.sections.profiles import Profile, profile_in
from billsync.model.headers import header_problem
from billsync.schema import profiles

WHOLE = """\
profiles:
  prod:
    server: https://eu.api.konghq.com/v3
    token_file: /run/secrets/konnect
    dialect: konnect@1.2
    ca_file: ca.pem
    timeout: 120
    headers: {X-Tenant: emea}
    owner: payments
  dev: {server: "local:"}
"""


def found(text: str, name: str = "prod") -> list[str]:
    """The mistakes in a file, each as `line:column: code`."""
    _, findings = profile_in(text.encode(), ".billsync.yaml", name)
    return [f"{at.line}:{at.column}: {each.code}" for each in findings if (at := each.position)]


def test_a_profile_says_how_to_reach_one_server() -> None:
    profile, findings = profile_in(WHOLE.encode(), ".billsync.yaml", "prod")

    assert findings == ()
    assert profile == Profile(
        "https://eu.api.konghq.com/v3",
        "/run/secrets/konnect",
        "konnect@1.2",
        "ca.pem",
        120,
        {"X-Tenant": "emea"},
        "payments",
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("profiles:\n  prod: {server: x, tokn_file: y}\n", ["2:21: unknown-field"]),
        ("profiles:\n  prod: {token: kpat_1}\n", ["2:10: token-in-profile"]),
        ("profiles:\n  prod: {timeout: 0}\n", ["2:19: out-of-range"]),
        ("profiles:\n  prod: {dialect: konect}\n", ["2:19: not-a-choice"]),
        ("profiles:\n  prod: {headers: {Authorization: secret}}\n", ["2:35: bad-header"]),
        ('profiles:\n  prod: {headers: {X-A: "a\\nHost: b"}}\n', ["2:25: bad-header"]),
        ("profiles:\n  prod: {headers: {X-A: 12345678}}\n", ["2:25: bad-header"]),
        ("profiles:\n  prod: {owner: two words}\n", ["2:17: illegal-owner"]),
        ("profiles:\n  prod: {}\n  prod: {}\n", ["3:3: duplicate-key"]),
        ("profiles:\n  dev: {}\n", ["1:1: unknown-profile"]),
        ("prod: {}\n", ["1:1: missing-field", "1:1: unknown-field"]),
        ("profiles: {prod: {}}\n---\nprofiles: {}\n", ["3:1: profiles-twice"]),
        ("", ["1:1: missing-field"]),
    ],
)
def test_a_mistake_in_a_profile_has_its_place(text: str, expected: list[str]) -> None:
    assert found(text) == expected


def test_an_unknown_profile_has_a_near_name() -> None:
    _, (finding,) = profile_in(WHOLE.encode(), ".billsync.yaml", "prd")

    assert finding.hint == 'Did you mean "prod"?'


@pytest.mark.parametrize(
    ("name", "value", "is_fine"),
    [
        ("X-Tenant", "emea", True),
        ("User-Agent", "our pipeline/1", True),
        ("X-A", "a\r\nHost: elsewhere", False),
        ("X-A", "", False),
        ("X-A", " a", False),
        ("X-A", "ä", False),
        ("X A", "a", False),
        ("", "a", False),
        ("authorization", "Bearer x", False),
        ("Host", "elsewhere", False),
        ("Transfer-Encoding", "chunked", False),
    ],
)
def test_only_headers_that_change_no_other_are_added(name: str, value: str, is_fine: bool) -> None:
    assert (header_problem(name, value) is None) is is_fine


def test_profiles_and_the_command_line_know_the_same_dialects() -> None:
    assert profiles.DIALECTS == DIALECTS
