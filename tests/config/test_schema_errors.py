"""Every keyword of JSON Schema that a kind may use has words of its own."""

from __future__ import annotations

import pytest
from jsonschema import Draft202012Validator

from billsync.config.checks.schema_errors import diagnostics_of
from billsync.config.text.node import plain
from billsync.config.text.reader import read

FRUIT = {
    "oneOf": [
        {
            "type": "object",
            "properties": {"type": {"const": "apple"}, "weight": {"type": "number"}},
            "required": ["type", "weight"],
            "additionalProperties": False,
        },
        {"type": "object", "properties": {"type": {"const": "pear"}}, "required": ["type"]},
    ]
}

AMOUNTS = {"type": "object", "properties": {"amount": {"type": "integer"}, "rate": {"type": "integer"}}}
PRICED = {"oneOf": [{**AMOUNTS, "required": ["amount"]}, {**AMOUNTS, "required": ["rate"]}]}


def told(schema: object, text: str) -> list[str]:
    """What is said of a document whose field `a` has to fit the schema."""
    (document,) = read(f"a: {text}\n", "f.yaml").documents
    errors = Draft202012Validator({"properties": {"a": schema}}).iter_errors(plain(document))
    found = [f"{d.position} {d.code}: {d.detail} {d.hint}".strip() for d in diagnostics_of(errors, document)]
    return sorted(line.removeprefix("f.yaml:") for line in found)


@pytest.mark.parametrize(
    ("schema", "text", "message"),
    [
        ({"type": "string"}, "5.50", '1:4 wrong-type: a: expected a text, found the number 5.50. Quote it: "5.50".'),
        ({"type": "string"}, "true", '1:4 wrong-type: a: expected a text, found true. Quote it: "true".'),
        ({"type": ["integer", "null"]}, "x", '1:4 wrong-type: a: expected a whole number, found the text "x".'),
        ({"type": "array"}, "{b: c}", "1:4 wrong-type: a: expected a list, found a map."),
        ({"items": {"type": "object"}}, "[x]", '1:5 wrong-type: a.0: expected a map, found the text "x".'),
        ({"const": 5}, "6", "1:4 not-a-choice: a: the number 6 is not 5."),
        (
            {"enum": ["red", "green"]},
            "gren",
            '1:4 not-a-choice: a: the text "gren" is not one of red, green. Did you mean "green"?',
        ),
        ({"minLength": 3}, "ab", "1:4 wrong-length: a: it has 2 characters; at least 3 must be there."),
        ({"maxLength": 1}, "ab", "1:4 wrong-length: a: it has 2 characters; there can be at most 1."),
        ({"minimum": 3}, "2.5", "1:4 out-of-range: a: expected at least 3, found the number 2.5."),
        ({"exclusiveMaximum": 2}, "2", "1:4 out-of-range: a: expected less than 2, found the number 2."),
        ({"minItems": 2}, "[b]", "1:4 wrong-count: a: expected at least 2 in the list, found 1."),
        ({"maxProperties": 0}, "{b: c}", "1:4 wrong-count: a: expected at most 0 in the map, found 1."),
        ({"uniqueItems": True}, "[b, b]", "1:4 repeated-value: a: each value may appear only once."),
        (
            {"propertyNames": {"pattern": "^b$"}},
            "{b: 1, c: 2}",
            '1:11 malformed-text: the key "c" is not in the right form.',
        ),
        (
            {"contains": {"const": 1}},
            "[2]",
            "1:4 invalid-value: a: [2] does not contain items matching the given schema.",
        ),
        (
            {"anyOf": [{"required": ["b"]}, {"required": ["c"]}]},
            "{d: 1}",
            '1:4 missing-field: "b" or "c" is required in `a`.',
        ),
        (PRICED, "{}", '1:4 missing-field: "amount" is required in `a`.'),
        (PRICED, "{amount: x, rate: 1}", '1:13 wrong-type: amount: expected a whole number, found the text "x".'),
        ({"type": "string", "pattern": "^x"}, "5", "1:4 wrong-type: a: expected a text, found the number 5."),
        (FRUIT, "{type: plum}", '1:11 not-a-choice: type: the text "plum" is not one of apple, pear.'),
        (FRUIT, "{weight: 5}", '1:4 missing-field: "type" is required in `a`. One of apple, pear.'),
        (FRUIT, "{type: apple}", '1:4 missing-field: "weight" is required in `a`.'),
        (
            FRUIT,
            "{type: apple, wieght: 5}",
            '1:18 unknown-field: "wieght" is not a field here. Did you mean "weight"?',
        ),
        (
            FRUIT,
            "apple",
            '1:4 wrong-type: a: expected a map, found the text "apple". Write `a: {type: apple, weight: …}`.',
        ),
        (FRUIT, "pear", '1:4 wrong-type: a: expected a map, found the text "pear". Write `a: {type: pear}`.'),
        (FRUIT, "plum", '1:4 wrong-type: a: expected a map, found the text "plum".'),
        (
            {"anyOf": [{"type": "string"}, {"type": "integer"}]},
            "[]",
            "1:4 wrong-type: a: expected a text or a whole number, found a list.",
        ),
        (
            {"anyOf": [{"type": "integer"}, {"enum": ["latest"]}]},
            "last",
            '1:4 not-a-choice: a: the text "last" is not latest. Did you mean "latest"?',
        ),
    ],
)
def test_a_mistake_is_told_once_and_in_words(schema: object, text: str, message: str) -> None:
    assert told(schema, text) == [message]


def test_two_mistakes_in_one_branch_are_both_told() -> None:
    assert told(FRUIT, "{type: apple, weight: much, color: red}") == [
        '1:26 wrong-type: weight: expected a number, found the text "much".',
        '1:32 unknown-field: "color" is not a field here. Fields here: type, weight.',
    ]


def test_a_field_that_must_not_be_there_is_told_by_the_entity_alone() -> None:
    """`not` marks fields that the check of the entity refuses, with the reason."""
    assert told({"not": {"required": ["b"]}}, "{b: 1}") == []
