"""A 403 for want of a permission says which role is missing; one that is a rule of the product doesn't."""

import httpx
import pytest

from billsync.api.permissions import roles_for
from billsync.api.routes import DIALECTS, routes
from billsync.live.connect import find_dialect
from billsync.live.lists.paging import read_list
from billsync.model.ports import RemoteError
from billsync.model.routes import ListQuery
from tests.support.clock import FakeClock
from tests.support.mock_list import TARGET, client
from tests.support.recorder import Recorder

FORBIDDEN = httpx.Response(403, json={"status": 403, "title": "Forbidden", "detail": "no"})
LACKS = "403 Forbidden: no; the token lacks a permission: on Konnect it needs the role"


@pytest.mark.parametrize(
    ("method", "path", "roles"),
    [
        ("GET", "/openmeter/meters", ("Metering & Billing Viewer", "Metering Viewer")),
        ("POST", "/openmeter/meters/1/query", ("Metering & Billing Viewer", "Metering Viewer")),
        ("POST", "/openmeter/plans/1/publish", ("Metering & Billing Admin", "Product Catalog Admin")),
        ("GET", "/openmeter/customers/1/credits/grants", ("Metering & Billing Viewer", "Billing Viewer")),
        ("POST", "/openmeter/subscriptions/1/cancel", ("Metering & Billing Admin", "Billing Admin")),
        ("GET", "/openmeter/billing/invoices", ("Metering & Billing Viewer", "Billing Viewer")),
        ("GET", "/openmeter/tax-codes", ("Metering & Billing Viewer",)),
        ("GET", "/organizations/me", ()),
    ],
)
def test_each_call_needs_a_role(method: str, path: str, roles: tuple[str, ...]) -> None:
    assert roles_for(method, path) == roles


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_kind_but_tax_codes_belongs_to_an_area_of_roles(dialect: str) -> None:
    in_no_area = {name for name, each in routes(dialect).items() if len(roles_for("GET", each.collection)) == 1}

    assert in_no_area == {"tax_code"}


def test_a_list_that_may_not_be_read_says_which_role_is_missing() -> None:
    with pytest.raises(RemoteError) as raised:
        read_list(client(lambda request: FORBIDDEN), "/openmeter/plans", [], ListQuery("id", 10), FakeClock())

    roles = "`Metering & Billing Viewer` or `Product Catalog Viewer`"
    assert str(raised.value) == f"GET /openmeter/plans: {LACKS} {roles}"


def test_a_write_that_may_not_be_made_says_which_role_is_missing(openapi: Recorder) -> None:
    with openapi.wrong_on_purpose():
        answer = client(lambda request: FORBIDDEN).call("POST", "/openmeter/customers", {})

    assert answer.message == f"{LACKS} `Metering & Billing Admin` or `Billing Admin`"


@pytest.mark.parametrize(
    "detail", ["forbidden error: transition cancel in state canceled not allowed", "Deleting tax codes is not allowed"]
)
def test_a_rule_of_the_product_is_no_missing_permission(detail: str) -> None:
    refused = httpx.Response(403, json={"status": 403, "title": "Forbidden", "detail": detail})

    assert client(lambda request: refused).call("POST", "/x/cancel", {}).message == f"403 Forbidden: {detail}"


def test_a_token_without_a_role_is_reported_when_finding_the_dialect() -> None:
    """A token without any role is reported when the dialect is looked up."""
    with pytest.raises(RemoteError) as raised:
        find_dialect(TARGET, client(lambda request: FORBIDDEN), None)

    roles = "`Metering & Billing Viewer` or `Metering Viewer`"
    assert str(raised.value) == f"GET /openmeter/meters: {LACKS} {roles}"
