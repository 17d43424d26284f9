"""`undo` from the command line: runs over every kind, taken back by their journals."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from decimal import Decimal
from pathlib import Path
from re import fullmatch, search
from typing import Any

import httpx
import pytest

from billsync.cli.servers.database import open_database
from billsync.core.taking_back.journal_lines import sealed
from tests.cli.conftest import SHOP
from tests.cli.test_prepaid_story import use
from tests.support.command import Ran, Shell

pytestmark = pytest.mark.thorough

EDITED = SHOP.replace("0.002", "0.003").replace("name: API requests, event", "name: Requests, event")
EVERYTHING = ("--yes", "--allow", "cancel", "--allow", "void")
TWO_PLANS = SHOP.replace(
    "customers:",
    """\
  - key: large
    name: Large
    settlement_mode: credit_only
    phases:
      - {key: default, name: Default, rate_cards: [{use: api_standard}]}
customers:""",
)

TEAM = """\
_info: {owner: payments}
addons:
  - key: seats
    name: Seats
    currency: USD
    instance_type: multiple
    rate_cards: [{key: seats, name: Seats, price: {type: flat, amount: "5"}, billing_cadence: P1M}]
plans:
  - key: team
    name: Team
    currency: USD
    billing_cadence: P1M
    settlement_mode: credit_only
    addons: [{addon: seats, from_plan_phase: default}]
    phases:
      - {key: default, name: Default, rate_cards: [{key: fee, name: Fee, price: {type: flat, amount: "1"}}]}
customers:
  - {key: acme, name: Acme, usage_attribution: {subject_keys: [a-1]}, subscription: {plan: team}}
