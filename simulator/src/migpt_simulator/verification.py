"""Identity verification: the pages behind `notificationUrl`, by a code sent to the phone or by e-mail."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from enum import IntEnum
from urllib.parse import urlencode

from .home import NotificationForm

__all__ = ["Channel", "Verification", "Verifications"]

_LIFE_S = 600.0


class Channel(IntEnum):
    """`_flag`: where the code is sent to."""

    PHONE = 4
    EMAIL = 8


@dataclass(slots=True)
class Verification:
    """One open verification; `code` is what was sent last, None before that."""

    account: str
    sid: str
    device_id: str
    context: str
    expires_at: float
    session: str = field(repr=False)
    code: str | None = field(default=None, repr=False)
    is_passed: bool = False


class Verifications:
    """All open verifications, found by the context of the URL or the cookie `identity_session`."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._open: list[Verification] = []

    def start(self, now: float, account: str, sid: str, device_id: str, form: NotificationForm) -> str:
        """A new verification; returns the `notificationUrl` in one of its seen forms."""
        found = Verification(
            account, sid, device_id, self._rng.randbytes(16).hex(), now + _LIFE_S, self._rng.randbytes(16).hex()
        )
        self._open.append(found)
        query = urlencode({"sid": sid, "context": found.context, "_locale": "zh_CN"})
        match form:
            case NotificationForm.ABSOLUTE:
                return f"https://account.xiaomi.com/identity/authStart?{query}"
            case NotificationForm.RELATIVE:
                return f"/identity/authStart?{query}"
            case NotificationForm.FRONT_END:
                return f"https://account.xiaomi.com/fe/service/identity/authStart?{query}"

    def by_context(self, now: float, context: str) -> Verification | None:
        return next((one for one in self._open if one.context == context and one.expires_at > now), None)

    def by_session(self, now: float, session: str) -> Verification | None:
        return next((one for one in self._open if one.session == session and one.expires_at > now), None)

    def send_code(self, verification: Verification) -> None:
        """Send a new code; the earlier one is void."""
        verification.code = f"{self._rng.randrange(1_000_000):06d}"

    def check(self, verification: Verification, code: str) -> bool:
        """Whether this is the code that was sent."""
        if verification.code is not None and code.strip() == verification.code:
            verification.is_passed = True
        return verification.is_passed

    def codes_sent(self, account: str) -> tuple[str, ...]:
        """The codes that lie in the person's phone or mail box, newest last."""
        return tuple(one.code for one in self._open if one.account == account and one.code is not None)
