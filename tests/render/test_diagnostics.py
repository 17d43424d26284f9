from billsync.model.diagnostic import Diagnostic, Position, Severity
from billsync.render.diagnostics import diagnostics_text

UNKNOWN = Diagnostic(
    "unknown-reference",
    "nothing has this key",
    'plan "gold" prices feature "seets", which is neither in these files nor in `external`.',
    'Did you mean "seats" (team.yaml:3)?',
    Position("shop.yaml", 14, 9),
)


def test_findings_are_shown_by_place_with_what_is_wrong_and_what_to_do() -> None:
    early = Diagnostic("odd", "looks odd", position=Position("shop.yaml", 2, 1), severity=Severity.WARNING)
    general = Diagnostic("no-owner", "nobody owns this", "Two\nlines.\x07")

    text = diagnostics_text([UNKNOWN, early, general])

    assert (
        text
        == """\
error[no-owner]: nobody owns this
  Two
  lines.\\x07
shop.yaml:2:1: warning[odd]: looks odd
shop.yaml:14:9: error[unknown-reference]: nothing has this key
  plan "gold" prices feature "seets", which is neither in these files nor in `external`.
  Did you mean "seats" (team.yaml:3)?
"""
    )


def test_no_findings_are_no_text() -> None:
    assert diagnostics_text([]) == ""
