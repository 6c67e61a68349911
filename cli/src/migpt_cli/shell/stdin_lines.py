"""Lines of standard input, whatever it is: a pipe, a file, a device."""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import os
import sys
import threading
from collections.abc import AsyncIterator

_CHUNK_BYTES = 65536


async def lines_of_stdin() -> AsyncIterator[str]:
    """Each line without its end, as soon as it is there; text that is no UTF-8 comes with replacement marks.

    A thread reads, past Python's own buffer, whose lock a reader that never ends would keep beyond the end of the
    program; asyncio's pipes know no files.
    """
    loop = asyncio.get_running_loop()
    chunks: asyncio.Queue[bytes] = asyncio.Queue()

    def read() -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended, and nobody reads any more
            while True:
                try:
                    chunk = os.read(sys.stdin.fileno(), _CHUNK_BYTES)
                except OSError:
                    chunk = b""
                loop.call_soon_threadsafe(chunks.put_nowait, chunk)
                if not chunk:
                    return

    threading.Thread(target=read, name="stdin", daemon=True).start()
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    rest = ""
    while chunk := await chunks.get():
        *lines, rest = (rest + decoder.decode(chunk)).split("\n")
        for line in lines:
            yield line
    rest += decoder.decode(b"", final=True)
    if rest:
        yield rest
