"""Ends a process whose event loop is stuck, so that its supervisor starts it anew."""

from __future__ import annotations

import asyncio
import faulthandler
import os
import sys
import threading
import time

#: A loop that did not turn for this long will not come back by itself.
STUCK_AFTER_S = 30.0
#: A loop that was held up longer than this was blocked by a call that belongs into a thread.
BLOCKED_AFTER_S = 1.0
#: Exit status: internal software error (sysexits.h).
EXIT_STUCK = 70

_BEAT_EVERY_S = 1.0


class LoopWatchdog:
    """Beats on the loop, watches from a thread. `is_lively` is False after a beat that came late."""

    def __init__(self) -> None:
        self._last_beat = time.monotonic()
        self._lateness_s = 0.0
        self._stopped = threading.Event()

    @property
    def is_lively(self) -> bool:
        return self._lateness_s < BLOCKED_AFTER_S

    async def run(self) -> None:
        """Beat until cancelled."""
        self._last_beat = time.monotonic()
        thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
        thread.start()
        try:
            while True:
                await asyncio.sleep(_BEAT_EVERY_S)
                now = time.monotonic()
                self._lateness_s = now - self._last_beat - _BEAT_EVERY_S
                self._last_beat = now
        finally:
            self._stopped.set()

    def _watch(self) -> None:
        while not self._stopped.wait(STUCK_AFTER_S / 4):
            if time.monotonic() - self._last_beat > STUCK_AFTER_S:
                sys.stderr.write("the event loop is stuck; ending the process so that it is started anew\n")
                faulthandler.dump_traceback()
                os._exit(EXIT_STUCK)
