"""Pages for the tests of HTML: one with every block, and others with any text in its place."""

from collections.abc import Callable
from decimal import Decimal

from billsync.model.change import Effect
from billsync.render.page.page import (
    Bar,
    Bars,
    Column,
    Decision,
    DecisionKind,
    FieldRow,
    Fields,
    Listing,
    Page,
    Paragraph,
    Section,
    Table,
    code,
    plain,
    strong,
)
from billsync.report.curves.curve import Bin, Point, PriceCurve, TierEnd


def numbered(*amounts: str) -> tuple[Point, ...]:
    return tuple(Point(Decimal(100 * place), Decimal(amount)) for place, amount in enumerate(amounts))


def curve(named: Callable[[str], str] = str) -> PriceCurve:
    return PriceCurve(
        target=named("plan/pro@3"),
        title=named("Input tokens"),
        unit=named("tokens"),
        currency=named("USD"),
        cadence="P1M",
        old=numbered("0", "55.50", "105", "155"),
        new=numbered("0", "60", "120", "172.005"),
        steps=(TierEnd(Decimal(100), in_old=True, in_new=False), TierEnd(Decimal(200), in_old=True, in_new=True)),
        usage=(
            Bin(Decimal(0), Decimal(100), 4),
            Bin(Decimal(100), Decimal(200), None),
            Bin(Decimal(200), Decimal(300), 9),
        ),
        beyond=2,
    )


def bars(named: Callable[[str], str] = str) -> Bars:
    amounts = (("acme", "118.14"), ("globex", "12"), ("initech", "-3.50"))
    return Bars(named("Who pays more"), named("USD"), tuple(Bar(named(who), Decimal(by)) for who, by in amounts), 7)


def page(named: Callable[[str], str] = str) -> Page:
    """A page with every block; `named` gives the text that stands where a name or a value may stand."""
    columns = (Column("plan"), Column("change", is_number=True))
    rows = ((code(named("plan/pro@3")), plain(named("+138.35"))), (code(named("plan/team@2")), strong(named("-3.00"))))
    fields = Fields(
        named("plan pro@3"),
        (FieldRow(named("name"), named("Pro"), named("Professional")), FieldRow(named("x"), None, named("1"))),
    )
    return Page(
        marker=named("staging"),
        headline=plain(named("3 plans change · +2,310.40 USD a month (+1.8 %)")),
        decisions=(
            Decision(
                DecisionKind.STOPPED, plain(named("2 would be deleted")), "deletes", plain(named("--allow deletes=2"))
            ),
            Decision(DecisionKind.IRREVERSIBLE, plain(named("plan pro@3 is published"))),
        ),
        sections=(
            Section(
                plain(named("plan/pro@3")),
                (
                    Paragraph((plain(named("7 subscribers stay")),)),
                    Table(named("Bills"), columns, rows),
                    curve(named),
                    bars(named),
                ),
                changes=1,
                effects=frozenset({Effect.NEW_VERSION, Effect.IRREVERSIBLE}),
            ),
            Section(
                plain(named("customer/acme")),
                (fields, Listing((plain(named("one")), plain(named("two"))))),
                is_fold=True,
            ),
        ),
        footer=(plain(named("an estimate")),),
    )