"""


def resealed(lines: Iterable[str]) -> str:
    """A journal of these lines, as if a run had written them."""
    found, seal = [], ""
    for line in lines:
        text, seal = sealed(line.rpartition(', "seal": "')[0] + "}", seal)
        found.append(text + "\n")
    return "".join(found)


class Undoing:
    """A folder and a server in which runs are made and taken back."""

    def __init__(self, shell: Shell, folder: Path, server: str = "local:") -> None:
        self._shell, self._folder, self._server = shell, folder, server

    def sync(self, text: str, *flags: str) -> str:
        """Sync a text; the journal of the run."""
        (self._folder / "shop.yaml").write_text(text)
        self._shell.clock.sleep(1)
        ran = self._shell.run("sync", "shop.yaml", "--server", self._server, "--yes", *flags)
        assert ran.code == 0, ran.out + ran.err
        return self.journals()[-1]

    def undo(self, journal: str, *flags: str) -> Ran:
        self._shell.clock.sleep(1)
        return self._shell.run("undo", journal, "--server", self._server, *flags)

    def lines(self, journal: str, *flags: str) -> list[str]:
        """What an undo would do."""
        found = json.loads(self.undo(journal, "--dry-run", "--format", "json", *flags).out)
        changes = [one for action in ("creating", "updating", "deleting") for one in found["changes"][action]]
        return [f"{one['verb']} {one['kind']} {one['name']}" for one in changes]

    def diff(self, text: str) -> Any:
        (self._folder / "shop.yaml").write_text(text)
        return json.loads(self._shell.run("diff", "shop.yaml", "--server", self._server, "--format", "json").out)

    def journals(self) -> list[str]:
        return sorted(str(path) for path in (self._folder / ".billsync" / "journal").glob("*.jsonl"))


@pytest.fixture
def shop(shell: Shell, folder: Path) -> Undoing:
    return Undoing(shell, folder)


def test_a_run_is_taken_back_and_what_lasts_is_named(shop: Undoing, folder: Path) -> None:
    """The second undo writes nothing, and the files of before have nothing to change but what lasts."""
    shop.sync(SHOP)
    second = shop.sync(EDITED.replace("Acme Inc.", "Acme Ltd."))
    dry = shop.undo(second, "--dry-run", "--out", "plan=undo.json", "--exit-code")
    undone = shop.undo(second, "--yes")
    written = len(shop.journals())
    again = shop.undo(second, "--yes")

    lines = undone.out.splitlines()
    assert (dry.code, undone.code, again.code, len(shop.journals())) == (2, 0, 0, written)
    assert json.loads((folder / "undo.json").read_text())["mode"] == "sync"
    assert lines[:4] == [
        "updating meter api_requests",
        '  ~ name: Requests → "API requests"',
        "publishing a new version of plan prepaid@3",
        "  ~ phases.default.rate_cards.api_requests.price.amount: 0.003 → 0.002",
    ]
    assert "customer acme: the former name can't be named: the journal withholds it" in undone.err
    assert again.out.startswith("No changes.")
    assert shop.diff(SHOP.replace("Acme Inc.", "Acme Ltd."))["summary"]["total"] == 0
    assert "Acme" not in Path(second).read_text()


def test_what_a_run_created_goes_as_far_as_it_can(shop: Undoing) -> None:
    """Ends and voids are guarded as always; what waits for them goes in another undo, and then there is nothing."""
    first = shop.sync(SHOP)
    stopped = shop.undo(first, "--yes")
    page = shop.undo(first, "--dry-run", "--format", "markdown", *EVERYTHING[1:]).out
    some, rest, nothing = (shop.undo(first, *EVERYTHING) for _ in range(3))

    assert (stopped.code, some.code, rest.code, nothing.code) == (4, 0, 0, 0)
    assert "Not taken back: customer acme: it goes when what belongs to it has ended" in page
    assert [line for line in some.out.splitlines() if not line.startswith(" ")][:3] == [
        "voiding grant acme/welcome",
        "cancelling subscription acme/default at once",
        "archiving plan prepaid@1",
    ]
    assert rest.out.splitlines()[:3] == [
        "deleting meter api_requests",
        "archiving feature api_requests",
        "deleting customer acme",
    ]
    assert nothing.out.startswith("No changes.")


def test_a_restore_of_several_versions_leaves_none_on_sale(shop: Undoing, shell: Shell, folder: Path) -> None:
    """The older versions were made by the same run: none of them is published again, and nobody is said to stay."""
    shop.sync(SHOP)
    shop.sync(SHOP.replace("0.002", "0.003"))
    assert shell.run("dump", "--server", "local:", "--snapshot", "shop.snapshot").code == 0
    assert shell.run("restore", "shop.snapshot", "--server", "local:new.db", "--yes").code == 0
    restored = Undoing(shell, folder, "local:new.db")

    undone = restored.undo(restored.journals()[-1], *EVERYTHING)

    assert [line for line in undone.out.splitlines() if line.startswith(("publishing", "archiving"))] == [
        "archiving plan prepaid@2"
    ]
    assert "grandfathered" not in undone.out
    assert "files" not in undone.err


PAID_AHEAD = SHOP.replace(
    "rate_cards: [{use: api_standard}]",
    'rate_cards: [{key: fee, name: Fee, price: {type: flat, amount: "10"}, billing_cadence: P1M, '
    "payment_term: in_advance}]",
)
GIVEN = r"grant acme/restore:\w+"


def restored_with_a_credit(shop: Undoing, shell: Shell, folder: Path) -> tuple[Undoing, str]:
    """A restored organization, whose customer got a credit for its fee in advance, and the journal of that run."""
    shop.sync(PAID_AHEAD)
    assert shell.run("dump", "--server", "local:", "--snapshot", "shop.snapshot").code == 0
    assert shell.run("restore", "shop.snapshot", "--server", "local:new.db", "--yes").code == 0
    new = Undoing(shell, folder, "local:new.db")
    return new, new.journals()[-1]


def test_a_credit_that_a_restore_gave_is_voided_once_nothing_needs_it(
    shop: Undoing, shell: Shell, folder: Path
) -> None:
    """Its fee comes back with the end of the subscription; then the credit goes, before its customer does."""
    new, journal = restored_with_a_credit(shop, shell, folder)

    first, second, third = (new.undo(journal, *EVERYTHING, "--allow", "customer-credit") for _ in range(3))

    assert "credit of its customer was used since (10)" in first.err
    assert "voiding" not in first.out
    assert (second.code, third.code, third.out.splitlines()[0]) == (0, 0, "No changes.")
    voided = [line for line in second.out.splitlines() if line.startswith(("voiding", "deleting customer"))]
    assert [fullmatch(f"voiding {GIVEN}", voided[0]) is not None, *voided[1:]] == [
        True,
        "voiding grant acme/welcome",
        "deleting customer acme",
    ]
    assert "stale" not in second.out
    assert "nobody owns it" not in first.err + second.err


def test_a_credit_of_which_something_was_used_stays_and_is_named(shop: Undoing, shell: Shell, folder: Path) -> None:
    new, journal = restored_with_a_credit(shop, shell, folder)
    shell.clock.advance(10 * 86_400)

    undone = [new.undo(journal, *EVERYTHING) for _ in range(3)]

    assert all("voiding" not in ran.out for ran in undone)
    assert all("is never unbilled: left as it is" in ran.err for ran in undone)


def test_a_credit_stays_while_its_customer_is_subscribed(
    shop: Undoing, shell: Shell, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server books a fee some seconds after it is due: until the subscription has ended, nothing is certain."""
    new, journal = restored_with_a_credit(shop, shell, folder)
    monkeypatch.setattr("billsync.app.undo.left_alone.used_since", lambda *read: Decimal(0))

    undone = new.undo(journal, *EVERYTHING)

    assert search(f"{GIVEN}: it pays fees of its customer's subscription", undone.err)
    assert "voiding grant acme/restore:" not in undone.out


WITHOUT_MORE = SHOP.replace("    subscription: {plan: prepaid}\n", "").partition("    grants:")[0]


def by_hand(shell: Shell, name: str, *, again: bool, owner: str = "", wait: int = 100) -> None:
    """Somebody gives the customer another name or owner, or deletes it and makes another one under its key."""
    shell.clock.sleep(wait)
    app = open_database(".billsync/local.db", shell.clock, test_clock=False)
    with httpx.Client(transport=httpx.WSGITransport(app=app), base_url="http://local/api/v3/openmeter/") as http:
        (row,) = http.get("customers").json()["data"]
        labels = {**row["labels"], "billsync_owner": owner or row["labels"]["billsync_owner"]}
        body = {"name": name, "labels": labels, "usage_attribution": row["usage_attribution"]}
        if again:
            http.delete(f"customers/{row['id']}").raise_for_status()
            http.post("customers", json={**body, "key": row["key"]}).raise_for_status()
        else:
            http.put(f"customers/{row['id']}", json=body).raise_for_status()
    app.close()


