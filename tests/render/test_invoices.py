import json

from billsync.render.invoices import invoices_csv, invoices_json, invoices_text
from billsync.report.billing.invoices import Invoice

PAID = Invoice("A-1", "acme", "paid", "2026-09-01T00:00:00Z", "2026-10-01T00:00:00Z", "USD", "40", "10", "30", False)
DRAFT = Invoice("DRAFT-2", "a\x1bcme", "draft", "", "", "EUR", "5.5", "0", "5.5", False)
LATE = Invoice("A-3", "acme", "issued", "2026-09-01T00:00:00Z", "2026-09-02T00:00:00Z", "USD", "7", "0", "7", True)


def test_invoices_stand_in_a_table_and_say_what_is_past_due() -> None:
    assert (
        invoices_text((PAID, DRAFT, LATE))
        == """\
Number   Customer  Status  Issued      Due         Total  Credits  Currency
A-1      acme      paid    2026-09-01  2026-10-01     30       10  USD
DRAFT-2  a\\x1bcme  draft   -           -             5.5        0  EUR
A-3      acme      issued  2026-09-01  2026-09-02      7        0  USD       past due
"""
    )


def test_no_invoices_are_said_so() -> None:
    assert invoices_text(()) == "No invoices.\n"


def test_json_has_every_field() -> None:
    assert json.loads(invoices_json((LATE,))) == {
        "format_version": "1.0",
        "invoices": [
            {
                "number": "A-3",
                "customer": "acme",
                "status": "issued",
                "issued_at": "2026-09-01T00:00:00Z",
                "due_at": "2026-09-02T00:00:00Z",
                "currency": "USD",
                "amount": "7",
                "credits": "0",
                "total": "7",
                "is_past_due": True,
            }
        ],
    }


def test_csv_has_every_field_of_every_invoice() -> None:
    assert invoices_csv((DRAFT, LATE)) == (
        "number,customer,status,issued_at,due_at,currency,amount,credits,total,is_past_due\n"
        "DRAFT-2,a\\x1bcme,draft,,,EUR,5.5,0,5.5,false\n"
        "A-3,acme,issued,2026-09-01T00:00:00Z,2026-09-02T00:00:00Z,USD,7,0,7,true\n"
    )
