"""What refers to others is read before what it refers to, so that no reference ever seems to lead to nothing."""

from billsync.core.declared.referring import rounds
from billsync.kinds.registry import KINDS
from billsync.model.state import Read

READS = tuple(Read(kind) for kind in ("tax_code", "meter", "customer", "plan", "feature"))


def test_what_refers_is_read_before_what_it_refers_to() -> None:
    kinds = [{read.kind for read in together} for together in rounds(READS, KINDS)]

    assert kinds == [{"plan"}, {"feature"}, {"meter", "customer", "tax_code"}]


def test_no_read_is_lost_or_made_twice() -> None:
    flat = [read for together in rounds(READS, KINDS) for read in together]

    assert sorted(read.kind for read in flat) == sorted(read.kind for read in READS)


def test_what_is_only_referred_to_is_read_last() -> None:
    """A kind that no file declares has no references that are known, so it is read with what refers to nothing."""
    declarable = {name: kind for name, kind in KINDS.items() if name not in ("meter", "tax_code")}

    kinds = [{read.kind for read in together} for together in rounds(READS, declarable)]

    assert kinds == [{"plan"}, {"feature"}, {"meter", "customer", "tax_code"}]