@pytest.mark.parametrize(
    ("again", "said"),
    [(False, "it was updated at 2026-09-01T00:01:41Z"), (True, "it was deleted, and another one was made")],
)
def test_a_renamed_customer_and_another_one_stay(shop: Undoing, shell: Shell, *, again: bool, said: str) -> None:
    first = shop.sync(WITHOUT_MORE)
    by_hand(shell, "Renamed Ltd.", again=again)

    undone = shop.undo(first, *EVERYTHING)

    assert (undone.code, f"customer acme: {said}" in undone.err) == (4, True)
    assert "deleting meter api_requests" in undone.out
    assert "deleting customer" not in undone.out


def test_a_customer_of_another_owner_is_named_and_stays(shop: Undoing, shell: Shell) -> None:
    first = shop.sync(WITHOUT_MORE)
    by_hand(shell, "Acme Inc.", again=False, owner="search", wait=5)

    undone = shop.undo(first, *EVERYTHING)

    assert (undone.code, "customer acme: it is of the owner 'search' now" in undone.err) == (4, True)
    assert "deleting customer" not in undone.out


def test_a_customer_with_another_key_is_named(shop: Undoing) -> None:
    """Both by the undo of the run that created it, and by that of the run that renamed it."""
    first = shop.sync(WITHOUT_MORE.replace("key: acme\n", "key: acmee\n"))
    moved = "moved: [{kind: customer, from: acmee, to: acme}]\ncustomers:"
    second = shop.sync(WITHOUT_MORE.replace("customers:", moved))

    created, renamed = (shop.undo(journal, "--dry-run") for journal in (first, second))

    assert (created.code, renamed.code) == (4, 0)
    assert "customer acmee: it is customer/acme now" in created.err
    assert "customer acme: its key stays, which was 'acmee'" in renamed.err
    assert "deleting customer" not in created.out


def test_what_was_made_after_a_killed_run_stays(shop: Undoing, shell: Shell, folder: Path) -> None:
    """Its call is in the journal, and no answer: another run made the customer later."""
    lines = Path(shop.sync(WITHOUT_MORE)).read_text().splitlines()
    kept = (line for line in lines if not any(word in line for word in ("answer", "result")))
    (folder / "cut.jsonl").write_text(resealed(kept))
    by_hand(shell, "Somebody else", again=True)

    undone = shop.undo("cut.jsonl", *EVERYTHING)

    assert "customer acme: it was created at 2026-09-01T00:01:41Z, after the run had ended" in undone.err
    assert "deleting customer" not in undone.out


def test_an_undo_of_an_undo_brings_back_what_refers_to_one_another(shop: Undoing) -> None:
    """A plan of which the feature went, too, is published again with the new one."""
    catalog = SHOP.partition("customers:")[0]
    first = shop.sync(catalog)
    shop.undo(first, *EVERYTHING)
    second = shop.journals()[-1]

    again, nothing = (shop.undo(second, *EVERYTHING) for _ in range(2))

    assert (again.code, nothing.code, nothing.out.splitlines()[0]) == (0, 0, "No changes.")
    assert "publishing a new version of plan prepaid@2" in again.out
    assert shop.diff(catalog)["summary"]["total"] == 0


def test_a_subscription_to_which_somebody_attached_something_goes_on(shop: Undoing) -> None:
    """What the run attached itself ends with it."""
    addons = "{plan: team, change: immediate, addons: [{addon: seats, quantity: 3}]}"
    beta = f"  - {{key: beta, name: Beta, usage_attribution: {{subject_keys: [b-1]}}, subscription: {addons}}}\n"
    first = shop.sync(TEAM)
    own = shop.sync(TEAM.replace("{plan: team}", addons) + beta)

    stays = shop.undo(first, *EVERYTHING)

    assert "subscription acme/default: 1 of its addons were attached since, and would end with it" in stays.err
    assert "cancelling" not in stays.out
    assert "cancelling subscription beta/default at once" in shop.undo(own, *EVERYTHING, "--dry-run").out


OTHERS = """\
_info: {owner: OWNER}
external: {features: [api_requests]}
plans:
  - key: OWNER
    name: Other
    currency: USD
    billing_cadence: P1M
    phases: [{key: default, name: Default, rate_cards: [{key: fee, name: Fee, price: {type: free}}]}]
customers:
  - {key: OWNER, name: Other, usage_attribution: {subject_keys: [OWNER]}, subscription: {plan: OWNER}}
"""


