"""Money is never rounded unseen: no operation on Decimals runs outside the exact context."""

from pathlib import Path

import pytest

import billsync
from tests.support.decimal_operations import Operation, inexact_operations

PACKAGE = Path(billsync.__file__).resolve().parent


@pytest.mark.slow
def test_no_decimal_operation_is_outside_of_the_exact_context() -> None:
    assert inexact_operations(PACKAGE) == ()


@pytest.mark.slow
def test_each_sort_of_inexact_operation_is_found(tmp_path: Path) -> None:
    package = tmp_path / "shop"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "sums.py").write_text(SUMS)

    found = inexact_operations(package)

    assert [operation.line for operation in found] == [
        number for number, line in enumerate(SUMS.splitlines(), 1) if "# inexact" in line
    ]
    assert found[0] == Operation("shop/sums.py", 17, "kept = a + b  # inexact")


SUMS = """\
from collections.abc import Iterator
from decimal import Decimal, localcontext

EXACT = None


def exactly(function):  # type: ignore
    return function


@exactly
def covered(a: Decimal, b: Decimal) -> Decimal:
    return a * b


def open_to_rounding(a: Decimal, b: Decimal, n: int) -> Decimal:
    kept = a + b  # inexact
    kept -= b  # inexact
    n += 1
    text = "a" + "b"
    print(-a, text)  # inexact
    print(abs(a))  # inexact
    print(sum([a, b]))  # inexact
    print(a.quantize(b))  # inexact
    print(n * a)  # inexact
    with localcontext(EXACT):
        return kept / b


@exactly
def lazily(a: Decimal) -> Iterator[Decimal]:
    yield a + 1  # inexact
"""
