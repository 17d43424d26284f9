"""The committed table of requests is what the vendor's OpenAPI document says."""

from pathlib import Path

import pytest
import yaml

from scripts.generate_local_schema import OUTPUT, rendered

ROOT = Path(__file__).resolve().parents[2]


def test_the_committed_request_table_is_up_to_date() -> None:
    """The committed request table equals the table generated from the vendor's document."""
    documents = sorted((ROOT.parent / "shared" / "openapi").glob("openmeter-v3-*.yaml"))
    if not documents:
        pytest.skip("the vendor's OpenAPI document isn't beside this clone")

    generated = rendered(yaml.load(documents[-1].read_text(encoding="utf-8"), Loader=yaml.CSafeLoader))

    assert generated == OUTPUT.read_text(encoding="utf-8")


def test_the_request_table_holds_no_prose() -> None:
    text = OUTPUT.read_text(encoding="utf-8")

    found = [word for word in ('"description":"', '"example"', '"summary"', '"title"') if word in text]

    assert found == []
