"""The forms of keys and values that all readers of YAML take for the same, as parts of regular expressions.

Anything else is left to the full reader: escapes, tags, anchors, block texts, texts over several lines, numbers in any
other form than plain digits, and unquoted words that some readers take for something else. The bounds keep every text
far below the limits of what is read.

Only single characters are repeated possessively: Python 3.11 has bugs in what it does with groups.
"""

from __future__ import annotations

CONTROLS = r"\x00-\x1f\x7f"
"""Control characters of ASCII, as part of a set."""

FIRST = r"[^\x00-\x23\x25-\x27\x29-\x2e\x30-\x40\x5b-\x5e\x60\x7b-\x7f]"
"""A character that begins an unquoted text: a letter, any character beyond ASCII, or one of `$(/_`. None of them means
anything in YAML or in a number. (A set that names the characters beyond ASCII takes long to compile.)"""

WORDS = "(?:(?=[nNtTfFiI])(?i:null|true|false|nan|inf|infinity))"
"""Words that some reader takes for a value that is no text, in some spelling. Most texts begin with another letter."""

KEY = (
    rf"(?!{WORDS}:)(?:[A-Za-z_][A-Za-z0-9_.-]{{0,99}}+"
    rf'|"[^{CONTROLS}"\\]{{0,200}}+"'
    rf"|'[^{CONTROLS}']{{0,200}}+')"
)
NUMBER = r"-?(?:0|[1-9][0-9]{0,17}+)(?:\.[0-9]{1,30}+)?"
QUOTED = rf"""(?:"[^{CONTROLS}"\\]{{0,4000}}+"|'[^{CONTROLS}']{{0,4000}}+')"""
DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
TIME = r"T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9}+)?)?(?:Z|[+-][0-9]{2}:[0-9]{2})?"
NUMBERED = "[0-9]{1,18}+(?: ++(?=[A-Za-z])|(?=[G-NP-WYZg-np-wyz]))"
"""Digits at the beginning of a text that no reader takes for a number: `3M`, `12 Elm Street`."""
