"""Codes of recovery snapshots that can't be used."""

from __future__ import annotations

from billsync.model.codes.code import AS_ERROR, Chapter, Code

SNAPSHOTS = Chapter(
    "Recovery snapshots",
    "Files of `dump --snapshot`. Nothing was written, and the exit code is 1.",
    AS_ERROR,
    (
        Code(
            "no-snapshot",
            "the snapshot can't be read",
            "The file can't be opened. Check the path.",
            "live.snapshot: No such file or directory",
        ),
        Code(
            "bad-snapshot",
            "this is not a recovery snapshot",
            "The file isn't what `dump --snapshot FILE` writes, or isn't one that billsync wrote.",
            "backup.yaml: it isn't packed with gzip.",
        ),
        Code(
            "snapshot-cut-short",
            "the snapshot is not whole",
            "Its end is missing or damaged: the file was cut off, by a full disk or a copy that broke off. A part of "
            "a snapshot is never restored. Take another copy of it, or an older snapshot.",
            "live.snapshot: its end is missing or damaged, so it isn't whole.",
        ),
        Code(
            "snapshot-edited",
            "the snapshot was edited",
            "Its bytes don't have the digest that was written with them, so it isn't what was read from the server. "
            "Packing it anew changes it, too. Take another copy of it, or an older snapshot.",
            "live.snapshot: its bytes don't have the digest that stands at its end.",
        ),
        Code(
            "snapshot-format",
            "the snapshot has another format",
            "It was made by a version of billsync that writes another format, or something that this version doesn't "
            "know. Read it with that version, or a newer one.",
            "live.snapshot: its format is '2.0'; this billsync knows '1.0'.",
        ),
        Code(
            "bad-losses",
            "this is not a loss report",
            "`verify --losses` takes the JSON that `restore --out json=FILE` writes, in which every row that isn't "
            "simply restored has a line, of the same snapshot.",
            "losses.json: losses.lines is missing.",
        ),
        Code(
            "unaccounted",
            "a row of the snapshot has no fate",
            "`restore` accounts for every row of the snapshot, and its counts don't add up. This is a mistake in "
            "billsync: please report it. Nothing was written.",
            "grant 01M1D47Z00FBCB54955HDWHYD0 has no fate.",
        ),
        Code(
            "nothing-to-use",
            "nothing live is to be used as it is",
            "`--use-live` names something that isn't live on the server, or isn't in the snapshot, under this key. "
            "Nothing was written. Leave the option out: what isn't live is made.",
            "customer/acme is not both live and in the snapshot.",
        ),
        Code(
            "not-set-up",
            "a custom currency or a billing profile was not made",
            "The new server refused it, or the connection broke. Plans in the currency are refused by the server, and "
            "customers of the profile get nothing that another would invoice. Without the default profile, nothing "
            "else is done. Mend what the message says, or make the profile by hand under its name, and run the "
            "restore again: nothing is made twice. The exit code is 3, and 1 where nothing was written.",
            "custom_currency/COINS: POST /openmeter/currencies/custom: custom currencies are not enabled on this "
            "deployment of OpenMeter.",
        ),
        Code(
            "debts-not-made",
            "the debts were not all made again",
            "The plan file was carried out, and making the debts of customers again, as one-off fees, broke off. Run "
            "the restore again: no debt is made twice. The exit code is 3. Where the server refuses a fee again, that "
            "debt is lost: collect it outside.",
            "POST /openmeter/customers/01M1D47Z00FBCB54955HDWHYD0/charges: the connection broke. Run it again: no debt "
            "is made twice. What the server refuses again, collect outside.",
        ),
        Code(
            "events-not-sent",
            "the usage events were not all sent",
            "The plan file was carried out, and sending the usage events of running periods broke off. Run the "
            "restore again: what the server has is not sent twice. The exit code is 3.",
            "POST /openmeter/events: the connection broke. Run it again: what the server has is not sent twice.",
        ),
        Code(
            "billing-not-set",
            "the billing profile of a customer was not set",
            "The customer had a billing profile or data of an app of its own, and the new server took neither. "
            "It is there without grants, subscriptions and debts, which the default profile would bill; all others are "
            "restored. Mend what the message says, or set its billing by hand, and run the restore again. The exit "
            "code is 3.",
            "customer acme: precondition failed error: no such customer at Stripe.",
        ),
        Code(
            "cannot-wait",
            "this server begins subscriptions only at once",
            "`--in-advance wait` begins each subscription with its next period, and this server's API has no call for "
            "a later start, as Konnect's. Nothing was written. Leave the option out: each customer then gets its fee "
            "in advance as credit.",
            "this server begins subscriptions only at once.",
        ),
        Code(
            "clock-behind",
            "the server's clock is behind the snapshot",
            "By the server's clock, the snapshot is yet to be taken: periods would be counted from another time, and "
            "fees and usage of the running ones billed again. Nothing was written. Set the clock of the server right, "
            "or, for the embedded server, that of this machine.",
            "The server's clock shows 2026-11-30T09:00:00Z, and the snapshot is of 2026-12-06T10:00:12Z.",
        ),
        Code(
            "restore-late",
            "something ended after the restore was decided",
            "A period, a phase or a subscription of the snapshot has begun or ended since the restore was shown, or "
            "its plan file made: the credits for fees in advance would be for a period that is over, and what should "
            "have ended would begin. Nothing was written. Run the restore again, or make its plan file again.",
            "something ended after the restore was decided.",
        ),
        Code(
            "drill-failed",
            "the snapshot could not be restored in the drill",
            "A step of the restore isn't done on the embedded server. A real restore would stop at it, too. The "
            "message names the first ones and why.",
            "subscription acme/default: the plan version isn't there.",
        ),
    ),
)

TAKEN = Chapter(
    "Notes of a snapshot",
    "`dump --snapshot` says what it found besides what it wrote. The file is whole, and the exit code stays 0.",
    "note[{name}]: {example}",
    (
        Code(
            "snapshot-moved",
            "something changed while the snapshot was taken",
            "Everything is read twice, and what changed in between again, up to three times: the file has it as it was "
            "read last, and names it. So it isn't of the same moment as the rest, and what `still moved` may be of no "
            "moment at all. Take another snapshot when less is going on, if it matters.",
            "customer acme changed",
        ),
        Code(
            "snapshot-credit",
            "the balance isn't what the grants have left",
            "What is left of each grant is computed from what was consumed, and their sum is compared with the balance "
            "that the server shows. Here they differ, and it isn't known to which grants the rest belongs: a restore "
            "can't bring it back, and names it in its loss report. A grant in an unknown status, or consumption that "
            "the server can't list, are such causes. The customer's ledger (`billsync ledger CUSTOMER`) may show more.",
            "the balance of customer acme is 12.4 USD more than what is left of its grants",
        ),
        Code(
            "snapshot-due",
            "the next charge of subscriptions isn't known",
            "Konnect shows neither the start nor the phases of a subscription, and a row may have prices that billsync "
            "can't rate. Such a subscription comes back, as far as its creation and its plan version tell, and "
            "`verify` counts its next charge as not compared.",
            "the next charge of 12 subscriptions isn't in it: the server doesn't show what they pay",
        ),
    ),
)
