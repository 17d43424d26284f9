"""Codes of values that come from outside of the files, and of overlays."""

from __future__ import annotations

from billsync.model.codes.code import AS_ERROR, Chapter, Code

OVERLAY = Chapter(
    "Overlays",
    "`--overlay FILE` merges a file over the others: maps field by field, lists with keys member by member, other "
    "lists whole. The exit code is 1.",
    AS_ERROR,
    (
        Code(
            "stray-remove",
            "`!remove` stands outside of an overlay",
            "In a file without `_overlay: true`, there is nothing below that could be taken out. Remove the line, or "
            "move it into an overlay.",
            "`!remove` takes something out of the files below an overlay, and this is no overlay.",
        ),
        Code(
            "misplaced-overlay",
            "an overlay stands in the wrong place",
            "A file with `_overlay: true` changes others and declares nothing, so it isn't read as one of them, "
            "neither when it is named nor in a directory. Name it with `--overlay`, and keep it out of the directories "
            "that you name.",
            "this is an overlay, and it is among the files that declare something.",
        ),
        Code(
            "not-an-overlay",
            "this is not an overlay",
            "A file that `--overlay` names must say `_overlay: true`: read as an overlay by mistake, a file that "
            "declares something would be an error in each line. Each of its documents says it.",
            "it doesn't say `_overlay: true`.",
        ),
        Code(
            "overlay-for-nothing",
            "an overlay changes something that isn't declared",
            "An overlay changes what the files below it declare, and adds no entity: otherwise a typing mistake in a "
            "key would add one, and leave the value as it was. Correct the key; declare a new entity in a file of its "
            "own, and name that file for this environment only.",
            'the files below declare no plan "prro".',
        ),
        Code(
            "removal-of-nothing",
            "there is nothing to take out",
            "`!remove` names a field, a member of a list, or an entity that the files below don't have. What comes "
            "from the library or from defaults isn't there yet when an overlay is merged: change it there.",
            "the files below have no field `currency`.",
        ),
        Code(
            "overlay-type",
            "an overlay has another type",
            "The overlay has a map where the files below have a list or a plain value, or the other way round, so the "
            "two can't be merged. Write the same type; to replace a field by one of another type, take it out in one "
            "overlay and add it in the next.",
            "the files below have a list here, and the overlay a map.",
        ),
    ),
)

OUTSIDE = Chapter(
    "Values from outside of the files",
    "`!env NAME` takes a value from an environment variable, `!file path` from a file. Where one can't be had, the run "
    "stops: a missing secret must not become an empty field. Messages name the source, and never show the value. The "
    "exit code is 1.",
    AS_ERROR,
    (
        Code(
            "unset-variable",
            "an environment variable is not set",
            "`!env NAME` names a variable that the environment of billsync doesn't have. Set it; in a pipeline, pass "
            "it to the step that runs billsync. `!env {name: NAME, default: VALUE}` gives a value for where it is not "
            "set.",
            "STRIPE_ID is not set.",
        ),
        Code(
            "empty-source",
            "a value from outside is empty",
            "The variable or the file holds nothing but white space. Pipelines set a secret that they don't know to "
            "an empty text, so this is an error, and not an empty field. To leave a field out, remove it from the "
            "file or with `!remove` in an overlay.",
            "env STRIPE_ID is empty.",
        ),
        Code(
            "bad-source",
            "this doesn't name a source",
            "`!env` takes the name of a variable (letters, digits and `_`), or a map with `name` and a plain "
            "`default`; `!file` takes a path.",
            "`!env` takes the name of a variable.",
        ),
        Code(
            "unreadable-source",
            "a file with a value can't be read",
            "The path after `!file` leads to nothing, to something other than a file, or to one that you may not "
            "read. It is relative to the file that it is written in; in the standard input, to the working directory.",
            "secrets/stripe.txt doesn't exist.",
        ),
        Code(
            "source-too-long",
            "a file with a value is too long",
            "`!file` reads up to 65,536 bytes: a field's value, and not a document.",
            "data.bin: it is longer than 65,536 bytes, the most that is read.",
        ),
        Code(
            "source-outside",
            "a file with a value is outside of the configuration",
            "`!file` reads files in the configuration's folder only: the directory on the command line, or the folder "
            "of the file that it names. Links are followed, and must not lead out. Otherwise a proposed change to the "
            "configuration could send any file of the machine that checks it to a server. Move the file, or use "
            "`!env`.",
            "../key.txt is not in billing, or a link leads out of it.",
        ),
        Code(
            "source-cycle",
            "a file with a value leads back to itself",
            "The path after `!file` is the very file that it is written in, or a link that ends in a circle.",
            "a.txt is a link that leads back to itself.",
        ),
        Code(
            "source-not-utf-8",
            "a file with a value is not UTF-8 text",
            "Some bytes of the file are no part of a character in UTF-8. Save it as UTF-8; a binary value can't be "
            "a field's value.",
            "logo.png: byte 1 is no part of a character.",
        ),
        Code(
            "no-tags-in-json",
            "a value from outside can't be written as JSON",
            "`render --format json` can't write a value that comes from `!env` or `!file`: JSON has no tags, and the "
            "value itself is not written. Use `--format yaml`.",
            "The value comes from env NAME.",
        ),
        Code(
            "sourced-key",
            "this can't come from outside of the files",
            "Keys, references, types, and everything in `_info`, `external`, `adopted`, `moved` and `forget` name "
            "things or rule over them. They are shown in every output and stand in plan files, so they can't be "
            "secrets. Write the value; where it differs between environments, write it in an overlay.",
            "a key can't come from env CUSTOMER, as it is shown everywhere.",
        ),
    ),
)
