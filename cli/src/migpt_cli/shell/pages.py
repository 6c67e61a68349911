"""What a shell shows as a page: the commands, and the last requests."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from migpt_cli.shell.call_log import Call
from migpt_cli.shell.lines import COMMANDS, usage_of
from migpt_shared.language import Language, Phrase

_ASKED = Phrase(
    zh="不是命令的一行会被当作问题，由选中的音箱回答；要照念用“说 …”。命令前也可以加 /。",
    en="A line that is no command is asked, and the chosen speakers answer; “say …” speaks a text as it is. A command "
    "may have a / before it.",
)
_NO_CALLS = Phrase(zh="还没有请求。", en="no requests yet.")
_COLUMNS = (
    Phrase(zh="时间", en="when"),
    Phrase(zh="音箱", en="speaker"),
    Phrase(zh="来源", en="source"),
    Phrase(zh="问题", en="question"),
    Phrase(zh="谁来答", en="answered by"),
    Phrase(zh="首词 ms", en="first token ms"),
    Phrase(zh="首句 ms", en="first sentence ms"),
    Phrase(zh="全程 ms", en="total ms"),
    Phrase(zh="结果", en="result"),
)
_TEXT_SHOWN = 24


def help_page(language: Language) -> RenderableType:
    """All commands, in both languages, and what happens to every other line."""
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, style="bold")
    table.add_column(no_wrap=True)
    table.add_column()
    for verb, described in COMMANDS.items():
        usage = usage_of(verb)
        other = described.words[0] if language == "zh" else described.words[1]
        table.add_row(usage.in_(language), other, described.about.in_(language))
    return Group(table, Text(_ASKED.in_(language), style="grey62"))


def calls_page(calls: Sequence[Call], language: Language) -> RenderableType:
    """Requests as a table, newest last."""
    if not calls:
        return Text(_NO_CALLS.in_(language))
    table = Table(box=SIMPLE_HEAD, header_style="bold", pad_edge=False, padding=(0, 1, 0, 0))
    for column in _COLUMNS:
        table.add_column(column.in_(language), overflow="fold")
    for call in calls:
        text = call.text if len(call.text) <= _TEXT_SHOWN else f"{call.text[:_TEXT_SHOWN]}…"
        times = [
            "–" if took is None else f"{took:.0f}"
            for took in (call.first_token_ms, call.first_sentence_ms, call.total_ms)
        ]
        when = call.at.strftime("%H:%M:%S")
        table.add_row(when, call.speaker, call.source, text, call.answered_by, *times, call.ended)
    return table
