"""Codes of connections, and of profiles: named ones in `.billsync.yaml`."""

from __future__ import annotations

from billsync.model.codes.code import AS_ERROR, Chapter, Code

CONNECTION = Chapter(
    "The server and the token",
    "The choice of the server, and its use. The exit code is 64 for wrong options, else 1.",
    AS_ERROR,
    (
        Code(
            "no-server",
            "no server is named",
            "Each command that reads or writes a server needs one. Pass `--server URL` or `--profile NAME`, or set "
            "`BILLSYNC_SERVER`; `local:` is the embedded server.",
            "Pass --server or set BILLSYNC_SERVER.",
        ),
        Code(
            "bad-server",
            "the server's address can't be used",
            "The address is not a plain base URL: it has no scheme, or it holds a password, a query or white space. "
            "It is not shown, as it may hold a secret. Correct it, and give the token with `--token-file` or "
            "`BILLSYNC_TOKEN`.",
            "It does not begin with http://, https:// or local:.",
        ),
        Code(
            "no-token",
            "the token file can't be read",
            "The file that `--token-file` or the profile's `token_file` names can't be opened, is too long, or is not "
            "UTF-8. Name a file that holds the token and nothing else.",
            "the file that --token-file or the profile names: No such file or directory",
        ),
        Code(
            "bad-token",
            "the token can't be sent",
            "The token is empty, or holds white space or characters outside ASCII, which no HTTP header carries. "
            "Check the file or variable that it comes from.",
            "It is empty, or holds white space or characters outside ASCII.",
        ),
        Code(
            "insecure-token",
            "the token would be sent over plain http",
            "The address begins with `http://` and is not on this machine, so anybody on the way could read the "
            "token. Use https, or pass `--insecure-token` in a network that you trust.",
            "http://billing.internal/api/v3 is neither https nor on this machine.",
        ),
        Code(
            "insecure-header",
            "headers would be sent over plain http",
            "The address begins with `http://` and is not on this machine, and a header that `--header` or a profile "
            "adds may be as secret as a token. Use https, or pass `--insecure-token` in a network that you trust.",
            "http://billing.internal/api/v3 is neither https nor on this machine.",
        ),
        Code(
            "bad-ca-file",
            "the CA certificates can't be read",
            "The file that `--ca-file` or the profile's `ca_file` names can't be opened, or holds no certificate in "
            "PEM. It replaces the certificates that the system or `SSL_CERT_FILE` gives, so it must hold those of "
            "every authority that is needed.",
            "the file that --ca-file or the profile names: No such file or directory",
        ),
        Code(
            "remote",
            "the server can't be used",
            "No connection came about, the server refused the call, or its answer is not one of API v3. The detail "
            "holds the call and the server's own message, without the token. Check the address, the token's "
            "permissions, and the server's state; reads are retried for a while before this is reported.",
            "GET /openmeter/plans: 403: the token may not read plans",
        ),
        Code(
            "assumed-generation",
            "the server doesn't say what it takes",
            "A note, not an error. OpenMeter serves an OpenAPI document of itself, where billsync reads which "
            "operations and fields the server takes. This one serves none, so it is taken as OpenMeter of August "
            "2026, and what came later is not used. Let `/openapi.json` through to the server, or name its "
            "generation with `--dialect openmeter@later`.",
            "https://billing.example/api/v3 doesn't show which operations it takes (GET /openapi.json).",
        ),
        Code(
            "no-openapi",
            "the server serves no document to compare",
            "`ping --api` compares a server's own OpenAPI document with what this billsync knows, and this server "
            "serves none: Konnect never does, and something in front of an OpenMeter server may hide it.",
            "https://eu.api.konghq.com/v3 serves no OpenAPI document of itself.",
        ),
        Code(
            "no-invoices",
            "this API has no invoices",
            "Konnect's API v3 doesn't list invoices. Open the billing portal instead.",
            "The konnect API doesn't list them.",
        ),
        Code(
            "no-subscription",
            "no active subscription to forecast",
            "A forecast needs a subscription that is in force now, and the customer has none.",
            "'acme' has no active subscription.",
        ),
        Code(
            "phases-unshown",
            "the server doesn't show what is in a subscription",
            "Konnect documents a subscription without its phases, its start and its periods. A plan version says what "
            "it may hold, but not which phase is in force, or what was edited or attached, so that a forecast would be "
            "a guess. `usage` and `ledger` work; the exit code is 1.",
            "https://eu.api.konghq.com/v3 shows neither phases nor starts.",
        ),
        Code(
            "duplicate-rows",
            "the server shows one entity more than once",
            "Two live rows have the same key (or two links of a subscription overlap), so the right one is "
            "unclear. billsync writes neither to it nor to anything that belongs to it. Delete or rename the wrong "
            "one in the API or the portal. Commands that need this customer end with 1; in a plan, the entity is "
            "refused.",
            "the server shows it more than once: 01J0A and 01J0B",
        ),
    ),
)

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
