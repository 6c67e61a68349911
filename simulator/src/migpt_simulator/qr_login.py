"""Login by a QR code that the person scans with their phone."""

from __future__ import annotations

import random
from dataclasses import dataclass

__all__ = ["QrCode", "QrCodes"]


@dataclass(slots=True)
class QrCode:
    """One code on a screen; `scanned_by` is the account that confirmed it."""

    ticket: str
    sid: str
    expires_at: float
    scanned_by: str | None = None


class QrCodes:
    """The codes that were shown."""

    def __init__(self, rng: random.Random, life_s: float = 300.0) -> None:
        self._rng = rng
        self._life_s = life_s
        self._codes: dict[str, QrCode] = {}

    def show(self, now: float, sid: str) -> QrCode:
        """A new code for one sid."""
        code = QrCode(f"lp_{self._rng.randbytes(16).hex()}", sid, now + self._life_s)
        self._codes[code.ticket] = code
        return code

    def find(self, now: float, ticket: str) -> QrCode | None:
        """The code, unless it is unknown or too old."""
        code = self._codes.get(ticket)
        return code if code is not None and code.expires_at > now else None

    def scan(self, now: float, account: str) -> bool:
        """Confirm the newest code that nobody confirmed; False if there is none."""
        for code in reversed(self._codes.values()):
            if code.scanned_by is None and code.expires_at > now:
                code.scanned_by = account
                return True
        return False

    def expire(self, now: float) -> int:
        """Let all codes be too old from now on; returns how many were still good."""
        alive = [code for code in self._codes.values() if code.expires_at > now]
        for code in alive:
            code.expires_at = now
        return len(alive)
