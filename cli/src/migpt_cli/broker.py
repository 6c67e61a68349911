"""A mosquitto process of our own, on a loopback port of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import signal
import socket
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from migpt_cli.checkout import ROOT
from migpt_cli.mosquitto_program import find_mosquitto
from migpt_cli.problem import ProblemError
from migpt_shared.language import Phrase

_START_LIMIT_S = 10.0
_STOP_LIMIT_S = 5.0
_LOOK_AGAIN_S = 0.005
_PORT_ATTEMPTS = 5
_READY = re.compile(r"mosquitto version \S+ running")

_LISTENER = """\
listener {port} 127.0.0.1
# Reachable from this machine only.
allow_anonymous true
log_dest stderr
log_type error
log_type warning
log_type notice
log_type information
"""

# The broker must not outlive us, however we die: a small shell beside it reads a pipe that only we hold open. A line
# means that we stop the broker ourselves; the pipe's end without one means that we are gone.
_WITH_LIFELINE = """\
folder=$1; shift
exec 3<&0 </dev/null
{ read -r _ <&3 || { kill $$; rm -rf "$folder"; }; } >/dev/null 2>&1 &
exec "$@" 3<&-
"""

_MISSING = Phrase(
    zh="没有找到 mosquitto。请安装它（例如 apt install mosquitto），或在配置中用 mqtt.url 指定已有的服务器。",
    en="mosquitto was not found. Install it (apt install mosquitto, for one) or name a running broker by mqtt.url.",
)
_PORT_IN_USE = Phrase(
    zh="端口 {port} 已被占用。请停止占用它的程序，或换一个端口。",
    en="port {port} is in use. Stop the program that uses it, or choose another port.",
)
_REFUSED = Phrase(
    zh="mosquitto（{program}）无法启动：{reason}。需要 mosquitto 2.0 或更新的版本。",
    en="mosquitto ({program}) did not start: {reason}. Version 2.0 or newer is needed.",
)


class _PortTakenError(Exception):
    """Another program was quicker to take the port."""


class PrivateBroker:
    """A private mosquitto with the settings of `mosquitto/common.conf`, without users, on 127.0.0.1.

    Use it as an async context manager, or call `start` and `stop`. It ends with this process, even if this is killed.
    Not in the terminal's process group: Ctrl+C leaves it running, so that the services can take their leave.
    """

    def __init__(self, program: Path | None = None, *, port: int = 0) -> None:
        """`program`: the mosquitto to run (default: the one found). `port`: 0 for a free one, kept over restarts."""
        self._program = program
        self._port = port
        self._process: asyncio.subprocess.Process | None = None
        self._folder: Path | None = None
        self._lifeline: int | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def port(self) -> int:
        """The port it listens on; 0 before the first start if none was asked for."""
        return self._port

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self._port}"

    @property
    def pid(self) -> int:
        """The process id of mosquitto. Raises RuntimeError when it is not started."""
        if self._process is None:
            raise RuntimeError("the broker is not started")
        return self._process.pid

    async def start(self) -> None:
        """Starts mosquitto and waits until it accepts connections.

        Raises ProblemError when mosquitto is missing, refuses its configuration, or the port asked for is in use.
        """
        program = self._program or find_mosquitto()
        if program is None:
            raise ProblemError(_MISSING)
        chosen = self._port
        for attempt in range(1, _PORT_ATTEMPTS + 1):
            port = chosen or free_port()
            try:
                await self._launch(program, port)
            except _PortTakenError:
                await self.stop()
                if chosen or attempt == _PORT_ATTEMPTS:
                    raise ProblemError(_PORT_IN_USE, port=port) from None
            except BaseException:
                await self.stop()
                raise
            else:
                self._port = port
                return

    async def stop(self) -> None:
        """Ends mosquitto, kindly at first. Does nothing when it is not running."""
        process, self._process = self._process, None
        lifeline, self._lifeline = self._lifeline, None
        folder, self._folder = self._folder, None
        try:
            if lifeline is not None:
                with contextlib.suppress(BrokenPipeError):
                    os.write(lifeline, b"\n")
                os.close(lifeline)
            if process is not None:
                await _end(process)
        finally:
            if folder is not None:
                shutil.rmtree(folder, ignore_errors=True)

    async def kill(self) -> None:
        """Ends mosquitto as a crash would. `start` brings it back on the same port, empty."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
        await self.stop()

    async def wait(self) -> str:
        """Returns when mosquitto has ended, with its last words. Raises RuntimeError when it is not started."""
        if self._process is None:
            raise RuntimeError("the broker is not started")
        await self._process.wait()
        return self._last_words()

    async def _launch(self, program: Path, port: int) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="migpt-mosquitto-"))
        config = self._folder / "mosquitto.conf"
        common = (ROOT / "mosquitto" / "common.conf").read_text(encoding="utf-8")
        config.write_text(f"{_LISTENER.format(port=port)}\n{common}", encoding="utf-8")
        command = [str(program), "-c", str(config)]
        if sys.platform != "win32":
            command = ["/bin/sh", "-c", _WITH_LIFELINE, "sh", str(self._folder), *command]
        theirs, self._lifeline = os.pipe()
        try:
            with (self._folder / "log").open("wb") as log:
                self._process = await asyncio.create_subprocess_exec(
                    *command, stdin=theirs, stdout=log, stderr=log, start_new_session=sys.platform != "win32"
                )
        finally:
            os.close(theirs)
        try:
            async with asyncio.timeout(_START_LIMIT_S):
                # mosquitto says so once all its listeners are open. A successful connect would prove less: it may reach
                # another program on the same port.
                while not _READY.search(words := self._log()):
                    if self._process.returncode is not None:
                        if "Address already in use" in words:
                            raise _PortTakenError
                        raise ProblemError(_REFUSED, program=program, reason=self._last_words())
                    await asyncio.sleep(_LOOK_AGAIN_S)
        except TimeoutError:
            reason = f"not ready after {_START_LIMIT_S:.0f} s; {self._last_words()}"
            raise ProblemError(_REFUSED, program=program, reason=reason) from None

    def _log(self) -> str:
        if self._folder is None:
            return ""
        return (self._folder / "log").read_text(encoding="utf-8", errors="replace")

    def _last_words(self) -> str:
        lines = [line.partition(": ")[2] or line for line in self._log().splitlines()]
        errors = [line for line in lines if line.startswith("Error")]
        return "; ".join(errors or lines[-1:]) or "it said nothing"


async def _end(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(_STOP_LIMIT_S):
            await process.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