def test_a_restore_of_several_owners_is_undone_owner_by_owner(shop: Undoing, shell: Shell, folder: Path) -> None:
    shop.sync(WITHOUT_MORE)
    shop.sync(OTHERS.replace("OWNER", "search"))
    shell.run("dump", "--server", "local:", "--snapshot", "shop.snapshot")
    assert shell.run("restore", "shop.snapshot", "--server", "local:new.db", "--yes").code == 0
    restored = Undoing(shell, folder, "local:new.db")
    (folder / "plan.json").unlink(missing_ok=True)
    journal = restored.journals()[-1]

    whole, strange = restored.undo(journal, "--yes"), restored.undo(journal, "--owner", "sales", "--yes")
    parts = [restored.lines(journal, "--owner", owner, "--allow", "cancel") for owner in ("payments", "search")]
    ends = [restored.undo(journal, "--owner", owner, *EVERYTHING).code for owner in ("payments", "search", "search")]

    assert (whole.code, strange.code, ends) == (1, 1, [0, 0, 0])
    assert "its run was for the owners 'payments', 'search', and an undo is for one owner" in whole.err
    assert "Take it back for each of them: `--owner payments` …" in whole.err
    assert parts == [
        [
            "deleting meter api_requests",
            "archiving feature api_requests",
            "archiving plan prepaid@1",
            "deleting customer acme",
        ],
        ["cancelling subscription search/default", "archiving plan search@1"],
    ]
    assert restored.lines(journal, "--owner", "search") == []


SUPPORT = """\
addons:
  - key: support
    name: Support
    currency: USD
    instance_type: single
    rate_cards: [{key: help, name: Help, price: {type: free}}]
"""
TWO = TEAM.replace("addons:\n", SUPPORT, 1).replace(
    "[{addon: seats", "[{addon: support, from_plan_phase: default}, {addon: seats"
)


def seats(quantity: int) -> str:
    """A subscription with seats in a quantity; 0: without any."""
    member = f"{{addon: seats, quantity: {quantity}}}, " if quantity else ""
    return TWO.replace("{plan: team}", f"{{plan: team, change: immediate, addons: [{member}{{addon: support}}]}}")


@pytest.mark.parametrize(("before", "after", "verb"), [(2, 3, "updating"), (2, 0, "attaching")])
def test_addons_are_taken_back_with_all_others_left(shop: Undoing, before: int, after: int, verb: str) -> None:
    """The second undo writes nothing; what other runs attached stays, and a later quantity isn't undone."""
    shop.sync(seats(before))
    second = shop.sync(seats(after))

    lines = shop.lines(second)
    undone, again = shop.undo(second, "--yes"), shop.undo(second, "--yes")
    third = shop.sync(seats(after))
    shop.sync(seats(7))
    refused = shop.undo(third, "--yes")

    assert lines == [f"{verb} subscription acme/default"]
    assert (undone.code, again.code, again.out.splitlines()[0], undone.err) == (0, 0, "No changes.", "")
    assert f"addons.seats.quantity: {after or '(none)'} → {before or '(none)'}" in undone.out
    assert (refused.code, refused.out.splitlines()[0]) == (4, "No changes.")
    assert f"its addon/seats@1 is in quantity 7, the run left {after}" in refused.err


@pytest.mark.parametrize(("change", "plan", "days"), [("at_renewal", "team", 40), ("immediate", "large", 0)])
def test_an_undo_of_addons_is_done_once(shop: Undoing, shell: Shell, change: str, plan: str, days: int) -> None:
    """A quantity that was scheduled, before and after it has taken effect; one that came with a change of plan."""
    large = TWO.partition("plans:\n")[2].partition("customers:")[0].replace("key: team", "key: large")
    text = seats(2).replace("customers:", f"{large}customers:")
    shop.sync(text)
    changed = text.replace("quantity: 2", "quantity: 3").replace("change: immediate", f"change: {change}")
    second = shop.sync(changed.replace("{plan: team", f"{{plan: {plan}"), "--allow", "dearer-plan")
    shell.clock.advance(days * 86_400)

    undone, again = (shop.undo(second, "--yes", "--allow", "dearer-plan") for _ in range(2))

    assert (undone.code, again.code, again.out.splitlines()[0], again.err) == (0, 0, "No changes.", "")
    assert "addons.seats.quantity: 3 → 2" in undone.out
    assert "support" not in undone.out


def ended_and_changed(shop: Undoing, text: str = TWO_PLANS, ends: str = "at_renewal") -> str:
    """The journal of a run that took back the end of a subscription, and changed its plan."""
    shop.sync(text)
    shop.sync(text.replace("{plan: prepaid", f"{{ends: {ends}, plan: prepaid"), "--allow", "cancel")
    return shop.sync(text.replace("{plan: prepaid", "{change: immediate, plan: large"), "--allow", "revert")


@pytest.mark.parametrize(
    "server",
    [
        "local:",
        pytest.param("local:?generation=later", marks=pytest.mark.generation("openmeter@later")),
        pytest.param("local:?dialect=konnect", marks=pytest.mark.generation("konnect@1.1")),
    ],
)
def test_an_end_that_went_with_a_change_of_plan_is_set_again(shell: Shell, folder: Path, server: str) -> None:
    """Both are taken back at once: the plan, and the end for the moment for which it was set."""
    shop = Undoing(shell, folder, server)
    third = ended_and_changed(shop)
    hidden = "konnect" in server

    stopped = shop.undo(third, "--yes")
    undone, again = (shop.undo(third, "--yes", "--allow", "cancel") for _ in range(2))

    assert (stopped.code, "stopped[cancel]" in stopped.out + stopped.err) == (4, True)
    assert (undone.code, again.code, again.out.splitlines()[0]) == (0, 0, "No changes.")
    assert undone.err.count("and its end isn't") == again.err.count("and its end isn't") == 0
    assert "plan: large@1 → prepaid@1" in undone.out
    assert f"ends: (none) → {'at_renewal' if hidden else '2026-10-01T00:00:01Z'}" in undone.out


