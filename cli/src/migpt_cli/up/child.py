"""A child process that never outlives us, and whose lines we read."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence

#: As long as a child may take to end by itself when asked to, seconds.
STOP_WITHIN_S = 5.0
_LONGEST_LINE = 1024 * 1024

# A small shell beside the child reads a pipe that only we hold open. A line means that the child has ended or that we
# end it ourselves; the pipe's end without one means that we are gone: the child is asked to stop, then made to.
_WITH_LIFELINE = (
    "exec 3<&0 </dev/null; "
    "{ read -r _ <&3 || { kill $$; for _ in 1 2 3 4 5; do sleep 1; kill -0 $$ || exit; done; kill -9 $$; }; }"
    " >/dev/null 2>&1 & "
    'exec "$@" 3<&-'
)


class Child:
    """One process. Not in the terminal's process group: Ctrl+C reaches us, and we stop it in order."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, lifeline: int) -> None:
        self.name = name
        self._process = process
        self._lifeline: int | None = lifeline

    @classmethod
    async def start(cls, name: str, command: Sequence[str], environment: Mapping[str, str]) -> Child:
        """Start a program in exactly this environment. Raises OSError when that is not possible."""
        if sys.platform != "win32":
            command = ["/bin/sh", "-c", _WITH_LIFELINE, "sh", *command]
        theirs, ours = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=theirs,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                env=dict(environment),
                start_new_session=sys.platform != "win32",
                limit=_LONGEST_LINE,
            )
        except BaseException:
            os.close(ours)
            raise
        finally:
            os.close(theirs)
        return cls(name, process, ours)

    @property
    def pid(self) -> int:
        return self._process.pid

    async def lines(self) -> AsyncIterator[str]:
        """What it writes, until it ends. Must be read, or it stands still when the pipe is full."""
        output = self._process.stdout
        if output is None:
            raise RuntimeError("the child was started without a pipe")
        while True:
            try:
                line = await output.readline()
            except ValueError:  # longer than the limit; that part is dropped
                continue
            if not line:
                return
            yield line.decode("utf-8", errors="replace").rstrip("\n")

    async def wait(self) -> int:
        """Its exit code once it has ended; negative: the signal that ended it."""
        code = await self._process.wait()
        self._let_go()
        return code

    def ask_to_stop(self) -> None:
        """SIGTERM."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)

    async def stop(self, within_s: float = STOP_WITHIN_S) -> None:
        """End it, kindly at first."""
        self.ask_to_stop()
        try:
            async with asyncio.timeout(within_s):
                await self.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self.wait()

    def _let_go(self) -> None:
        """The shell beside it has nothing to watch any more; the process id may soon be somebody else's."""
        lifeline, self._lifeline = self._lifeline, None
        if lifeline is not None:
            with contextlib.suppress(BrokenPipeError):
                os.write(lifeline, b"\n")
            os.close(lifeline)
