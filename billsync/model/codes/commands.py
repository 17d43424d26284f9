"""Codes of the command line, the embedded server, and the end of a run."""

from __future__ import annotations

from billsync.model.codes.code import AS_ERROR, Chapter, Code

USAGE = Chapter(
    "Command line",
    "Options and arguments. Nothing was written. The exit code is 64, unless the text says otherwise.",
    AS_ERROR,
    (
        Code(
            "usage",
            "the command line is not valid",
            "An option or argument is unknown, missing, or has a value that it doesn't take. The detail names it; "
            "`billsync COMMAND --help` lists all of them.",
            "No such option: --alow",
        ),
        Code(
            "no-consent",
            "not a terminal: pass --yes",
            "`apply`, `sync`, `migrate`, `undo` and `adopt` ask before they write. Without a terminal there is no "
            "answer. In a pipeline, review the `diff` first and pass `--yes`.",
            "There is no terminal to confirm the changes.",
        ),
        Code(
            "declined",
            "nothing was done",
            "The question whether to make the changes was not answered with `yes`, typed in full. The exit code is 1.",
            "The answer was not yes.",
        ),
        Code(
            "unknown-topic",
            "there is no such topic",
            "`explain` knows kinds, parts of them, fields and codes; `billsync explain` alone lists the topics. "
            "Correct the name, or write `KIND.FIELD`.",
            '"plon"',
        ),
        Code(
            "unknown-kind",
            "there is no such kind",
            "`schema` takes the name of a kind or of its collection. Use one that the hint names.",
            '"plon"',
        ),
        Code(
            "no-customer",
            "there is no such customer",
            "No live customer on the server has this key (exit code 1), or the text can't be a key at all: it is "
            "empty or not UTF-8 (exit code 64). Check the key and the server.",
            "http://127.0.0.1:8888/api/v3 has none with the key 'acne'.",
        ),
        Code(
            "no-plan",
            "there is no such plan",
            "No live plan on the server has the key that `--plan` or `--to` of `migrate` names. Check the key and the "
            "server. The exit code is 1.",
            "http://127.0.0.1:8888/api/v3 has none with the key 'prp'.",
        ),
        Code(
            "not-active",
            "no subscription can be moved to this version",
            "The server moves subscriptions to an active version only, and the one that `migrate --to` names is a "
            "draft, archived, or not there. Publish it first, or name the active one. The exit code is 1.",
            "'2' of plan pro is not an active version: only pro@3 is.",
        ),
        Code(
            "nothing-matches",
            "no subscription matches",
            "`migrate` found no subscription of the files' owner on this plan, at this version, that its selectors "
            "choose, and none that an earlier run has moved. Those of other owners, and those that billsync didn't "
            "make, don't count. The exit code is 1: a label or a key that no customer has is most likely a mistake.",
            "No live subscription of this owner on plan pro is selected (not selected: 12).",
        ),
        Code(
            "nobody-chosen",
            "nobody is chosen",
            "`migrate --select started…` leaves out every subscription that could move. This is a warning on stderr, "
            "and the exit code is 0, as of every run that has nothing to do: a job that moves those who started before "
            "a date ends like that when it has moved them all.",
            "`--select` leaves out all 12 subscriptions on plan pro that could move: nobody moves.",
        ),
        Code(
            "nothing-selected",
            "the selection matches nothing",
            "A `--select` matches nothing in the files, and nothing of yours on the server that is no longer declared. "
            "Correct it: `KIND/KEY`, such as `plan/pro`, and `KIND/CUSTOMER/KEY` for what belongs to a customer, such "
            "as `grant/acme/welcome`. Globs are allowed. For `migrate`, `_info.select` leaves subscriptions out "
            "(exit code 1).",
            "plan/prp",
        ),
        Code(
            "no-dimension",
            "no meter has this dimension",
            "`usage --by` groups by a dimension of meters, and none of this customer's features is metered by this "
            "one. Use a dimension that the hint names.",
            "'regoin'",
        ),
        Code(
            "no-git",
            "git can't be run",
            "`--since` asks git for the files as they were, and finds no `git` on `PATH`. Install it (in an image of "
            "your own: `apt-get install git` or `apk add git`; the one that the `Dockerfile` of billsync makes has "
            "it), or leave `--since` out: then everything is compared.",
            "git: No such file or directory",
        ),
        Code(
            "no-repository",
            "the files are not in one git repository",
            "`--since` compares the files with those of a commit, so all of them, overlays included, have to be in one "
            "repository with a work tree. The message says what git says.",
            "billing.yaml: not a git repository (or any of the parent directories): .git",
        ),
        Code(
            "unknown-ref",
            "the repository has no such commit",
            "The commit that `--since` names, or `HEAD`, isn't there. A pipeline often clones one commit only: fetch "
            "the branch that the pull request goes to, or clone with the whole history.",
            "'main'",
        ),
        Code(
            "no-merge-base",
            "the commits have no common history here",
            "`--since` compares with the last commit that both the named and the present one have behind them, and "
            "there is none. In a shallow clone it may be missing: `git fetch --unshallow`.",
            "origin/main and HEAD",
        ),
        Code(
            "since-stdin",
            "files from stdin have no history",
            "`--since` compares files with those of a commit, and what comes from stdin (`-`) is in none. Name the "
            "files.",
            "`-` is among the files",
        ),
        Code(
            "no-time",
            "the period is not valid",
            "`--from` or `--to` is not a date or time, or the first is not before the second. Write `2026-09-01` or "
            "`2026-09-01T12:00:00Z`.",
            "--from is not a date or time: 'yesterday'",
        ),
        Code(
            "many-requests",
            "the impact would need too many requests",
            "Usage is asked for by billing period and by feature. Where the periods of many subscriptions differ, "
            "that is more requests than an impact makes by itself. Pass `--impact-sample 200` to look at two "
            "hundred subscriptions.",
            "It would need 12000.",
        ),
        Code(
            "file-exists",
            "the file exists already",
            "The file named with `-o` is there. Pass `--yes` to overwrite it, or name another one.",
            "dump.yaml",
        ),
        Code(
            "folder-in-use",
            "the folder holds files that the dump would take the place of, or be mixed with",
            "`dump --split` replaces and removes the files of its last dump into the folder, and no others: not those "
            "that were changed since, and none that it didn't write. `--yes` leaves the others there and overwrites "
            "files with the names of the dump's own. Nothing was written.",
            "live: notes.yaml",
        ),
        Code(
            "sanitize-key",
            "the key of the pseudonyms can't be used",
            "`--sanitize-key-file` names a file with a secret of at least 16 bytes: whoever has it can find out which "
            "name stands for which. The exit code is 1.",
            "pseudonyms.key: 4 bytes",
        ),
        Code(
            "no-folder",
            "the output is not a folder without links",
            "`dump --split` writes into a folder that it makes, or that is there. It doesn't follow links, so that "
            "no file is written anywhere else. The exit code is 1.",
            "live is a link",
        ),
        Code(
            "no-file",
            "the output is not a regular file",
            "`-o` and `--out` replace a whole file or nothing, which can't be done with a pipe or a device. Write to "
            "stdout (`--out FORMAT=-`) and redirect it. The exit code is 1.",
            "/dev/null",
        ),
    ),
)

