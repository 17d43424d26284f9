"""Members of files that are read by templates have the values that the full reader gives them, or are left to it."""

from __future__ import annotations

from pathlib import Path
from random import Random
from string import printable
from typing import Any

import pytest

pytest.importorskip("jsonschema_rs", reason="the fast libraries aren't installed")
pytest.importorskip("ryml", reason="the fast libraries aren't installed")

from billsync.config import load, loading
from billsync.config.quick.templates import Templates
from billsync.config.text.node import plain
from billsync.config.text.reader import read
from billsync.core.declared.crowd import whole
from billsync.kinds.registry import KINDS
from billsync.model.plain_mode import VARIABLE
from tests.support.budgets import examples
from tests.support.command import Shell

MEMBERS = (
    'key: c{0}\n    name: Acme {0} Holdings\n    labels:\n      tier: gold\n    primary_email: "b+{0}@acme.example"\n',
    'key: "c{0}"\n    name: São Paulo {0}\n'
    '    usage_attribution:\n      subject_keys:\n        - s{0}-a\n        - "s{0}: b"\n',
    "key: c{0}\n    name: 'Acme {0}'\n    grants:\n      - key: g\n        name: G\n        amount: \"{0}.50\"\n"
    "        currency: USD\n        funding_method: none\n        priority: {0}\n"
    "        effective_at: 2026-01-01T00:00:00Z\n",
    'key: c{0}  # {0}\n    name: 100 % "A" {0}\n    description: null\n    billing_address:\n      city: "100 %s"\n',
)
"""Members, with a place for a number."""
MEMBERS_VALID = (
    'key: c{0}\n    name: "Acme {0}"\n    labels:\n      tier: gold\n    usage_attribution:\n      subject_keys:\n'
    "        - s{0}\n",
    "key: d{0}\n    name: Acme {0} é\n    grants:\n      - key: g\n        name: G\n        amount: {0}.50\n"
    "        currency: USD\n        funding_method: none\n        effective_at: '2026-01-01T00:00:00Z'\n",
)
TEXTS = (
    *("null", "Null", "~", "true", "NO", "nan", ".nan", "inf", "Infinity", "a.nan", "1", "1.5", "1e3", "0x1f", "1:30"),
    *(
        "",
        " ",
        " a",
        "a ",
        "a b",
        "a: b",
        "a:b",
        "a:",
        "a #b",
        "a#b",
        "#a",
        "- a",
        "-",
        "? a",
        "?a",
        "[a",
        "{{a",
        "a, b",
    ),
    *(
        "a]",
        "&a",
        "*a",
        "!a",
        "|",
        ">",
        "%a",
        "@a",
        "`a",
        "'a'",
        '"a"',
        "a'b",
        'a"b',
        "a\\b",
        "\\n",
        "a\tb",
        "a\nb",
        "a\rb",
    ),
    *(
        "a\n    b: c",
        "a\n  - key: x",
        "\x7f",
        "\u0085",
        "\u2028",
        "\ufeff",
        "日本",
        "(a)",
        "$a",
        "/a",
        "_a",
        "=",
        "<<",
        "---",
    ),
    *("...", "%s", "%(a)s", "{}", "Hole0", "2026-01-01", "x" * 4001),
)
"""Texts that may stand in the place of others."""
SIGNS = (*printable, "é", "\u0085", "\u2028", "\x00", "")


def file_of(members: list[str], before: str = "") -> str:
    return f"{before}customers:\n" + "".join(f"  - {member}" for member in members)


def full_values(content: bytes) -> Any:
    """The value of a file with one document in which the full reader finds nothing; else an object of its own."""
    found = read(content, "a.yaml")
    return plain(found.documents[0]) if len(found.documents) == 1 and not found.diagnostics else object()


@pytest.fixture
def templates() -> Templates:
    """What is learned from a file with each of the members."""
    found = Templates("customers")
    found.note(file_of([member.format(1) for member in MEMBERS]).encode())
    return found


def agree(templates: Templates, text: str) -> bool:
    """Whether templates read a file, and then as the full reader does, to the types of numbers."""
    content = text.encode()
    templates._missed = 0
    found = templates.values(content)
    assert found is None or repr(found) == repr(full_values(content)), text
    return found is not None


@pytest.mark.parametrize("before", ["", '_format_version: "1.0"\n', "# a\n_format_version: 1.0\n\n"])
def test_files_of_known_members_are_read_by_templates(templates: Templates, before: str) -> None:
    members = [member.format(number) for number in range(10, 14) for member in MEMBERS[:3]]

    assert agree(templates, file_of(members, before))
    assert agree(templates, file_of(members, before).replace("\n", "\r\n"))
    assert not agree(templates, file_of([*members, MEMBERS[0].replace("labels", "lables")], before))


