"""Codes of plan files that are not carried out."""

from __future__ import annotations

from billsync.model.codes.code import AS_ERROR, Chapter, Code

PLAN_FILES = Chapter(
    "Plan files",
    "`--plan-file` of `diff`, `apply` and `sync`. Nothing was written, and the exit code is 1. A plan file that is "
    "carried out, and of which a part has become stale, ends with 5.",
    AS_ERROR,
    (
        Code(
            "no-plan-file",
            "the plan file can't be read",
            "The file that `--plan-file` names can't be opened, is too long, or is not UTF-8. Check the path.",
            "plan.json: No such file or directory",
        ),
        Code(
            "bad-plan-file",
            "this is not a plan file",
            "The file isn't JSON, or isn't what `diff --out plan=FILE` writes (`billsync schema plan-file`). Make it "
            "again.",
            "not a plan file: it has no 'steps'.",
        ),
        Code(
            "plan-file-format",
            "the plan file has another format",
            "It was made by a version of billsync that writes plan files in another format. Make it again with the "
            "version that carries it out: use one version in the whole pipeline.",
            "plan file format '2.0'; this billsync knows '1.0'.",
        ),
        Code(
            "plan-file-edited",
            "the plan file was edited",
            "Its content doesn't have the digest that was written with it, so it isn't what was reviewed. Make it "
            "again. White space and the order of members may change.",
            "Its content doesn't have the digest that stands in it.",
        ),
        Code(
            "plan-file-expired",
            "the plan file has expired",
            "A plan file may be carried out for a day, or as long as `diff --expires` said. Make it again: a "
            "new diff shows what is left to do, also after a run that broke off. `diff --plan-file` still shows it, "
            "with a note.",
            "It could be carried out until 2026-09-02T12:00:00+00:00.",
        ),
        Code(
            "plan-file-target",
            "the plan file is for another server",
            "A plan file is carried out on the server for which it was made: the same address, and the same "
            "generation of its API. Name that server, or make it again.",
            "It is for https://eu.api.konghq.com/v3, and this is https://us.api.konghq.com/v3.",
        ),
        Code(
            "plan-file-mode",
            "the plan file is for another command",
            "A plan file is made for `sync` or, with `diff --mode apply`, for `apply`, which deletes nothing. Run "
            "that command, or make it again.",
            "It is for `sync`, and this is `apply`.",
        ),
        Code(
            "plan-file-snapshot",
            "the plan file is for another restore",
            "The plan file of a restore belongs to its snapshot, to its `--in-advance`, `--usage` and `--use-live`, "
            "and to what is done besides its steps (set-up, billing of customers, debts): with others, the loss report "
            "would be about something else than what is done. Name the same, or make it again. A part of the set-up "
            "that an earlier run of it has made is no reason.",
            "It was made with `--in-advance bill`, and this is `--in-advance grant`.",
        ),
        Code(
            "plan-file-secret",
            "a value from outside of the plan file is missing, or is another",
            "Values from `!env` and `!file` don't stand in a plan file. A run takes them from the environment and from "
            "files again (a path starts at the working directory), and a keyed digest shows whether they are those "
            "that were reviewed. Set them, and `BILLSYNC_PLAN_KEY`, as for the `diff`, or make the plan file again. "
            "A plan file isn't made at all where such a value also stands in the files as it is.",
            "STRIPE_ID is not set.",
        ),
        Code(
            "plan-file-owner",
            "the plan file is another owner's",
            "`--owner`, or the profile, names an owner, and the files from which the plan file was made have another "
            "one. Take the other plan file.",
            "It is of owner 'payments', and the run is for 'search'.",
        ),
    ),
)
