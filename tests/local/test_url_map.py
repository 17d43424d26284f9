"""Routes are found by path and method."""

import pytest

from billsync.local.server.url_map import NoRoute, OtherMethod, UrlMap

URLS = UrlMap(
    [
        ("GET", "/v3/plans", "list"),
        ("GET", "/v3/plans/{planId}", "get"),
        ("DELETE", "/v3/plans/{id}", "delete"),
        ("POST", "/v3/plans/latest", "latest"),
        ("POST", "/v3/{kind}/{id}/publish", "publish"),
    ]
)


@pytest.mark.parametrize(
    ("method", "path", "found"),
    [
        ("GET", "/v3/plans", ("list", {})),
        ("HEAD", "/v3/plans", ("list", {})),
        ("GET", "//v3/plans", ("list", {})),
        ("GET", "/v3/plans/a b", ("get", {"planId": "a b"})),
        ("DELETE", "/v3/plans/a", ("delete", {"id": "a"})),
        ("POST", "/v3/plans/latest", ("latest", {})),
        ("GET", "/v3/plans/latest", ("get", {"planId": "latest"})),
        ("POST", "/v3/plans/a/publish", ("publish", {"kind": "plans", "id": "a"})),
    ],
)
def test_a_route_is_found_with_its_values(method: str, path: str, found: tuple[str, dict[str, str]]) -> None:
    assert URLS.match(method, path) == found


@pytest.mark.parametrize("path", ["", "/", "/v3", "/v3/plans/", "/v3//plans", "/v3/plans/a/", "/v3/plans/a/b"])
def test_any_other_path_has_no_route(path: str) -> None:
    with pytest.raises(NoRoute):
        URLS.match("GET", path)


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/v3/plans"), ("PUT", "/v3/plans/latest"), ("GET", "/v3/a/b/publish")]
)
def test_another_method_is_told_from_another_path(method: str, path: str) -> None:
    with pytest.raises(OtherMethod):
        URLS.match(method, path)