def test_an_end_that_can_not_be_set_again_is_named(shell: Shell, folder: Path) -> None:
    """The phase at whose end it was to end begins again with the change."""
    shop = Undoing(shell, folder)
    trial = "{key: trial, name: T, duration: P10D, rate_cards: [{use: api_standard}]}"
    text = TWO_PLANS.replace("{key: default, name: Default", f"{trial}\n      - {{key: default, name: Default", 1)
    third = ended_and_changed(shop, text, "2026-09-11T00:00:01Z")

    undone, again = (shop.undo(third, "--yes") for _ in range(2))

    assert (undone.code, again.code, again.out.splitlines()[0]) == (0, 0, "No changes.")
    assert "plan: large@1 → prepaid@1" in undone.out
    for ran in (undone, again):
        assert "its plan is taken back, and its end isn't (it can't end at 2026-09-11T00:00:01Z" in ran.err
        assert "declare `ends: 2026-09-11T00:00:01Z` after this undo" in ran.err


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ('"changing": []', '"changing": [true]', "planned.changing is no list of names"),
        ('"rate_cards": [{', '"rate_cards": ["x", {', "planned.after.view.phases.0.rate_cards.0 is no map"),
        ('"facts": {}', '"facts": {"$number": "1"}', "planned.before.facts is no map"),
        ('"plan": {"$symbol": "plan/prepaid@1"}', '"plan": null', "planned.after.view.plan is no reference"),
        ('"verb": "publishing"', '"x": 1', "not a step: "),
        ('"owner": "payments"', '"owner": 7', "owner is no text"),
    ],
)
def test_an_edited_and_sealed_line_is_named(shop: Undoing, folder: Path, was: str, becomes: str, said: str) -> None:
    lines = [line.rpartition('"planned"') for line in Path(shop.sync(SHOP)).read_text().splitlines()]
    number, (head, name, planned) = next((n, parts) for n, parts in enumerate(lines, 1) if was in parts[2])
    lines[number - 1] = head, name, planned.replace(was, becomes, 1)
    (folder / "edited.jsonl").write_text(resealed(map("".join, lines)))

    ran = shop.undo("edited.jsonl", "--dry-run")

    assert (ran.code, f"edited.jsonl: line {number}: {said}" in ran.err) == (1, True), ran.err


RULES = "policy: {protected: {customers: [acme]}, forbid: [cancel, revert], max_deletes: 0}\n"


@pytest.mark.parametrize("by_plan_file", [False, True])
def test_an_undo_keeps_the_policy_of_its_run(shop: Undoing, shell: Shell, folder: Path, *, by_plan_file: bool) -> None:
    """It stands in the journal; the policy of files that are named, of the same owner, holds, too, and loosens none."""
    ruled = SHOP.replace("_info:\n", f"_info:\n  {RULES}")
    if by_plan_file:
        (folder / "shop.yaml").write_text(ruled)
        shell.run("diff", "shop.yaml", "--server", "local:", "--out", "plan=plan.json")
        shell.run("sync", "--plan-file", "plan.json", "--server", "local:", "--yes")
        first = shop.journals()[-1]
    else:
        first = shop.sync(ruled)
    strict = SHOP.replace(
        "_info:\n", "_info:\n  policy: {max_deletes: 0, protected: {plans: [prepaid]}, forbid: [void]}\n"
    )
    for name, text in (("loose", SHOP), ("others", SHOP.replace("payments", "others")), ("strict", strict)):
        (folder / f"{name}.yaml").write_text(text)

    stopped = shop.undo(first, *EVERYTHING)
    others = shop.undo(first, "others.yaml", *EVERYTHING)
    loose = shop.undo(first, "loose.yaml", *EVERYTHING)
    both = shop.undo(first, "strict.yaml", *EVERYTHING)

    assert [line.split("]")[0] for line in stopped.out.splitlines() if line.startswith("stopped[")] == [
        "stopped[cancel",
        "stopped[delete-policy",
        "stopped[protected",
        "stopped[protected",
    ]
    assert f"the policy at {first}:1:1 protects customer/acme" in stopped.out
    assert "`--allow cancel` changes nothing" in stopped.err
    assert (stopped.code, others.code, loose.out, len(shop.journals())) == (4, 1, stopped.out, 1)
    assert "exceeds the 0 that the policy at strict.yaml:2:" in both.out
    assert f"the policy at {first}:1:1 protects customer/acme" in both.out
    assert "the policy at strict.yaml:2:28 protects plan/prepaid, and the run would delete plan/prepaid" in both.out
    assert "`--allow void` changes nothing" in both.err


@pytest.mark.generation("openmeter@later")
def test_a_scheduled_change_is_taken_back_under_a_policy(shell: Shell, folder: Path) -> None:
    """A policy that forbids reverts means those of others' changes."""
    shop = Undoing(shell, folder, "local:?generation=later")
    ruled = TWO_PLANS.replace("_info:\n", f"_info:\n  {RULES}")
    shop.sync(ruled)
    changed = shop.sync(ruled.replace("{plan: prepaid}", "{plan: large, change: at_renewal}"))

    assert shop.lines(changed) == ["withdrawing subscription acme/default"]
    assert '"policy"' in Path(shop.journals()[-1]).read_text()


