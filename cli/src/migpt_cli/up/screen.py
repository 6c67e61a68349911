"""How `migpt up` looks: notes and log lines one after another, and a spinner below while something is waited for."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.status import Status
from rich.text import Text

from migpt_cli.up.progress import Note
from migpt_cli.up.service_lines import read_line, rendered
from migpt_shared.language import Language, Phrase

_MARKS = {"good": ("✓", "green"), "bad": ("✗", "bold red"), "ready": ("●", "bold green")}

_DIED = Phrase(
    zh="{name} 意外退出（{code}），{pause:g} 秒后重启", en="{name} died ({code}); starting it again in {pause:g} s"
)
_UNUSABLE = Phrase(
    zh="{name} 说无法用这份配置启动（见上面的几行），全部停止。",
    en="{name} cannot start with this configuration (see its lines above); stopping everything.",
)


class Screen:
    """Writes to stdout. With `as_json` every line is JSON, as the services write it."""

    def __init__(self, language: Language, *, as_json: bool) -> None:
        self._language = language
        self._as_json = as_json
        self._console = Console(file=sys.stdout, highlight=False, soft_wrap=True)
        self._status: Status | None = None

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Shows the spinner where there is a terminal."""
        if self._as_json or not self._console.is_terminal:
            yield
            return
        self._status = self._console.status("", spinner="dots")
        with self._status:
            yield

    def waiting(self, what: str | None) -> None:
        """What is waited for now; None: nothing."""
        if self._status is None:
            return
        if what is None:
            self._status.stop()
            self._status = None
        else:
            self._status.update(Text(f"{what}…", style="cyan"))

    def note(self, note: Note) -> None:
        if self._as_json:
            level = "warning" if note.mark == "bad" else "info"
            self._write_json({"event": note.text, "level": level, "service": "up"})
            return
        mark, style = _MARKS[note.mark]
        self._console.print(Text.assemble((f"{mark} ", style), (note.text, "bold" if note.mark == "ready" else "")))

    # -- Witness

    def line(self, name: str, line: str) -> None:
        if self._as_json:
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
        else:
            self._console.print(rendered(read_line(name, line)))

    def died(self, name: str, code: int, again_in_s: float) -> None:
        self.note(Note("bad", _DIED.in_(self._language, name=name, code=code, pause=again_in_s)))

    def unusable(self, name: str) -> None:
        self.note(Note("bad", _UNUSABLE.in_(self._language, name=name)))

    def _write_json(self, content: dict[str, str]) -> None:
        sys.stdout.write(json.dumps(content, ensure_ascii=False) + "\n")
        sys.stdout.flush()
