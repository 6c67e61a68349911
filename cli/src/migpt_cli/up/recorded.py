"""A witness that also keeps the lines in a file, where the console shows them."""

from __future__ import annotations

import json
import time

from migpt_cli.up.supervisor import Witness
from migpt_shared.log_file import LogFile


class Recorded:
    """Passes everything on to the other witness."""

    def __init__(self, witness: Witness, log: LogFile) -> None:
        self._witness = witness
        self._log = log

    def line(self, name: str, line: str) -> None:
        self._log.line(name, line)
        self._witness.line(name, line)

    def died(self, name: str, code: int, again_in_s: float) -> None:
        self._note("service_died", name, code=code, again_in_s=again_in_s)
        self._witness.died(name, code, again_in_s)

    def unusable(self, name: str) -> None:
        self._note("service_unusable", name)
        self._witness.unusable(name)

    def _note(self, event: str, name: str, **details: float) -> None:
        moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        note = {"event": event, "service": name, "level": "error", "timestamp": moment, **details}
        self._log.line(name, json.dumps(note))