def test_nobodys_later_change_is_undone(shop: Undoing) -> None:
    shop.sync(SHOP)
    second = shop.sync(EDITED)
    shop.sync(EDITED.replace("Requests, event", "Calls, event"))

    undone = shop.undo(second, "--yes")

    assert undone.code == 4
    assert "error[changed-since]" in undone.err
    assert "meter api_requests: name is Calls, the run left Requests" in undone.err
    assert undone.out.startswith("publishing a new version of plan prepaid@3\n")


def test_a_run_that_broke_off_is_undone_as_far_as_its_journal_goes(shop: Undoing, folder: Path) -> None:
    """A subscription that another run began isn't ended with its customer, which stays."""
    first = shop.sync(SHOP.replace("    subscription: {plan: prepaid}\n", ""))
    text = Path(first).read_text()
    shop.sync(SHOP)
    cut = folder / "cut.jsonl"
    cut.write_text(resealed(line for line in text.splitlines() if '"result"' not in line) + '{"at": "2026')

    undone = shop.undo(str(cut), *EVERYTHING)

    assert undone.code == 4
    assert "the journal ends within a line: what the run did after that, if anything, isn't taken back" in undone.err
    assert "customer acme: subscription/acme/default belongs to it, which this run didn't begin" in undone.err
    assert "cancelling" not in undone.out
    assert "voiding grant acme/welcome" in undone.out


@pytest.mark.generation("openmeter@later")
def test_a_migration_is_undone_once_the_former_content_is_on_sale_again(shell: Shell, folder: Path) -> None:
    """Until then, the archived version is no way back, and the undo says what is one."""
    shop = Undoing(shell, folder, "local:?generation=later")
    shop.sync(SHOP)
    published = shop.sync(EDITED)
    flags = ("--from", "1", "--to", "latest", "--timing", "immediate", "--allow", "dearer-plan")
    ran = shell.run("migrate", "shop.yaml", "--server", "local:?generation=later", "--plan", "prepaid", *flags, "--yes")
    moved = shop.journals()[-1]
    stays = shop.undo(moved, "--yes")
    shop.undo(published, "--yes")

    assert (ran.code, stays.code, stays.out.splitlines()[0]) == (0, 0, "No changes.")
    assert "subscription acme/default: it was on plan/prepaid@1, which is archived" in stays.err
    assert "undo the run that published plan/prepaid@2" in stays.err
    assert shop.lines(moved) == ["migrating subscription acme/default"]
    assert "plan: prepaid@2 → prepaid@3" in shop.undo(moved, "--yes").out


@pytest.mark.generation("openmeter@later")
def test_a_scheduled_change_and_an_end_are_taken_back(shell: Shell, folder: Path) -> None:
    shop = Undoing(shell, folder, "local:?generation=later")
    shop.sync(TWO_PLANS)
    moved = TWO_PLANS.replace("{plan: prepaid}", "{plan: large, change: at_renewal}")
    changed = shop.sync(moved)
    unscheduled = shop.lines(changed)
    shop.undo(changed, "--yes")
    after_change = shop.diff(TWO_PLANS)["summary"]["total"]
    ended = shop.sync(TWO_PLANS.replace("{plan: prepaid}", "{plan: prepaid, ends: at_renewal}"), "--allow", "cancel")
    resumed = shop.lines(ended)
    shop.undo(ended, "--yes")

    assert (unscheduled, after_change) == (["withdrawing subscription acme/default"], 0)
    assert resumed == ["resuming subscription acme/default"]
    assert shop.diff(TWO_PLANS)["told"] == []


@pytest.mark.generation("openmeter@later")
@pytest.mark.parametrize(
    ("scheduled", "line", "passed"),
    [
        ("{plan: large, change: at_renewal}", "changing subscription acme/default", "it was to change at 2026-10-01"),
        ("{plan: prepaid, ends: at_renewal}", "cancelling subscription acme/default", "it was to end at 2026-10-01"),
    ],
)
def test_what_a_run_withdrew_is_scheduled_again(
    shell: Shell, folder: Path, scheduled: str, line: str, passed: str
) -> None:
    """For the same moment, and never at once: once that has passed, it is named."""
    shop = Undoing(shell, folder, "local:?generation=later")
    shop.sync(TWO_PLANS)
    shop.sync(TWO_PLANS.replace("{plan: prepaid}", scheduled), "--allow", "cancel")
    withdrawn = shop.sync(
        TWO_PLANS.replace("{plan: prepaid}", "{plan: prepaid, change: at_renewal}"), "--allow", "revert"
    )

    lines = shop.lines(withdrawn)
    undone = shop.undo(withdrawn, "--yes", "--allow", "cancel")
    written = shop.journals()
    shop.undo(withdrawn, "--yes", "--allow", "cancel")
    again = shop.journals()
    shell.clock.advance(40 * 86_400)
    late = shop.undo(withdrawn, "--yes", "--allow", "cancel")

    assert (lines, undone.code, again) == ([line], 0, written)
    assert "at renewal" in undone.out or "ends: (none) → 2026-10-01T00:00:01Z" in undone.out
    assert f"subscription acme/default: {passed}" in late.err or "has ended" in late.err


