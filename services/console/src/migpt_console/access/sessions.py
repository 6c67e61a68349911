"""Logged-in browsers: random tokens in cookies, their hashes on disk, so that a restart logs nobody out."""

from __future__ import annotations

import hashlib
import json
import secrets
from pathlib import Path

from migpt_shared.private_file import write_private

SESSION_S = 30 * 24 * 3600.0
#: The oldest goes when there are more.
MOST_SESSIONS = 100


class Sessions:
    """Times are Unix seconds."""

    def __init__(self, file: Path, now: float) -> None:
        self._file = file
        self._ends: dict[str, float] = {digest: end for digest, end in _read(file).items() if end > now}

    def begin(self, now: float) -> str:
        """A new session's token for the cookie. Raises OSError when it cannot be kept."""
        token = secrets.token_urlsafe(32)
        self._ends[_digest(token)] = now + SESSION_S
        while len(self._ends) > MOST_SESSIONS:
            del self._ends[min(self._ends, key=self._ends.__getitem__)]
        self._save()
        return token

    def is_open(self, token: str | None, now: float) -> bool:
        # Looked up by hash: how long that takes says nothing about the token.
        return token is not None and self._ends.get(_digest(token), 0.0) > now

    def end(self, token: str) -> None:
        """Log that browser out."""
        if self._ends.pop(_digest(token), None) is not None:
            self._save()

    def end_all(self) -> None:
        """Log every browser out, as after a change of the password."""
        self._ends.clear()
        self._save()

    def _save(self) -> None:
        write_private(self._file, json.dumps(self._ends))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _read(file: Path) -> dict[str, float]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    if not isinstance(content, dict):
        return {}
    return {str(key): float(end) for key, end in content.items() if isinstance(end, int | float)}
