import pytest

from billsync.live.protocol.target import LOCAL_BASE, Target, parse_target, token_problem
from billsync.model.diagnostic import Diagnostic

MISTAKEN = ("?generation=2027", "?dialect=stripe", "x?dialect=konnect&generation=later", "?dialect=konnect&x")


@pytest.mark.parametrize(
    ("server", "target"),
    [
        ("http://127.0.0.1:8888/api/v3", Target("http://127.0.0.1:8888/api/v3")),
        ("http://127.0.0.1:8888", Target("http://127.0.0.1:8888/api/v3")),
        ("https://billing.example/", Target("https://billing.example/api/v3")),
        ("https://billing.example/om/v3/", Target("https://billing.example/om/v3")),
        ("http://[::1]:80/api/v3", Target("http://[::1]:80/api/v3")),
        ("https://eu.api.konghq.com/v3", Target("https://eu.api.konghq.com/v3", dialect="konnect")),
        ("https://eu.api.konghq.com", Target("https://eu.api.konghq.com/v3", dialect="konnect")),
        ("local:", Target(LOCAL_BASE, database=".billsync/local.db", dialect="openmeter")),
        ("local:/tmp/x.db", Target(LOCAL_BASE, database="/tmp/x.db", dialect="openmeter")),
        ("local:x?.db", Target(LOCAL_BASE, database="x?.db", dialect="openmeter")),
        (
            "local:?generation=later",
            Target(LOCAL_BASE, ".billsync/local.db", "openmeter", "later", "?generation=later"),
        ),
        ("local:x?dialect=konnect", Target(LOCAL_BASE, "x", "konnect", "1.1", "?dialect=konnect")),
        ("local:x?generation=1.2", Target(LOCAL_BASE, "x", "konnect", "1.2", "?generation=1.2")),
    ],
)
def test_every_form_of_server_is_understood(server: str, target: Target) -> None:
    assert parse_target(server) == target


@pytest.mark.parametrize(
    ("server", "detail"),
    [
        ("localhost:8888", "It does not begin with http://, https:// or local:."),
        ("billing.example", "It does not begin with http://, https:// or local:."),
        ("kpat_s3cr3t", "It does not begin with http://, https:// or local:."),
        ("kpat_s3cr3t/v3#?", "It does not begin with http://, https:// or local:."),
        ("", "It does not begin with http://, https:// or local:."),
        ("https://", "It does not begin with http://, https:// or local:."),
        ("https://a:b@c.example", "It holds a user name or a password."),
        ("user:secret@c.example", "It does not begin with http://, https:// or local:."),
        ("http://user:secret@c.example:port", "It is not a URL."),
        ("http://user:secret", "It is not a URL."),
        ("https://c.example/?x=1", "It has a query or a fragment."),
        ("https://c.example/#kpat_s3cr3t", "It has a query or a fragment."),
        ("https://c.example:port", "It is not a URL."),
        ("https://[c.example", "It is not a URL."),
        ("https://c .example", "It holds white space."),
        *(
            (f"local:{form}", "It asks the embedded server for a dialect or a generation that there isn't.")
            for form in MISTAKEN
        ),
    ],
)
def test_an_address_that_cannot_be_used_says_why(server: str, detail: str) -> None:
    problem = parse_target(server)

    assert isinstance(problem, Diagnostic)
    assert (problem.code, problem.detail) == ("bad-server", detail)


@pytest.mark.parametrize(
    ("server", "token", "code"),
    [
        ("http://billing.example", "kpat_1", "insecure-token"),
        ("http://127.0.0.1.example", "kpat_1", "insecure-token"),
        ("https://billing.example", "kpat_1", None),
        ("http://127.0.0.1:8888", "kpat_1", None),
        ("http://[::1]:8888", "kpat_1", None),
        ("http://localhost:8888", "kpat_1", None),
        ("http://billing.example", None, None),
        ("https://billing.example", "two words", "bad-token"),
        ("https://billing.example", "line\n", "bad-token"),
        ("https://billing.example", "", "bad-token"),
    ],
)
def test_a_token_goes_over_plain_http_to_this_machine_only(server: str, token: str | None, code: str | None) -> None:
    target = parse_target(server)
    assert isinstance(target, Target)

    problem = token_problem(target, token)

    assert (problem.code if problem else None) == code
