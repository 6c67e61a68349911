"""How long the poller waits after a request that failed."""

from __future__ import annotations

from migpt_shared.xiaomi import LoginCoolingDown, LoginFailed, StoreUnusable, TokenExpired, XiaomiError

#: The session itself is in trouble: a person may have to act, and asking again and again would make it worse.
SESSION_ERRORS = (LoginFailed, TokenExpired, StoreUnusable)

#: A lone failure costs no more than this; most are gone at the next try.
_FIRST_WAIT_S = 0.25
_LONGEST_WAIT_S = 15.0

#: How often a session in trouble is tried again unasked.
_SESSION_RETRY_S = 60.0
_SHORTEST_SESSION_WAIT_S = 1.0

#: After sessions that were refused just after their renewal. The login paces its renewals by itself beyond that.
_REFUSED_SESSION_WAIT_S = 5.0


def wait_after_failures_s(failures: int, jitter: float) -> float:
    """Seconds to wait after so many failures in a row (at least 1); doubles each time up to 15 s.

    `jitter` is a random number in [0, 1): with it the wait is between half and the whole of that, so that many
    speakers do not come back at the same instant.
    """
    if failures < 1:
        raise ValueError("there was no failure to wait after")
    longest = min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2.0 ** min(failures - 1, 20))
    return longest * (0.5 + 0.5 * jitter)


def login_wait_s(error: XiaomiError) -> float:
    """Seconds to wait after one of `SESSION_ERRORS`: a minute, or less when it may be over sooner."""
    if isinstance(error, LoginCoolingDown):
        return min(max(error.retry_in_s, _SHORTEST_SESSION_WAIT_S), _SESSION_RETRY_S)
    return _REFUSED_SESSION_WAIT_S if isinstance(error, TokenExpired) else _SESSION_RETRY_S
