"""The token file: written whole or not at all, readable by its owner only, shared by several processes."""

import asyncio
import contextlib
import os
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import structlog
from filelock import AsyncFileLock, Timeout

from migpt_shared.xiaomi.errors import CloudUnreachable, MalformedAnswer, StoreUnusable
from migpt_shared.xiaomi.tokens import Tokens, tokens_from_json, tokens_to_json

LOCK_WAIT_S = 60.0
"""A login has at most four requests of 15 s each; a process that dies gives its lock up at once."""

_log = structlog.get_logger(__name__)

Stamp = tuple[int, int, int] | None
"""Identity of one version of the file; None if there is no file."""


class TokenStore:
    """The tokens of one account at `path` (mode 0600; missing folders are made with 0700).

    Safe to share between processes on one host: whoever changes the file holds `lock()` and reads it again first.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def __repr__(self) -> str:
        return f"TokenStore({str(self.path)!r})"

    @contextlib.asynccontextmanager
    async def lock(self) -> AsyncIterator[None]:
        """Only one task of one process at a time is inside.

        Raises StoreUnusable if the folder is not writable, CloudUnreachable if another process stays inside too long.
        """
        try:
            self._make_folder()
            lock = AsyncFileLock(
                self.path.with_name(self.path.name + ".lock"),
                timeout=LOCK_WAIT_S,
                mode=0o600,
                run_in_executor=False,
                fallback_to_soft=False,  # a lock that outlives its process would end all logins
            )
            await lock.acquire()
        except Timeout:
            raise CloudUnreachable("another process has been logging in for a minute; try again later") from None
        except (OSError, NotImplementedError) as error:
            raise self._unusable("lock", error) from error
        try:
            yield
        finally:
            await lock.release()

    def stamp(self) -> Stamp:
        """Which version of the file is there; unequal to an earlier one as soon as anybody wrote."""
        try:
            status = self.path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino

    def load(self) -> Tokens | None:
        """The tokens, None if there is no file. A file that cannot be understood is moved aside and counts as none.

        Raises StoreUnusable if there is a file that may not be read.
        """
        try:
            content = self.path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise self._unusable("read", error) from error
        try:
            return tokens_from_json(content)
        except MalformedAnswer as error:
            aside = self.path.with_name(self.path.name + ".broken")
            with contextlib.suppress(OSError):
                self.path.replace(aside)
            _log.warning("token_file_broken", path=str(self.path), moved_to=str(aside), error=str(error))
            return None

    async def save(self, tokens: Tokens) -> None:
        """Replaces the file, `lock()` being held; a crash leaves the old one or the new one. Raises StoreUnusable."""
        await asyncio.to_thread(self._write, tokens_to_json(tokens))

    def _write(self, content: bytes) -> None:
        temporary: str | None = None
        try:
            self._make_folder()
            for left_by_a_crash in self.path.parent.glob(f".{self.path.name}.*"):
                left_by_a_crash.unlink(missing_ok=True)
            handle, temporary = tempfile.mkstemp(prefix=f".{self.path.name}.", dir=self.path.parent)  # mode 0600
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, self.path)
            temporary = None
        except OSError as error:
            raise self._unusable("write", error) from error
        finally:
            if temporary is not None:
                with contextlib.suppress(OSError):
                    os.unlink(temporary)

    def _make_folder(self) -> None:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _unusable(self, verb: str, error: Exception) -> StoreUnusable:
        why = (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
        return StoreUnusable(
            f"cannot {verb} the Xiaomi token file {self.path}: {why}. Make its folder writable for this user, "
            "or set data_dir to a folder that is."
        )
