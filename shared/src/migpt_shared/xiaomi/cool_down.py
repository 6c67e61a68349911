"""When a login may be tried again. Pure: times come in as Unix seconds."""

from migpt_shared.xiaomi.tokens import Failure, FailureKind

PASSWORD_LOGINS_IN_A_ROW = 3
"""Successful password logins within ten minutes after which something is wrong: the sessions do not last."""

PASSWORD_LOGINS_WINDOW_S = 600.0

_FIRST_S = 60.0
_LONGEST_S = 3600.0
_FIRST_WITH_A_PERSON_S = 900.0
_LONGEST_WITH_A_PERSON_S = 6 * 3600.0
_FRESH_TOKENS_TO_TRY = 3


def cool_down_left_s(failure: Failure | None, mark: str, now: float) -> float:
    """Seconds until a login may be tried again after `failure`; 0 = now.

    It doubles with every failure in a row and starts longer where a person must act first. It is void as soon as there
    is something new to try: `mark` tells that password or passToken have changed.
    """
    if failure is None or failure.mark != mark:
        return 0.0
    a_person_must_act = failure.kind in (FailureKind.CAPTCHA, FailureKind.VERIFICATION, FailureKind.CONSENT)
    first, longest = (_FIRST_WITH_A_PERSON_S, _LONGEST_WITH_A_PERSON_S) if a_person_must_act else (_FIRST_S, _LONGEST_S)
    pause_s = min(longest, first * float(1 << min(failure.count - 1, 16)))
    # A clock that was set back must not make the pause longer than it is.
    return min(pause_s, max(0.0, failure.at + pause_s - now))


def unreachable_pause_s(failures_in_a_row: int) -> float:
    """Seconds to leave the login pages alone after so many failures of the network: 1, 2, 4 … 60."""
    return min(60.0, float(1 << min(failures_in_a_row - 1, 6)))


def fresh_token_pause_s(renewals_without_use: int) -> float:
    """Seconds between renewals when the cloud refuses tokens that it has just issued: 0, 0, 0, 5, 10 … 60.

    Seen in the wild: a refresh "succeeds" and the 401 goes on.
    """
    if renewals_without_use < _FRESH_TOKENS_TO_TRY:
        return 0.0
    return min(60.0, 5.0 * float(1 << min(renewals_without_use - _FRESH_TOKENS_TO_TRY, 4)))
