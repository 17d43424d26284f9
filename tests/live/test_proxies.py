"""Which proxy is used, and that nothing of it is shown."""

import pytest

from billsync.live.client import Client, Settings
from billsync.live.protocol.proxies import proxy_to
from billsync.live.protocol.target import Target
from billsync.model.ports import Answer, Unreachable
from tests.support.clock import FakeClock
from tests.support.sockets import answering, free_port

EMPTY = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}"
FAR = "https://billing.example/api/v3"


@pytest.mark.parametrize(
    ("base", "environment", "proxy"),
    [
        (FAR, {}, None),
        (FAR, {"HTTPS_PROXY": "http://a:1"}, "http://a:1"),
        (FAR, {"https_proxy": "a:1", "HTTPS_PROXY": "http://b:1"}, "http://a:1"),
        (FAR, {"HTTP_PROXY": "http://a:1"}, None),
        (FAR, {"ALL_PROXY": "socks5://a:1", "HTTPS_PROXY": " "}, "socks5://a:1"),
        (FAR, {"all_proxy": "socks5h://a:1"}, "socks5h://a:1"),
        ("http://billing.example", {"HTTP_PROXY": "https://a:1"}, "https://a:1"),
        (FAR, {"ALL_PROXY": "http://a:1", "NO_PROXY": "x.example, example"}, None),
        (FAR, {"ALL_PROXY": "http://a:1", "no_proxy": ".example"}, None),
        (FAR, {"ALL_PROXY": "http://a:1", "NO_PROXY": "*"}, None),
        (FAR, {"ALL_PROXY": "http://a:1", "NO_PROXY": "ing.example,,billing.example:8443"}, "http://a:1"),
        ("https://billing.example:8443", {"ALL_PROXY": "http://a:1", "NO_PROXY": "billing.example:8443"}, None),
    ],
)
def test_the_proxy_is_the_one_that_the_environment_names(
    base: str, environment: dict[str, str], proxy: str | None
) -> None:
    found = proxy_to(Target(base), environment)

    assert (str(found.url) if found else None) == proxy


@pytest.mark.parametrize(
    "base", ["http://127.0.0.1:1", "http://localhost:1", "https://[::1]:1", "http://127.8.8.8:1", "http://a.localhost"]
)
@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:9", "http://a:1", "what is this"])
def test_this_machine_needs_no_proxy(base: str, proxy: str) -> None:
    assert proxy_to(Target(base), {"ALL_PROXY": proxy, "HTTPS_PROXY": proxy, "http_proxy": proxy}) is None


@pytest.mark.parametrize(
    "address", ["socks4://u:s3cr3t@a:1", "ftp://u:s3cr3t@a", "http://u:s3cr3t@a:port", "http://", "http://[u:s3cr3t"]
)
def test_a_proxy_that_cannot_be_used_is_named_by_its_variable_alone(address: str) -> None:
    with pytest.raises(Unreachable) as raised:
        Client(Target(FAR), FakeClock(), Settings(environment={"all_proxy": address}))

    assert str(raised.value) == (
        f"{FAR} can't be reached: the proxy that all_proxy names can't be used; "
        "give http://HOST:PORT, https://HOST:PORT or socks5://HOST:PORT"
    )


@pytest.mark.parametrize("scheme", ["http", "socks5", "socks5h"])
def test_a_proxy_that_does_not_answer_is_unreachable(scheme: str) -> None:
    settings = Settings(environment={"ALL_PROXY": f"{scheme}://127.0.0.1:{free_port()}"})

    with Client(Target(FAR), FakeClock(), settings) as remote, pytest.raises(Unreachable):
        remote.call("POST", "/x", {})


def test_a_proxy_is_used() -> None:
    with answering([EMPTY]) as (proxy, seen):
        settings = Settings(environment={"HTTP_PROXY": proxy.removesuffix("/api/v3")})
        with Client(Target("http://billing.example/api/v3"), FakeClock(), settings) as remote:
            answer = remote.get("/x")

    assert answer == Answer(200, {})
    assert seen[0].startswith(b"GET http://billing.example/api/v3/x HTTP/1.1\r\n")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_what_goes_to_this_machine_passes_no_proxy(host: str) -> None:
    environment = {"HTTP_PROXY": f"http://127.0.0.1:{free_port()}", "ALL_PROXY": "socks5://127.0.0.1:9"}

    with answering([EMPTY]) as (base, seen):
        target = Target(base.replace("127.0.0.1", host))
        with Client(target, FakeClock(), Settings(token="kpat_1", environment=environment)) as remote:
            answer = remote.get("/x")

    assert (answer, len(seen)) == (Answer(200, {}), 1)