@pytest.mark.parametrize(
    "before", ["- a\n", "customers: 1\n", "a: [\n", "a: &b\n", "a:\n  b: |\n", "x\n", "'\n", "---\n"]
)
def test_what_stands_before_the_list_is_read_as_it_is(templates: Templates, before: str) -> None:
    agree(templates, file_of([MEMBERS[0].format(1)], before))


@pytest.mark.parametrize("sign", ["- ", " - ", "  - ", "    - ", "  -  "])
def test_members_in_other_columns_are_others(templates: Templates, sign: str) -> None:
    text = file_of([member.format(1) for member in MEMBERS[:3]]).replace("\n  - ", f"\n{sign}")

    assert agree(templates, text) == (sign == "  - ")


def test_odd_texts_are_read_as_by_the_full_reader_or_not_at_all(templates: Templates) -> None:
    for member in MEMBERS:
        for text in TEXTS:
            for old in ("c{0}", "Acme {0} Holdings", "São Paulo {0}", "gold", "s{0}-a", "{0}.50", "s{0}: b", "USD"):
                if old in member:
                    agree(
                        templates,
                        file_of(
                            [
                                MEMBERS[0].format(7),
                                member.replace(old, text.replace("{", "{{").replace("}", "}}")).format(2),
                            ]
                        ),
                    )


def test_any_other_byte_is_read_as_by_the_full_reader_or_not_at_all(templates: Templates) -> None:
    taken = 0
    for seed in range(examples(1_000)):
        random = Random(seed)
        text = file_of([random.choice(MEMBERS[:3]).format(random.randrange(99)) for _ in range(2)])
        for _ in range(random.choice((1, 1, 1, 2, 3))):
            place, sign = random.randrange(len(text)), random.choice(SIGNS)
            text = text[:place] + sign + text[place + random.choice((0, 1, 1, 1, 2)) :]
        taken += agree(templates, text)

    assert taken > examples(1_000) // 10


def test_members_that_are_all_different_are_not_learned_for_ever() -> None:
    found = Templates("customers")
    content = file_of([f"key: c\n    labels:\n      l{number}: x\n" for number in range(200)]).encode()
    found.note(content)

    assert found.values(content) is None
    assert found._count == 64


@pytest.mark.parametrize(
    "change", [("name: A", "name: ''"), ("USD", "usd"), ("key: b3", "key: b2"), ("5.50", "-1"), ("", "")]
)
def test_files_of_templates_are_checked_as_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: tuple[str, str]
) -> None:
    monkeypatch.setattr(loading, "SMALLEST", 0)
    grants = (
        'grants:\n      - key: g\n        name: G\n        amount: "5.50"\n'
        "        currency: USD\n        funding_method: none\n"
    )
    for name in "ab":
        text = file_of([f"key: {name}{number}\n    name: A\n    {grants}" for number in range(4)])
        (tmp_path / f"{name}.yaml").write_text(text.replace(*change) if name == "b" else text)

    (quick, told), (full, said) = (load([str(tmp_path)], registry=KINDS, crowd=crowd) for crowd in (True, False))

    assert bool(quick.crowd) == (change == ("", ""))
    assert (told, repr(_entities(quick))) == (said, repr(_entities(full)))


def _entities(desired: Any) -> list[Any]:
    return [(entity.address, entity.fields) for entity in whole(desired, KINDS).entities]


def test_a_changed_byte_after_templates_were_learned_changes_no_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "SMALLEST", 0)
    values, read = Templates.values, list[bool]()

    def noted(templates: Templates, content: bytes) -> Any:
        found = values(templates, content)
        read.append(found is not None)
        return found

    monkeypatch.setattr(Templates, "values", noted)
    texts = [file_of([member.format(f"{name}{n}") for n in range(2) for member in MEMBERS_VALID]) for name in "12"]
    (tmp_path / "a.yaml").write_text(texts[0])
    for seed in range(examples(24)):
        random = Random(seed)
        place, sign = random.randrange(len(texts[1])), random.choice(SIGNS)
        changed = texts[1][:place] + sign + texts[1][place + random.choice((0, 1, 1, 1, 2)) :]
        (tmp_path / "b.yaml").write_bytes((changed if seed else texts[1]).encode())

        quick, full = (
            Shell(environment={VARIABLE: "1"} if is_plain else {}).run("validate", str(tmp_path))
            for is_plain in (False, True)
        )

        assert quick == full, changed
        assert seed or quick.code == 0
    assert sum(read) > examples(24) // 8
