"""How a long-running command is told to stop."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable

from migpt_cli.outcome import EXIT_INTERRUPTED


def stop_wanted(tell: Callable[[], None]) -> asyncio.Event:
    """Set by the first SIGINT, SIGTERM or SIGHUP (the terminal is closed), of which `tell` tells.

    The second ends this process on the spot; the children then see that we are gone, and end by themselves.
    """
    stop = asyncio.Event()

    def received() -> None:
        if stop.is_set():
            os._exit(EXIT_INTERRUPTED)
        stop.set()
        tell()

    loop = asyncio.get_running_loop()
    if sys.platform == "win32":
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(received))
    else:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, received)
    return stop
