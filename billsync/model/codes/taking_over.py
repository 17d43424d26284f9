"""Codes of `adopt` and `undo`, which write nothing then."""

from __future__ import annotations

from billsync.model.codes.code import AS_ERROR, Chapter, Code

TAKING_OVER = Chapter(
    "Taking over",
    "`adopt` and `undo`. Nothing was written, unless the page says otherwise.",
    AS_ERROR,
    (
        Code(
            "adopt-stdin",
            "the files come from the standard input, which can't be written to",
            "`adopt` records in a file what the files take over. Save the input to a file and name that. The exit code "
            "is 64.",
            "`-` is the standard input.",
        ),
        Code(
            "adopt-into",
            "the file for `adopted` isn't clear",
            "`adopted` goes into the file that has it already, else into the one with `_info`, else into the only one. "
            "If none is the only such file, name one with `--into`; it must be among the files that were read.",
            "`_info` stands in a.yaml, b.yaml",
        ),
        Code(
            "adopt-text",
            "`adopted` can't be written into this file",
            "billsync changes a few characters and leaves the rest of a file as it is. It refuses where `adopted` is "
            "an alias or has an anchor, where an overlay takes its place, and wherever the file would "
            "declare something else afterwards. Nothing was written: add the line that the hint shows by hand.",
            "`adopted` is an alias there, or has an anchor",
        ),
        Code(
            "adopt-dump",
            "the dump can't be taken over as it is",
            "`dump --adopt` reads its own result as files and compares them with the server. A live value that no "
            "file may have stops it, or an owner that can't be a label. Dump without `--adopt`, mend the file as "
            "`validate` says, and run `adopt` on it.",
            "a value of the server is refused in a file",
        ),
        Code(
            "bad-journal",
            "this is not a journal that can be undone",
            "`undo` takes a journal of `.billsync/journal`, which every command that writes leaves. One that was "
            "edited is refused, and so are those of another server, of earlier versions, and of a policy that this "
            "version doesn't know, and files of another owner.",
            "run.jsonl: it doesn't begin with a run",
        ),
        Code(
            "changed-since",
            "it has changed since that run, and is left alone",
            "`undo` takes back only what is as the run left it. Somebody changed this entity later, and their change "
            "would be lost. Everything else is taken back, and the exit code is 4. Change the entity in your files.",
            "meter api_requests: name is Requests, the run left API requests",
        ),
        Code(
            "not-undone",
            "a part of that run can't be taken back",
            "`undo` names everything that lasts: what the server can't take back, and what a journal doesn't hold. "
            "Journals withhold customers' names, descriptions, labels and addresses, and e-mail addresses. Everything "
            "else is taken back.",
            "customer acme: the former name can't be named: the journal withholds it",
        ),
        Code(
            "file-changed",
            "the file was changed meanwhile",
            "Somebody else wrote to the file while the command ran. Nothing was written: run it again.",
            "shop/all.yaml",
        ),
    ),
)
