import pytest

from billsync.live.protocol.messages import error_message

CODED = {
    "title": "Bad Request",
    "extensions": {
        "validationErrors": [
            {"code": "plan_phase_has_no_rate_cards", "message": "no cards", "field": "$.phases[0].rateCards"},
            {"message": "only a message"},
        ]
    },
}
FLAT = {"detail": "long text", "extensions": {"code": "default_profile_not_found", "message": "no default profile"}}
PARAMETERS = {
    "detail": "Bad Request: …",
    "invalid_parameters": [
        {"field": "phases.0.key", "rule": "pattern", "reason": "does not match", "source": ""},
        {"field": "", "reason": "no body", "source": ""},
    ],
}


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (
            400,
            CODED,
            "400 Bad Request: plan_phase_has_no_rate_cards: no cards (at $.phases[0].rateCards); only a message",
        ),
        (400, FLAT, "400 Bad Request: default_profile_not_found: no default profile"),
        (400, PARAMETERS, "400 Bad Request: phases.0.key [pattern]: does not match; the body: no body"),
        (409, {"detail": "conflict error: taken"}, "409 Conflict: conflict error: taken"),
        (500, {"title": "Internal Server Error"}, "500 Internal Server Error: Internal Server Error"),
        (501, None, "501 Not Implemented"),
        (799, {"extensions": "?", "invalid_parameters": {"a": 1}, "detail": 3}, "799"),
        (403, {"detail": "two\nlines\x1b[31m"}, "403 Forbidden: two lines [31m"),
    ],
)
def test_each_error_shape_becomes_one_line(status: int, body: object, message: str) -> None:
    assert error_message(status, body) == message


def test_many_problems_are_counted_after_the_tenth() -> None:
    body = {"invalid_parameters": [{"field": f"f{n}", "rule": "required"} for n in range(12)]}

    message = error_message(400, body)

    shown = "; ".join(f"f{n} [required]" for n in range(10))
    assert message == f"400 Bad Request: {shown}; and 2 more"
