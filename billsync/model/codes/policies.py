"""Codes of policies: rules that the files set for runs, and that no flag overrides."""

from __future__ import annotations

from billsync.model.codes.code import Chapter, Code

POLICIES = Chapter(
    "Policies",
    "A rule of `_info.policy` stops the whole run before its first write. No flag overrides it: change what the run "
    "would do, or the policy in its file, where a reviewer sees it. A guard that `forbid` names stops a run under its "
    "own code. The exit code is 4.",
    "stopped[{name}]: {example}",
    (
        Code(
            "delete-policy",
            "a policy allows fewer deletes",
            "`_info.policy` limits how many entities one run may delete (`max_deletes`), or which share of the owned "
            "ones of a kind (`max_delete_percent`). `--allow deletes=N` doesn't raise it. Often a file is missing from "
            "the command line; if the deletes are meant, make them in several runs, or change the policy.",
            "6 deletes exceed the 5 that the policy at billing.yaml:4:5 allows; `--allow deletes=6` doesn't raise it\n"
            "  meter api\n  No flag allows it: change the policy, or the files",
        ),
        Code(
            "protected",
            "a policy protects this",
            "`_info.policy.protected` names what is never deleted. The run would delete it, or delete, cancel or void "
            "something that belongs to it. Declare it again, or take it out of the policy.",
            "the policy at billing.yaml:4:5 protects customer/acme, and the run would end subscription/acme/default\n"
            "  subscription acme/default\n  No flag allows it: change the policy, or the files",
        ),
        Code(
            "notice-period",
            "customers would be moved before the notice period is over",
            "`_info.policy.notice` is the time that customers are given before `migrate` moves them. A wave holds a "
            "change that would take effect earlier. No flag overrides it: move at renewal, and leave those that renew "
            "earlier for a later run with `--not-before`.",
            "2 of wave 1% would move before the notice period of P14D is over, the first at 2026-09-11T00:00:00Z; the "
            "first date that is possible is 2026-09-25T00:00:00Z: `--timing at_renewal --not-before "
            "2026-09-25T00:00:00Z` leaves those that renew earlier for a later run\n  subscription acme/default\n"
            "  No flag allows it: change the policy, or the files",
        ),
        Code(
            "price-policy",
            "a price policy forbids this change",
            "A changed price moves what is paid, somewhere in the policy's range of usage, further than "
            "`_info.policy` allows. No flag overrides it: change the price, or the policy in the files, where a "
            "reviewer sees it.",
            "plan/pro@3, phase default: 1000 of api would cost 10 → 12 USD, 20 % more; the policy at "
            "billing.yaml:4:9 allows 10 %\n  No flag allows it: change the policy, or the files",
        ),
    ),
)
