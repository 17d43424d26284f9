"""Codes of profiles: named connections in `.billsync.yaml`."""

from __future__ import annotations

from billsync.model.codes.code import AS_ERROR, Chapter, Code

PROFILES = Chapter(
    "Profiles",
    "`.billsync.yaml`, and the profile that `--profile` chooses. The exit code is 1.",
    AS_ERROR,
    (
        Code(
            "no-profiles",
            "the profiles can't be read",
            "`--profile` takes its profile from `.billsync.yaml` in the working directory, which isn't there, is no "
            "regular file, or is too long. Run billsync where it stands, or leave `--profile` out.",
            ".billsync.yaml: No such file or directory",
        ),
        Code(
            "unknown-profile",
            "there is no such profile",
            "`.billsync.yaml` has no profile of this name. Correct the name.",
            '"prodd" is not among the profiles',
        ),
        Code(
            "profiles-twice",
            "the profiles stand in more than one document",
            "`.billsync.yaml` is one document with one map `profiles`. Join them.",
            "the file holds more than one document",
        ),
        Code(
            "token-in-profile",
            "a secret stands in a profile",
            "Profiles are committed with the files, so a token never stands in them. Name the file that holds it "
            "(`token_file`), or set `BILLSYNC_TOKEN`; and replace the token if it was committed.",
            "`token` would put a secret into a file that is committed",
        ),
        Code(
            "bad-header",
            "the header can't be added",
            "A profile's `headers` are sent with each request. The name consists of letters, digits and hyphens, and "
            "isn't that of a header which billsync sets itself; the value is printable ASCII in one line. The value "
            "is not shown.",
            "billsync itself sets Host",
        ),
        Code(
            "other-profile",
            "the files belong to another owner than the profile",
            "The profile names an `owner`, and the files' `_info` names another one. Nothing was read from the server. "
            "Use the profile that these files are for.",
            "the files are payments's, and profile prod is for billing's",
        ),
    ),
)