@pytest.mark.generation("openmeter@later")
def test_a_new_customer_goes_and_nobody_elses_subscription_ends(shell: Shell, folder: Path) -> None:
    """The customer of a subscription that is taken back isn't in the journal, and isn't taken for abandoned."""
    shop = Undoing(shell, folder, "local:?generation=later")
    shop.sync(TWO_PLANS)
    beta = "customers:\n  - {key: beta, name: Beta, usage_attribution: {subject_keys: [b]}}"
    moved = TWO_PLANS.replace("{plan: prepaid}", "{plan: large, change: at_renewal}")
    second = shop.sync(moved.replace("customers:", beta))

    lines = [shop.lines(second), shop.undo(second, "--yes").code, shop.lines(second)]

    assert lines == [["withdrawing subscription acme/default", "deleting customer beta"], 0, []]


def test_a_cancellation_after_a_change_is_nobodys_to_undo(shop: Undoing) -> None:
    """A change back at once would take the cancellation back."""
    shop.sync(seats(2))
    second = shop.sync(seats(3))
    shop.sync(seats(3).replace("change: immediate", "change: immediate, ends: at_renewal"), "--allow", "cancel")

    undone = shop.undo(second, "--yes")

    assert (undone.code, undone.out.splitlines()[0]) == (4, "No changes.")
    assert "subscription acme/default: it ends at 2026-10-01T00:00:01Z, the run left it without an end" in undone.err


@pytest.mark.parametrize(
    ("later", "said"),
    [
        (["ends: immediate", "restart: true"], "it has ended, or was changed, and another one has begun under its key"),
        (["ends: at_renewal"], "it ends at 2026-10-01T00:00:01Z, the run left it without an end"),
    ],
)
def test_a_subscription_that_somebody_ended_since_is_left_alone(shop: Undoing, later: list[str], said: str) -> None:
    first = shop.sync(SHOP)
    for change in later:
        shop.sync(SHOP.replace("{plan: prepaid}", f"{{plan: prepaid, {change}}}"), "--allow", "cancel")

    undone = shop.undo(first, *EVERYTHING, "--dry-run")

    assert f"subscription acme/default: {said}" in undone.err
    assert (undone.code, "cancelling" in undone.out) == (4, False)


def test_credit_that_was_paid_since_is_left_alone(shop: Undoing) -> None:
    """Before that, the guard says that nothing is paid back."""
    paid = SHOP.replace("funding_method: none", "funding_method: external, purchase: {}")
    first = shop.sync(paid)
    stopped = shop.undo(first, "--yes")
    shop.sync(paid.replace("purchase: {}", "purchase: {}, settlement: settled"))

    undone = shop.undo(first, *EVERYTHING)

    assert "What was invoiced or paid for it stays so: nothing is paid back" in stopped.out
    assert "grant acme/welcome: its settlement is settled, the run left pending" in undone.err
    assert (undone.code, "voiding" in undone.out) == (4, False)


def test_used_credit_is_never_voided(shop: Undoing, shell: Shell) -> None:
    first = shop.sync(SHOP)
    use(shell, "september", 100)

    undone = shop.undo(first, *EVERYTHING)

    assert "voiding" not in undone.out
    assert "grant acme/welcome: credit of its customer was used since (0.2)" in undone.err


def test_what_has_ended_at_once_or_was_settled_stays(shop: Undoing) -> None:
    paid = SHOP.replace("funding_method: none", "funding_method: external, purchase: {}")
    shop.sync(paid)
    gone = paid.replace("{plan: prepaid}", "{plan: prepaid, ends: immediate}")
    last = shop.sync(gone.replace("purchase: {}", "purchase: {}, settlement: settled"), "--allow", "cancel")

    undone = shop.undo(last, "--yes")

    assert (undone.code, undone.out.splitlines()[0]) == (0, "No changes.")
    assert "subscription acme/default: it has ended, and an ended subscription doesn't go on" in undone.err
    assert "grant acme/welcome: settling can't be taken back" in undone.err


def test_a_journal_of_something_else_is_refused(shop: Undoing, folder: Path) -> None:
    lines = Path(shop.sync(SHOP)).read_text().splitlines()
    texts = {
        "old": resealed(line.replace('"replaced"', '"x"') for line in lines if '"planned"' not in line),
        "later": resealed(line.replace("meter/api", "gauge/api") for line in lines),
        "several": resealed(line.replace('"owner": "payments", "mode"', '"owner": null, "mode"') for line in lines),
        "deep": "[" * 100_000 + "\n",
    }
    for name, text in texts.items():
        (folder / name).write_text(text)

    assert [shop.undo(name, "--yes").code for name in (*texts, "shop.yaml", "none")] == [1] * 6


@pytest.mark.parametrize(
    ("said", "edit"),
    [
        ("line 2 isn't", lambda lines: [lines[0], lines[1].replace('"steps"', '"Steps"'), *lines[2:]]),
        ("line 3 isn't", lambda lines: [*lines[:2], *lines[3:]]),
        ("", lambda lines: lines[:-2]),
    ],
)
def test_an_edited_journal_is_refused_and_a_shorter_one_is_not(
    shop: Undoing, folder: Path, said: str, edit: Callable[[list[str]], list[str]]
) -> None:
    """A run that was killed left the beginning of one."""
    lines = edit(Path(shop.sync(SHOP)).read_text().splitlines())
    (folder / "edited.jsonl").write_text("".join(f"{line}\n" for line in lines))

    ran = shop.undo("edited.jsonl", "--dry-run")

    assert (ran.code, "error[bad-journal]" in ran.err) == ((1, True) if said else (4, False))
    assert said in ran.err


