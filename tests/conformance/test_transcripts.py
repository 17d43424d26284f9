"""Replays every recorded scenario against the local server."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from billsync.local import create_app
from tests.conformance.replay import ErrorBodies, Replay
from tests.conformance.scenario import COPIES, RECORDED, Scenario, chosen_folder, scenarios_in

pytestmark = pytest.mark.thorough

KNOWN_DIFFERENCES = Path(__file__).with_name("known_differences.txt")
SCENARIOS = scenarios_in(chosen_folder())
MOST_SHOWN = 12
NEVER_DIFFERENT = frozenset(
    {f"catalog/{name}" for name in ("meter_lifecycle", "meter_validation", "feature_lifecycle")}
    | {f"catalog/{name}" for name in ("rate_card_prices", "plan_draft_to_archive", "plan_versions")}
    | {f"customer/{name}" for name in ("lifecycle", "put_semantics", "subscribe")}
    | {f"money/{name}" for name in ("grant_key_conflict", "grant_read_back", "grant_void")}
    | {f"random/sequence_01{number:02}" for number in range(1, 61) if number not in (9, 13)}
    | {f"catalog/{name}" for name in ("paging_and_sort", "server_errors", "tax_codes", "default_tax_codes")}
    | {f"catalog/addon_{name}" for name in ("lifecycle", "publish_rules", "versions_in_plans")}
    | {f"catalog/{name}" for name in ("plan_addons", "plan_addon_incompatible", "rate_card_extras")}
    | {f"catalog/{name}" for name in ("custom_currencies", "currencies_in_plans", "apps", "fresh_server")}
    | {f"catalog/{name}" for name in ("billing_profiles", "default_billing_profile", "transport_errors")}
    | {"customer/billing_pin"}
    | {f"money/{name}" for name in ("prepaid_credits", "events_ingest", "consume_order", "uncovered_usage")}
    | {f"money/{name}" for name in ("expiry_before_booking", "flat_fees_credit_only", "transactions_paging")}
    | {f"money/balance_{name}" for name in ("currencies", "feature_filter")}
    | {f"money/grant_{name}" for name in ("refused", "future_effective", "backdated", "external_settlement")}
)


@dataclass
class Ticks:
    """A clock that moves a little when it is read: no machine is so slow that an exchange reaches the next one."""

    now: datetime = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(microseconds=1)
        return self.now


def known_differences() -> dict[str, str]:
    """Scenario -> why it may differ; nothing may where another folder is replayed."""
    if os.environ.get("BILLSYNC_TRANSCRIPTS"):
        return {}
    lines = KNOWN_DIFFERENCES.read_text(encoding="utf-8").splitlines()
    pairs = (line.split(maxsplit=1) for line in lines if line.strip() and not line.startswith("#"))
    return dict(pairs)


def errors_of(scenario: Scenario) -> ErrorBodies:
    """Everything in full; in another folder's generated sequences, errors that nobody chose by status and type."""
    is_generated = bool(os.environ.get("BILLSYNC_TRANSCRIPTS")) and scenario.name.startswith("random/")
    return ErrorBodies.STATUS_AND_TYPE if is_generated else ErrorBodies.IN_FULL


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_the_local_server_answers_as_the_transcript_says(scenario: Scenario) -> None:
    reason = known_differences().get(scenario.name)
    app = create_app(":memory:", clock=Ticks(), test_clock=True, faithful_faults=True)
    client = httpx.Client(transport=httpx.WSGITransport(app=app), base_url="http://local")

    differences = Replay(client, errors_of(scenario)).run(scenario)

    if reason is not None and differences:
        pytest.xfail(reason)
    assert not differences, "\n".join(("differs:", *differences[:MOST_SHOWN]))
    assert reason is None, f"{scenario.name} passes now: take it off {KNOWN_DIFFERENCES.name}"


def test_known_transcript_differences_are_recordings_that_may_differ() -> None:
    """The list of known differences names only recordings, and none of those that must be equal."""
    recorded = {scenario.name for scenario in scenarios_in(COPIES)}

    listed = known_differences().keys()

    assert listed - recorded == set()
    assert listed & NEVER_DIFFERENT == set()


def test_every_transcript_that_must_be_equal_is_there() -> None:
    recorded = {scenario.name for scenario in scenarios_in(COPIES)}

    missing = NEVER_DIFFERENT - recorded

    assert missing == set()


def test_the_copied_transcripts_are_the_blanked_recordings(tmp_path: Path) -> None:
    """The copies of the transcripts are the recordings without the texts of errors."""
    if not RECORDED.is_dir():
        pytest.skip("the recordings aren't beside this clone")
    from scripts.blank_transcripts import blank_folder

    blank_folder(RECORDED, tmp_path)

    have = {path.relative_to(COPIES): path.read_text() for path in COPIES.rglob("*.jsonl")}
    want = {path.relative_to(tmp_path): path.read_text() for path in tmp_path.rglob("*.jsonl")}
    assert have == want