LOCAL = Chapter(
    "The embedded server",
    "`--server local:` and `billsync serve`. The exit code is 1.",
    AS_ERROR,
    (
        Code(
            "bad-database",
            "the embedded server's database can't be used",
            "SQLite can't open, read or write the file, for lack of permission or space, or since it is damaged. "
            "Check the path and the disk; a copy may still be dumped.",
            ".billsync/local.db: unable to open database file",
        ),
        Code(
            "other-database",
            "the embedded server can't read this database",
            "The file was made by another version of billsync. Name another file, or remove this one to begin "
            "again; the version that made it can still dump it.",
            ".billsync/local.db: it has format 7, and this version reads 9.",
        ),
        Code(
            "no-port",
            "the port can't be opened",
            "Another program uses the port, or the system doesn't allow it. Choose another one with `--port`.",
            "127.0.0.1:8888: Address already in use",
        ),
    ),
)

ENDS = Chapter(
    "End of a run",
    "Events that stopped a command, from outside or within. The exit code is 1, or 3 once something may have been "
    "written.",
    AS_ERROR,
    (
        Code(
            "partly",
            "something may have been written",
            "The run was broken off after its first write. What was done is printed, and the journal holds each "
            "call. Run it again: billsync looks at what is there, and goes on without granting or subscribing twice.",
            "Run it again.",
        ),
        Code(
            "interrupted",
            "the command was interrupted",
            "A signal (Ctrl-C, a cancelled job, a closed terminal) stopped it. Run it again.",
            "SIGTERM",
        ),
        Code(
            "no-journal",
            "the journal can't be written",
            "Each run that writes keeps a journal of its calls, and makes no call that it can't record. Free the "
            "disk or give write access; `BILLSYNC_STATE_DIR` names another directory.",
            ".billsync/journal: No space left on device",
        ),
        Code(
            "unwritable",
            "the file can't be written",
            "The operating system refused to write the file named with `-o` or `--out`. The old file is as it was.",
            "dump.yaml: Permission denied",
        ),
        Code(
            "result-lost",
            "the result can't be written to stdout",
            "The disk is full, or the reader of a pipe is gone. After a write, what was done is printed on stderr.",
            "No space left on device",
        ),
        Code(
            "system",
            "the operating system refused",
            "A call to the operating system failed that has no code of its own. The detail is the system's message.",
            "[Errno 24] Too many open files",
        ),
        Code(
            "internal",
            "billsync itself failed",
            "This is a bug, or an answer that nothing foresaw. Run `billsync --debug …` to see where it came from, "
            "and report it.",
            "KeyError: 'id'",
        ),
    ),
)
