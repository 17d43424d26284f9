"""Input that the server refuses to rate. Checked files don't get here; the code lets a caller explain it."""

from __future__ import annotations

from enum import StrEnum


class RatingErrorCode(StrEnum):
    """The reason why there are no lines. Source: vectors README, prices.jsonl."""

    NEGATIVE_QUANTITY = "negative_quantity"
    PERCENTAGE_OUT_OF_RANGE = "percentage_out_of_range"
    CREDITS_NOT_CONSUMED_FULLY = "credits_not_consumed_fully"
    UNIT_CONFIG_UNSUPPORTED_PRICE = "unit_config_unsupported_price"
    INVALID_UNIT_CONFIG = "invalid_unit_config"
    UNIT_CONFIG_DISABLED = "unit_config_disabled"
    VOLUME_SPLIT_NOT_SUPPORTED = "volume_split_not_supported"
    MISSING_OPEN_TIER = "missing_open_tier"


class RatingError(Exception):
    """The server would refuse to rate this."""

    def __init__(self, code: RatingErrorCode) -> None:
        super().__init__(code.value)
        self.code = code
