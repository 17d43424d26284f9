import pytest

from billsync.report.impact.offers import UNKNOWN, Offer, offer, refusals

PHASES = ("trial", "main")


def test_an_offer_knows_the_place_of_its_phase() -> None:
    assert offer({"from_plan_phase": "main", "max_quantity": 3}, PHASES) == Offer("main", 1, 3)
    assert offer({"from_plan_phase": "trial"}, PHASES) == Offer("trial", 0, None)


@pytest.mark.parametrize(
    ("new", "old", "narrower"),
    [
        (Offer("trial", 0, 3), Offer("trial", 0, 3), False),
        (Offer("trial", 0, None), Offer("main", 1, 3), False),
        (Offer("trial", 0, 2), Offer("trial", 0, 3), True),
        (Offer("trial", 0, 2), Offer("trial", 0, None), True),
        (Offer("main", 1, None), Offer("trial", 0, 3), True),
        (Offer("main", 1, None), UNKNOWN, False),
        (Offer("main", 1, 9), UNKNOWN, True),
    ],
)
def test_an_offer_is_narrower_if_it_allows_fewer_or_begins_later(new: Offer, old: Offer, narrower: bool) -> None:
    assert new.is_narrower(old) is narrower


def test_what_the_server_would_not_attach_again_is_said() -> None:
    new, old = Offer("main", 1, 2), Offer("trial", 0, None)

    found = list(refusals(new, old, addon="seats", plan="plan/pro@2", quantity=3))

    assert found == [
        "more of seats than plan/pro@2 allows (2): the server would not attach as many again",
        "seats, which plan/pro@2 offers only from phase main on: the server would not attach it before",
    ]
    assert list(refusals(Offer("trial", 0, 3), old, addon="seats", plan="plan/pro@2", quantity=3)) == []
