"""Codes of files: finding, reading and parsing them."""

from __future__ import annotations

from billsync.model.codes.code import AS_ERROR, Chapter, Code

FINDING = Chapter(
    "Finding and reading files",
    "The paths that were named, before anything in the files is looked at. A file that can't be read stops the run: "
    "what it declares would seem to be gone. The exit code is 1.",
    AS_ERROR,
    (
        Code(
            "unreadable-file",
            "this can't be read",
            "The operating system refused to open a file or to list a directory, often for lack of permission. Give "
            "yourself read access, or name another path.",
            "Permission denied.",
        ),
        Code(
            "missing-path",
            "no such file or directory",
            "A path on the command line, or a link inside a directory, leads to nothing. Check the spelling and the "
            "working directory; remove a link whose target is gone.",
            "billing.yaml doesn't exist.",
        ),
        Code(
            "no-files",
            "no configuration file is in this directory",
            "Of a directory, billsync reads the files that end in `.yaml`, `.yml` or `.json`, in its "
            "subdirectories too; names that begin with a dot are skipped. This directory has no such file. Name "
            "another directory, or rename the files.",
            "billing holds none.",
        ),
        Code(
            "no-entities",
            "the input declares nothing",
            "The files declare no entity at all. `sync` deletes what is no longer declared, so an empty input is "
            "more likely a mistake than a wish. Declare at least one entity, or name the right files.",
            "the input holds no entity.",
        ),
        Code(
            "not-a-file",
            "this is not a file",
            "The path leads to a device, a pipe or a socket. billsync reads regular files and directories, and `-` "
            "for the standard input. Name one of these.",
            "/dev/tty is a device.",
        ),
        Code(
            "linked-directory",
            "a link leads back to a directory that holds it",
            "A warning: a symbolic link points to a directory above itself. The directory is read once, so nothing "
            "is missed. Remove the link to silence the warning.",
            "billing/all is a link to /srv/billing, which holds it and is read once.",
        ),
        Code(
            "other-files",
            "some files are neither YAML nor JSON",
            "A note: the directory also holds files with other endings, and they were not read. Rename a file if it "
            "is meant to be configuration, or name it on the command line: a file that is named itself is always "
            "read.",
            "not read, as their names don't end in .yaml, .yml or .json: notes.txt.",
        ),
        Code(
            "too-many-files",
            "there are too many files",
            "A directory holds more entries than billsync looks at; most often it is the wrong directory. Name the "
            "directory with the configuration.",
            "at most 100,000 entries are looked at.",
        ),
        Code(
            "too-long",
            "this is too long",
            "A file, or all files together, are longer than billsync reads. Split the file, or read fewer at a time.",
            "all files together are longer than 1,000,000,000 bytes.",
        ),
        Code(
            "not-utf-8",
            "the file is not UTF-8 text",
            "Some bytes of the file are not UTF-8. Another encoding can't be detected safely, and names would be "
            "garbled. Save the file as UTF-8.",
            "the byte 0xe9 is not part of any character in UTF-8.",
        ),
        Code(
            "forbidden-character",
            "this character is not allowed in a file",
            "The file holds a control character, or half of a surrogate pair. YAML forbids these, and they make a "
            "text look different from what it is. Remove the character, or write it as an escape in double quotes.",
            "U+0007 is a control character or not a character.",
        ),
    ),
)

