"""The committed table of requests is what the vendor's OpenAPI document says."""

from pathlib import Path

import pytest
import yaml

from scripts.generate_local_schema import OUTPUT, rendered

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(("name", "pattern"), [("requests", "openmeter-v3-*.yaml"), ("konnect", "konnect-*.yaml")])
def test_the_committed_request_table_is_up_to_date(name: str, pattern: str) -> None:
    """The committed request tables equal those generated from the vendor's documents."""
    documents = sorted((ROOT.parent / "shared" / "openapi").glob(pattern))
    if not documents:
        pytest.skip("the vendor's OpenAPI document isn't beside this clone")

    generated = rendered(yaml.load(documents[-1].read_text(encoding="utf-8"), Loader=yaml.CSafeLoader))

    assert generated == OUTPUT.with_name(f"{name}.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["requests", "later", "konnect", "konnect_later"])
def test_the_request_table_holds_no_prose(name: str) -> None:
    text = OUTPUT.with_name(f"{name}.json").read_text(encoding="utf-8")

    found = [word for word in ('"description":"', '"example"', '"summary"', '"title"') if word in text]

    assert found == []
