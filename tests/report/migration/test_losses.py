from billsync.model.address import Address
from billsync.model.change import Action, Change
from billsync.report.migration.losses import losses
from tests.support.moves import ACME, NEW, OLD, ahead, move, terms
from tests.support.subscription_rows import unit, usage_card

OLD_TERMS = terms(OLD, ahead("25"), usage_card("api", unit("0.1")), usage_card("seats", unit("0.1")))
MOVING = Change(ACME, Action.UPDATE, "changing")


def test_a_feature_that_the_new_version_lacks_is_lost() -> None:
    gone = move(OLD_TERMS, terms(NEW, usage_card("seats", unit("0.1"))))

    assert losses([MOVING], [gone]) == {ACME: ("feature api",)}


def test_who_loses_nothing_or_does_not_move_is_left_out() -> None:
    same = move(OLD_TERMS, OLD_TERMS)
    other = Change(Address("subscription", ("beta", "default")), Action.UPDATE, "changing")

    assert losses([MOVING, other], [same]) == {}