SYNTAX = Chapter(
    "YAML and JSON",
    "The text of a file. billsync reads the part of YAML that means one thing only: exact decimal numbers, no tags, "
    "no merge keys. The exit code is 1.",
    AS_ERROR,
    (
        Code(
            "not-yaml",
            "this is not YAML",
            "The text breaks the grammar of YAML at this place; often the indentation or a missing quote is the "
            "cause. Correct it; the detail names what the parser expected.",
            "expected <block end>, but found '<block mapping start>'.",
        ),
        Code(
            "not-json",
            "this is not JSON",
            "The text breaks the grammar of JSON at this place. A file that ends in `.json` must be JSON: comments "
            "and trailing commas are not. Correct it, or rename the file to `.yaml`.",
            "expected a value, found `}`.",
        ),
        Code(
            "not-a-map",
            "a file must be a map of collections",
            "The document is a list or a single value. A file begins with the names of collections, such as "
            "`plans:`, or with `_info:`.",
            "the document is a list or a single value.",
        ),
        Code(
            "nested-too-deeply",
            "the nesting is too deep",
            "Maps, lists or directories contain one another more deeply than any configuration needs. billsync "
            "stops reading there. Flatten the file, or name a deeper directory.",
            "at most 100 levels are read.",
        ),
        Code(
            "too-many-values",
            "the file holds too many values",
            "One file has more values than billsync reads. Split it into several files and name their directory.",
            "at most 4,000,000 are read.",
        ),
        Code(
            "alias-expansion",
            "aliases expand to too many values",
            "Aliases (`*name`) that refer to one another can turn a short text into billions of values. billsync "
            "stops before that. Write the values out, or use fewer aliases.",
            "all aliases together may expand to 1,000,000 values.",
        ),
        Code(
            "unknown-anchor",
            "no anchor has this name",
            "An alias (`*name`) has no anchor (`&name`) before it in the same document. Correct the name, or move "
            "the anchor up.",
            "`&standard` is not before this alias in the document.",
        ),
        Code(
            "recursive-alias",
            "an anchor can't contain itself",
            "An alias stands inside the value of its own anchor, so the value would never end. Write the inner part "
            "out.",
            "`*phase` is inside `&phase`.",
        ),
        Code(
            "duplicate-key",
            "the map has this key twice",
            "Readers of YAML and JSON silently keep one of two equal keys, and not all the same one. billsync never "
            "guesses. Remove or rename one of them.",
            '"price" is already in line 12.',
        ),
        Code(
            "key-not-text",
            "a key must be text",
            "A list, a map, an alias or nothing stands where a map needs a key. Write a text.",
            "the key is empty.",
        ),
        Code(
            "merge-key",
            "the merge key is not supported",
            "`<<:` merges maps in some versions of YAML and not in others, so the same file could mean two things. "
            "Repeat the fields; for rate cards there is the library `rate_cards` with `use: NAME`.",
            "`<<` would merge another map here.",
        ),
        Code(
            "tag",
            "this tag is not supported",
            "A tag such as `!!float` would change what a value means. billsync knows `!env`, `!file` and, in overlays, "
            "`!remove`. Remove any other tag, and quote the value if it is text.",
            "`!!float` is in front of the value.",
        ),
        Code(
            "number-exponent",
            "numbers can't have an exponent",
            "A number such as `1e3` is easily misread, and other readers take it as text or as a float. Write all "
            "digits, or quote it if it is text.",
            "1e3 has an exponent.",
        ),
        Code(
            "not-a-number",
            "the number is not finite",
            "`.nan` and `.inf` are no amounts. Write a number, or quote it if it is text.",
            ".inf is not finite.",
        ),
        Code(
            "ambiguous-number",
            "this number can be read in several ways",
            "A leading zero, an underscore or another base (`0x10`, `010`, `1_000`) means different numbers to "
            "different readers of YAML. Write plain decimal digits, or quote it if it is text.",
            "010 means different things to different readers of YAML.",
        ),
        Code(
            "number-too-long",
            "the number is too long",
            "The number has more digits than any amount needs. If it is text, such as an account number, quote it.",
            "it has 1,000 characters; at most 100 are read as a number.",
        ),
        Code(
            "text-too-long",
            "the text is too long",
            "A text or a key is longer than billsync reads, and no server would take it. Shorten it.",
            "it has 2,000,000 characters; at most 1,000,000 are read.",
        ),
    ),
)