def test_a_server_has_one_name_wherever_a_command_runs(
    shop: Undoing, shell: Shell, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A journal and a plan file are refused in another folder, and hold no path of this machine."""
    first = shop.sync(SHOP)
    shell.run("diff", "shop.yaml", "--server", "local:", "--out", "plan=plan.json")
    texts = (Path(first).read_text(), (folder / "plan.json").read_text())
    elsewhere, link = tmp_path / "elsewhere", tmp_path / "link"
    elsewhere.mkdir()
    link.symlink_to(folder)

    monkeypatch.chdir(elsewhere)
    refused = shop.undo(first, "--dry-run")
    stale = shell.run("sync", "--plan-file", f"{folder}/plan.json", "--server", "local:", "--yes")
    through = shell.run("undo", first, "--server", f"local:{link}/.billsync/local.db", "--dry-run")

    both = "It is for local:.billsync/local.db of another folder, and this is local:.billsync/local.db."
    assert not [text for text in texts if str(tmp_path) in text]
    assert [(ran.code, both in ran.err) for ran in (refused, stale)] == [(1, True)] * 2
    assert "voiding grant acme/welcome" in through.out


def test_what_a_journal_withholds_is_named_and_never_guessed(shop: Undoing, shell: Shell) -> None:
    """Values from outside of the files, and e-mail addresses as keys."""
    masked = SHOP.replace("name: API requests, event", "name: !env NAME, event")
    shell.environment = {"NAME": "Secret name"}
    shop.sync(masked.replace("acme", "a@b.example"))
    shell.environment = {"NAME": "Other secret"}
    second = shop.sync(masked.replace("acme", "a@b.example").replace("Acme Inc.", "Acme Ltd."))

    undone = shop.undo(second, "--yes")

    assert (undone.code, undone.out.splitlines()[0]) == (0, "No changes.")
    assert "meter api_requests: what it was can't be named" in undone.err
    assert "its key has" in undone.err
    assert "ecret" not in Path(second).read_text()


IN_ADVANCE = """\
_info: {owner: payments, defaults: {rate_card: {billing_cadence: P1M, payment_term: in_advance}}}
addons:
  - key: seats
    name: Seats
    currency: USD
    instance_type: multiple
    rate_cards: [{key: seats, name: Seats, price: {type: flat, amount: "5"}}]
plans:
  - key: team
    name: Team
    currency: USD
    billing_cadence: P1M
    MORE
    addons: [{addon: seats, from_plan_phase: default}]
    phases:
      - {key: default, name: Default, rate_cards: [{key: fee, name: Fee, price: {type: flat, amount: "30"}}]}
customers:
  - {key: acme, name: Acme, usage_attribution: {subject_keys: [a-1]}, subscription: {plan: team, FIELDS}}
"""
STAYS = "30 USD billed in advance stays billed"
BACK = "only the unused part of 30 USD billed in advance comes back"


@pytest.mark.parametrize(
    ("plan", "fields", "said"),
    [
        ("settlement_mode: credit_only", "version: latest", f"yes, but {BACK}"),
        ("", "addons: [{addon: seats, quantity: 3}]", f"yes, but {STAYS.replace('30', '45')}"),
        ("", "start: 2026-09-02T00:00:00Z", "until 2026-09-02T00:00:00Z"),
    ],
)
def test_a_beginning_says_which_fees_stay_billed(shop: Undoing, plan: str, fields: str, said: str) -> None:
    """Before the run, and what becomes of them when it is taken back."""
    text = IN_ADVANCE.replace("MORE", plan.strip("{}").replace(", ", "\n    ")).replace("FIELDS", fields)
    (shown,) = (one for one in shop.diff(text)["changes"]["creating"] if one["kind"] == "subscription")

    undone = shop.undo(shop.sync(text), *EVERYTHING) if "45" in said else None

    assert shown["reversible"] == said
    assert undone is None or "subscription acme/default: nothing comes back of the 45 USD billed until" in undone.err


@pytest.mark.generation("openmeter@later")
def test_json_says_whether_a_change_can_be_taken_back(shell: Shell, folder: Path) -> None:
    shop = Undoing(shell, folder, "local:?generation=later")
    new = {one["kind"]: one["reversible"] for one in shop.diff(TWO_PLANS)["changes"]["creating"]}
    shop.sync(TWO_PLANS)
    edited = TWO_PLANS.replace("0.002", "0.003").replace("name: API requests, event", "name: Requests, event")
    moved = shop.diff(edited.replace("{plan: prepaid}", "{plan: large, change: at_renewal}"))

    found = {one["kind"]: one["reversible"] for one in moved["changes"]["updating"]}
    assert (new["meter"], new["grant"]) == ("yes", "until used")
    assert found == {"meter": "yes", "plan": "by a new version", "subscription": "until at_renewal"}
