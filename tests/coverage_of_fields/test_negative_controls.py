"""The law would be worth nothing if a lost field went unnoticed: here fields are lost on purpose."""

from __future__ import annotations

from pathlib import Path

import pytest

from billsync.core.views import view
from billsync.kinds.meter import METER
from tests.coverage_of_fields import bases
from tests.coverage_of_fields.mutations import Mutation
from tests.coverage_of_fields.trial import CONVERGES, SILENT, Bench, Trial

DESCRIPTION = METER.record.fields["description"]


def described() -> Mutation:
    """A meter with another description."""
    base = bases.read("meter-sum")
    return Mutation(base, "description", "change", ({**base.entity, "description": "Another one"},))


def test_a_field_that_is_kept_converges(tmp_path: Path) -> None:
    assert Bench(tmp_path).try_out(described()) == Trial(CONVERGES)


def test_a_field_that_is_not_compared_is_found_silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = view._shown
    monkeypatch.setattr(
        view,
        "_shown",
        lambda record: shown(record) - {name for name, field in record.fields.items() if field is DESCRIPTION},
    )

    trial = Bench(tmp_path).try_out(described())

    assert trial == Trial(SILENT)


def test_a_field_that_is_not_sent_is_found_not_to_arrive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = view.written
    monkeypatch.setattr(
        view, "written", lambda shape, value: "x" if shape is DESCRIPTION.shape else write(shape, value)
    )

    with pytest.raises(AssertionError, match="the server accepted the call"):
        Bench(tmp_path).try_out(described())
