"""Whether a login may begin now: everything that keeps a failing login from becoming a storm. Pure: times come in."""

from collections import deque
from typing import NamedTuple

from migpt_shared.xiaomi.cool_down import (
    PASSWORD_LOGINS_IN_A_ROW,
    PASSWORD_LOGINS_WINDOW_S,
    cool_down_left_s,
    fresh_token_pause_s,
    unreachable_pause_s,
)
from migpt_shared.xiaomi.tokens import Failure, Sid


class Pause(NamedTuple):
    """No login for `left_s` seconds. `by_failure`: because of the remembered failure, which tells more."""

    left_s: float
    reason: str
    by_failure: bool


class LoginGate:
    """All times in Unix seconds. The remembered failure is shared by all processes, the rest is this one's own."""

    def __init__(self) -> None:
        self._unreachable_in_a_row = 0
        self._unreachable_until = 0.0
        self._unused_renewals: dict[Sid, int] = {}
        self._renewed_at: dict[Sid, float] = {}
        self._password_logins: deque[float] = deque(maxlen=PASSWORD_LOGINS_IN_A_ROW)
        self._permit_at: float | None = None

    def permit(self, now: float) -> None:
        """From now on until `end_permit` only failures from then on count: a person asked for one more try."""
        self._permit_at = now
        self._unreachable_until = 0.0
        self._unused_renewals.clear()
        self._password_logins.clear()

    def end_permit(self) -> None:
        """Back to the rules."""
        self._permit_at = None

    def unreachable(self, now: float) -> None:
        """A login ended before the password was sent, because the login pages gave no usable answer."""
        self._unreachable_in_a_row += 1
        self._unreachable_until = now + unreachable_pause_s(self._unreachable_in_a_row)

    def logged_in(self, sid: Sid, *, by_password: bool, now: float) -> None:
        """A login has succeeded."""
        self._unreachable_in_a_row = 0
        self._unused_renewals[sid] = self._unused_renewals.get(sid, 0) + 1
        self._renewed_at[sid] = now
        if by_password:
            self._password_logins.append(now)

    def token_works(self, sid: Sid) -> None:
        """A request with the present token was not refused."""
        self._unused_renewals[sid] = 0

    def pause(self, sid: Sid, failure: Failure | None, mark: str, now: float) -> Pause | None:
        """Why no login to `sid` may begin now; None if it may."""
        if failure is not None and (self._permit_at is None or failure.at >= self._permit_at):
            left_s = cool_down_left_s(failure, mark, now)
            if left_s > 0:
                return Pause(left_s, failure.reason, by_failure=True)
        if self._unreachable_until > now:
            left_s = min(60.0, self._unreachable_until - now)
            return Pause(left_s, "Xiaomi's login pages cannot be reached", by_failure=False)
        unused = self._unused_renewals.get(sid, 0)
        left_s = self._renewed_at.get(sid, 0.0) + fresh_token_pause_s(unused) - now
        if unused and left_s > 0:
            return Pause(min(60.0, left_s), "Xiaomi refuses the sessions it has just given", by_failure=False)
        return None

    def password_pause(self, now: float) -> Pause | None:
        """Why the password may not be sent now although it has always worked; None if it may."""
        if len(self._password_logins) < PASSWORD_LOGINS_IN_A_ROW:
            return None
        left_s = self._password_logins[0] + PASSWORD_LOGINS_WINDOW_S - now
        if left_s <= 0:
            return None
        reason = "the sessions that the password gives do not last"
        return Pause(min(PASSWORD_LOGINS_WINDOW_S, left_s), reason, by_failure=False)
