"""The console's one password, kept as an argon2 hash."""

from __future__ import annotations

import asyncio
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from migpt_shared.private_file import write_private

SHORTEST_PASSWORD = 8
LONGEST_PASSWORD = 200

# 19 MiB and two passes are what OWASP asks for at least; the library's default of 64 MiB is much for a small machine.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


class PasswordStore:
    """The hash in a file. Hashing takes tens of milliseconds and is done beside the event loop, one at a time."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._one_at_a_time = asyncio.Lock()
        self._hash = self._read()

    @property
    def is_set(self) -> bool:
        return self._hash is not None

    async def set(self, password: str) -> None:
        """Keep a new password. Raises ValueError when it is too short or too long, OSError when it cannot be kept."""
        if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
            raise ValueError(f"a password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters")
        async with self._one_at_a_time:
            hashed = await asyncio.to_thread(_HASHER.hash, password)
            await asyncio.to_thread(write_private, self._file, hashed)
            self._hash = hashed

    async def fits(self, password: str) -> bool:
        """Whether that is the password; never when none is set."""
        hashed = self._hash
        if hashed is None or len(password) > LONGEST_PASSWORD:
            return False
        async with self._one_at_a_time:
            return await asyncio.to_thread(_verify, hashed, password)

    def _read(self) -> str | None:
        try:
            return self._file.read_text(encoding="utf-8").strip() or None
        except FileNotFoundError:
            return None


def _verify(hashed: str, password: str) -> bool:
    try:
        return _HASHER.verify(hashed, password)
    except (Argon2Error, InvalidHashError):
        return False
