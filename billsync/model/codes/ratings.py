"""Codes of what the server would refuse to rate, so that an estimate leaves it out."""

from __future__ import annotations

from billsync.model.codes.code import Chapter, Code

RATINGS = Chapter(
    "Not estimated",
    "An estimate (`diff --impact`, `forecast`) computes amounts as the server does. Where the server would refuse, "
    "the subscription is named with one of these codes, and is in no total. The exit code stays as it is.",
    "not estimated: {example}: the server would not rate it ({name})",
    (
        Code(
            "negative_quantity",
            "the usage is negative",
            "Corrections exceed the usage of the period, and no price is defined for a negative quantity. Check the "
            "events of the meter.",
            "acme/default",
        ),
        Code(
            "percentage_out_of_range",
            "a discount is not between 0 and 100 percent",
            "The live rate card has a discount that no file may have. Declare a valid one.",
            "acme/default",
        ),
        Code(
            "credits_not_consumed_fully",
            "credits are left after they were applied",
            "A credit is larger than the lines that it should pay for, and the server would stop. Report it with "
            "the subscription.",
            "acme/default",
        ),
        Code(
            "unit_config_unsupported_price",
            "this price can't convert units",
            "The live rate card has a `unit_config` on a package or dynamic price. Remove one of the two.",
            "acme/default",
        ),
        Code(
            "invalid_unit_config",
            "the unit conversion is not valid",
            "The live rate card converts by zero or by a negative factor. Declare a positive one.",
            "acme/default",
        ),
        Code(
            "unit_config_disabled",
            "the server doesn't convert units",
            "The feature is switched off on this server, and a rate card needs it. Ask the operator, or price in "
            "metered units.",
            "acme/default",
        ),
        Code(
            "volume_split_not_supported",
            "a volume price can't be split within a period",
            "Only a part of the period is known, and the tier of a volume price depends on the whole. The estimate "
            "works once the period is complete.",
            "acme/default",
        ),
        Code(
            "missing_open_tier",
            "the last tier is not open",
            "A quantity lies above every tier of the live price. Leave `up_to_amount` out of the last tier.",
            "acme/default",
        ),
    ),
)
