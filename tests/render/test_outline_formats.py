import json
import re

import pytest

from billsync.model.change import PlanFile
from billsync.model.diagnostic import Diagnostic, Position, Severity
from billsync.model.result import Report
from billsync.render.plan.outline import Summary, outline
from billsync.render.plan.structured import as_json, errors_as_json
from billsync.render.plan.text import as_text
from tests.support.plans import GUARD, broken_report, plan_file

NAMED = re.compile(r"^(?:[a-z]+ing|(?:refused|waiting|note)(?:\[[a-z-]+\])?:) ([a-z]+) ([^\s:]+)", re.MULTILINE)

TEXT = """\
creating meter api_requests
publishing plan pro@3
  2 subscriptions stay on pro@2
updating customer acme
  ~ name: Acme → "Acme Inc."
  ~ usage_attribution.subject_keys: (none) → ["a", "b c"]
  ~ labels.team: billing → (none)
granting grant acme/welcome
archiving feature old

refused[not-owned]: feature tokens: it is not owned
  ~ name: Tokens → "AI tokens"
  list it under `adopted`
waiting: customer gone: until it ends
note: grant acme/kept: left alone\\x1b[31m

stopped[deletes]: 12 deletes exceed the limit of 10
  feature old
  Allow it with --allow deletes=12

Summary:
  Created: 3
  Updated: 1
  Deleted: 1
  Refused: 1
  Waiting: 1
  Notes: 1
"""

TEXT_AFTER_A_RUN = """\
creating meter api_requests: already done
publishing plan pro@3
  2 subscriptions stay on pro@2
updating customer acme: failed: 409 Conflict: taken
  ~ name: Acme → "Acme Inc."
  ~ usage_attribution.subject_keys: (none) → ["a", "b c"]
  ~ labels.team: billing → (none)
granting grant acme/welcome: not done: customer acme was not done
archiving feature old

refused[not-owned]: feature tokens: it is not owned
  ~ name: Tokens → "AI tokens"
  list it under `adopted`
waiting: customer gone: until it ends
note: grant acme/kept: left alone\\x1b[31m

Summary:
  Created: 1
  Updated: 0
  Deleted: 1
  Already done: 1
  Refused: 1
  Blocked: 1
  Waiting: 1
  Notes: 1
  Failed: 1
"""

NOTHING = """\
No changes.

Summary:
  Created: 0
  Updated: 0
  Deleted: 0
"""


def test_text_has_a_line_for_every_change_field_reason_and_guard() -> None:
    assert as_text(outline(plan_file(guards=(GUARD,)))) == TEXT


def test_text_after_a_run_says_what_became_of_each_change() -> None:
    assert as_text(outline(plan_file(), broken_report())) == TEXT_AFTER_A_RUN


def test_text_without_changes_is_decks_empty_summary() -> None:
    assert as_text(outline(PlanFile("local:", None, "diff", (), ()))) == NOTHING


def test_json_is_decks_object_and_more() -> None:
    document = json.loads(as_json(outline(plan_file(guards=(GUARD,)))))

    assert document["changes"]["creating"][1] == {
        "kind": "plan",
        "name": "pro@3",
        "verb": "publishing",
        "body": {"new": {"key": "pro", "meter": "meter/api_requests"}, "old": None},
        "fields": [],
        "reason": "2 subscriptions stay on pro@2",
    }
    assert document["changes"]["updating"] == [
        {
            "kind": "customer",
            "name": "acme",
            "verb": "updating",
            "body": {"new": {"name": "Acme Inc."}, "old": {"name": "Acme"}},
            "fields": [
                {"path": "name", "old": "Acme", "new": "Acme Inc."},
                {"path": "usage_attribution.subject_keys", "old": None, "new": ["a", "b c"]},
                {"path": "labels.team", "old": "billing", "new": None},
            ],
            "reason": "",
        }
    ]
    assert document["summary"] == {
        "creating": 3,
        "updating": 1,
        "deleting": 1,
        "total": 5,
        "already": 0,
        "refused": 1,
        "blocked": 0,
        "waiting": 1,
        "unmanageable": 0,
        "notes": 1,
        "failed": 0,
    }
    assert document["guards"] == [
        {
            "code": "deletes",
            "reason": "12 deletes exceed the limit of 10",
            "flag": "--allow deletes=12",
            "addresses": ["feature/old"],
        }
    ]
    assert document["errors"] == ["refused: feature tokens: it is not owned"]
    assert document["warnings"] == ["waiting: customer gone: until it ends"]
    assert (document["format_version"], document["target"], document["mode"]) == ("1.0", "local:x.db", "sync")


def test_json_after_a_run_has_the_status_of_each_change() -> None:
    document = json.loads(as_json(outline(plan_file(), broken_report())))

    ends = {item["name"]: (item["status"], item["trouble"]) for list_ in document["changes"].values() for item in list_}
    assert ends == {
        "api_requests": ("already", ""),
        "pro@3": ("done", ""),
        "acme": ("failed", "409 Conflict: taken"),
        "acme/welcome": ("blocked", "customer acme was not done"),
        "old": ("done", ""),
    }


@pytest.mark.parametrize("report", [None, broken_report()])
def test_all_formats_name_the_same_changes(report: Report | None) -> None:
    whole = outline(plan_file(guards=(GUARD,)), report)

    document = json.loads(as_json(whole))
    in_json = [item for list_ in document["changes"].values() for item in list_] + document["told"]
    in_text = NAMED.findall(as_text(whole))

    expected = sorted((item.kind, item.name) for item in whole.items)
    assert sorted((item["kind"], item["name"]) for item in in_json) == expected
    assert sorted(in_text) == expected


def test_errors_are_json_too() -> None:
    place = Position("shop.yaml", 14, 9)
    found = Diagnostic("unknown-reference", "nothing has this key", 'feature "seets"', "Did you mean?", place)
    warned = Diagnostic("odd", "looks odd", severity=Severity.WARNING)

    document = json.loads(errors_as_json([found, warned]))

    assert document == {
        "format_version": "1.0",
        "errors": ['shop.yaml:14:9: error[unknown-reference]: nothing has this key: feature "seets"'],
        "warnings": ["warning[odd]: looks odd"],
        "diagnostics": [
            {
                "severity": "error",
                "code": "unknown-reference",
                "summary": "nothing has this key",
                "detail": 'feature "seets"',
                "hint": "Did you mean?",
                "position": {"file": "shop.yaml", "line": 14, "column": 9},
            },
            {
                "severity": "warning",
                "code": "odd",
                "summary": "looks odd",
                "detail": "",
                "hint": "",
                "position": None,
            },
        ],
        "changes": {"creating": [], "updating": [], "deleting": []},
        "told": [],
        "guards": [],
        "summary": {
            "creating": 0,
            "updating": 0,
            "deleting": 0,
            "total": 0,
            "already": 0,
            "refused": 0,
            "blocked": 0,
            "waiting": 0,
            "unmanageable": 0,
            "notes": 0,
            "failed": 0,
        },
    }


def test_a_summary_counts_every_item_once() -> None:
    whole = outline(plan_file(), broken_report())

    counted = sum(getattr(whole.summary, name) for name in Summary.__slots__)

    assert counted == len(whole.items)
