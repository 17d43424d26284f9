"""Files for production pointed at staging: refused before anything is read or written, and both are named."""

import json
from pathlib import Path

import pytest

from tests.support.command import Shell
from tests.support.sockets import answering
from tests.support.world import declared

METERS = "meters: [{key: calls, name: Calls, event_type: call, aggregation: count}]\n"
KONNECT = "https://eu.api.konghq.com/v3"


def written(folder: Path, target: str) -> None:
    (folder / "shop.yaml").write_text(f"_info: {{owner: payments, target: {target}}}\n{METERS}")


def organization(body: str, status: str = "200 OK") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
    return (head + body).encode()


@pytest.mark.parametrize("command", [("diff",), ("sync", "--yes"), ("apply", "--yes")])
@pytest.mark.parametrize(
    ("target", "server", "details"),
    [
        (
            "{dialect: konnect, region: us}",
            KONNECT,
            [f"They are for region 'us', and {KONNECT} is in region 'eu'."],
        ),
        (
            "{dialect: openmeter}",
            KONNECT,
            [f"They are for dialect 'openmeter', and {KONNECT} speaks 'konnect'."],
        ),
        (
            "{dialect: konnect, region: eu}",
            "local:x.db",
            [
                "They are for region 'eu', and local:x.db is not a Konnect address with a region.",
                "They are for dialect 'konnect', and local:x.db speaks 'openmeter'.",
            ],
        ),
        (
            "{region: eu}",
            "http://127.0.0.1:1/api/v3",
            ["They are for region 'eu', and http://127.0.0.1:1/api/v3 is not a Konnect address with a region."],
        ),
    ],
)
def test_another_address_is_refused_without_a_call(
    shell: Shell, folder: Path, command: tuple[str, ...], target: str, server: str, details: list[str]
) -> None:
    written(folder, target)

    ran = shell.run(command[0], "shop.yaml", *command[1:], "--server", server, "--format", "json")

    found = json.loads(ran.out)["diagnostics"]
    assert (ran.code, [one["code"] for one in found]) == (1, ["wrong-target"] * len(details))
    assert [one["detail"] for one in found] == details
    assert {(one["position"]["file"], one["position"]["line"]) for one in found} == {("shop.yaml", 1)}
    assert not (folder / "x.db").exists()


@pytest.mark.parametrize("target", ["{dialect: openmeter}"])
def test_the_intended_server_is_used(shell: Shell, folder: Path, target: str) -> None:
    written(folder, target)

    ran = shell.run("sync", "shop.yaml", "--server", "local:x.db", "--yes")

    assert (ran.code, ran.out.splitlines()[0]) == (0, "creating meter calls")


@pytest.mark.parametrize(
    ("answer", "detail"),
    [
        (organization('{"id": "1-a", "name": "Acme Staging"}'), "{at} belongs to Acme Staging (1-a)."),
        (organization("{}"), "{at} belongs to ? (no id)."),
        (
            organization("{}", "403 Forbidden"),
            "{at} belongs to can't be found out: GET /organizations/me: 403 Forbidden.",
        ),
    ],
)
def test_a_token_of_another_organization_is_refused(shell: Shell, folder: Path, answer: bytes, detail: str) -> None:
    written(folder, "{org: Acme}")

    with answering([answer]) as (base, seen):
        ran = shell.run("sync", "shop.yaml", "--yes", "--server", base, "--dialect", "konnect", "--format", "json")

    asked = {request.split(b" ")[1] for request in seen}
    assert (ran.code, asked) == (1, {b"/api/v3/organizations/me"})
    at = f"the token for {base}"
    beginning = "They are for organization 'Acme', and "
    organization_that = f"the organization that {at}"
    [found] = json.loads(ran.out)["diagnostics"]
    assert found["detail"] == beginning + detail.format(at=organization_that if "can't" in detail else at)


@pytest.mark.parametrize("org", ["Acme", "1-a"])
def test_an_organization_is_known_by_its_name_or_its_id(shell: Shell, folder: Path, org: str) -> None:
    written(folder, f"{{dialect: konnect, org: {org}}}")
    nothing = organization('{"data": [], "meta": {"page": {"size": 100, "number": 1, "total": 0}}}')

    with answering([organization('{"id": "1-a", "name": "Acme"}'), nothing]) as (base, seen):
        ran = shell.run("diff", "shop.yaml", "--server", base, "--dialect", "konnect")

    assert (ran.code, ran.out.splitlines()[0]) == (0, "creating meter calls")
    assert seen[0].split(b" ")[1] == b"/api/v3/organizations/me"


def test_an_openmeter_server_has_no_organization(shell: Shell, folder: Path) -> None:
    written(folder, "{org: Acme}")

    ran = shell.run("diff", "shop.yaml", "--server", "local:x.db", "--format", "json")

    [found] = json.loads(ran.out)["diagnostics"]
    shown = "They are for organization 'Acme', and local:x.db is an openmeter server, which has none."
    assert (ran.code, found["detail"]) == (1, shown)


def test_what_no_openmeter_server_has_is_refused_offline(shell: Shell, folder: Path) -> None:
    written(folder, "{dialect: openmeter, region: eu, org: Acme}")

    ran = shell.run("validate", "shop.yaml", "--format", "json")

    found = json.loads(ran.out)["diagnostics"]
    assert (ran.code, [(one["code"], one["hint"]) for one in found]) == (
        1,
        [("unknowable-target", "Remove `region`."), ("unknowable-target", "Remove `org`.")],
    )


@pytest.mark.parametrize(("said", "several"), [("many", True), ("one", False)])
def test_the_target_may_say_how_many_subscriptions_are_allowed(said: str, several: bool) -> None:
    target = declared(f"_info: {{target: {{subscriptions_per_customer: {said}}}}}\n{METERS}").target

    assert (target.has_several_chains, target.facts) == (several, {})
