"""`migpt history` and `migpt export`: turns that are over, from the console's history, which is only read."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from migpt_cli.configuration import read_settings
from migpt_cli.ending import ends_properly
from migpt_cli.options import ConfigOption, JsonOption
from migpt_cli.outcome import EXIT_OK, CommandFailedError, say_err, say_out
from migpt_cli.wording import words
from migpt_shared.language import Language, Phrase

if TYPE_CHECKING:
    from migpt_console.history import Filter, HistoryStore, PastTurn
    from migpt_shared.settings import Settings

_NO_HISTORY = Phrase(
    zh="还没有历史：{file} 不存在。网页控制台（console）运行时才会记录。",
    en="there is no history yet: {file} is missing. It is kept while the console service runs.",
)
_UNREADABLE = Phrase(zh="读不了历史：{reason}", en="the history cannot be read: {reason}")
_NONE_FIT = Phrase(zh="没有符合的对话。", en="no turn fits.")
_WRITTEN = Phrase(zh="已写入 {file}（{number} 条）", en="wrote {file} ({number} turns)")
_NOT_WRITTEN = Phrase(zh="写不了 {file}：{reason}", en="{file} cannot be written: {reason}")

WordsOption = Annotated[
    str, typer.Option("--words", "-w", help=words("问题或回答里要有这些词", "words in question or answer"))
]
PlaceOption = Annotated[
    str | None,
    typer.Option("--speaker", "-s", metavar="SPEAKER", help=words("哪台音箱：household/speaker", "household/speaker")),
]
RouteOption = Annotated[
    str | None,
    typer.Option("--route", metavar="llm|home|native|control", help=words("由谁回答的", "who answered")),
]
DaysOption = Annotated[
    float | None, typer.Option("--days", min=0, help=words("只要最近这么多天的", "of the last days only"))
]


class ExportFormat(StrEnum):
    CSV = "csv"
    JSONL = "jsonl"


@ends_properly
def history(
    wanted_words: WordsOption = "",
    speaker: PlaceOption = None,
    route: RouteOption = None,
    days: DaysOption = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help=words("最多几条", "how many at most"))] = 20,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> int:
    wanted = _filter(wanted_words, speaker, route, days)
    return asyncio.run(_show(read_settings(config), wanted, limit, as_json=as_json))


@ends_properly
def export(
    file: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help=words("写进文件；不写就输出", "write a file; else stdout")),
    ] = None,
    kind: Annotated[
        ExportFormat, typer.Option("--format", "-f", help=words("csv 表格，或每行一个 JSON", "a table, or JSON lines"))
    ] = ExportFormat.CSV,
    wanted_words: WordsOption = "",
    speaker: PlaceOption = None,
    route: RouteOption = None,
    days: DaysOption = None,
    config: ConfigOption = None,
) -> int:
    return asyncio.run(_export(read_settings(config), _filter(wanted_words, speaker, route, days), kind, file))


def _filter(wanted_words: str, speaker: str | None, route: str | None, days: float | None) -> Filter:
    from migpt_console.history import Filter

    since_ms = None if days is None else time.time_ns() // 1_000_000 - round(days * 86_400_000)
    return Filter(words=wanted_words, speaker=speaker, route=route, since_ms=since_ms)


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[HistoryStore]:
    """The history, open for reading. Raises CommandFailedError when there is none, or when reading it fails."""
    from migpt_console.history import HistoryStore, HistoryUnavailableError, history_file

    file = history_file(settings.data_dir)
    if not file.exists():
        raise CommandFailedError(_NO_HISTORY, file=file)
    try:
        async with HistoryStore(file, is_read_only=True) as store:
            yield store
    except HistoryUnavailableError as error:
        raise CommandFailedError(_UNREADABLE, reason=error) from error


async def _show(settings: Settings, wanted: Filter, limit: int, *, as_json: bool) -> int:
    from migpt_console.history.export import as_json_lines

    async with _opened(settings) as store:
        turns = (await store.find(wanted, limit=limit))[::-1]
    if as_json:
        async for line in as_json_lines(_each(turns)):
            say_out(line.rstrip("\n"))
    elif not turns:
        say_err(_NONE_FIT.in_(settings.language))
    for turn in () if as_json else turns:
        for line in _lines(turn, settings.language):
            say_out(line)
    return EXIT_OK


async def _each(turns: list[PastTurn]) -> AsyncIterator[PastTurn]:
    for turn in turns:
        yield turn


def _lines(turn: PastTurn, language: Language) -> list[str]:
    at = datetime.fromtimestamp(turn.at_ms / 1000).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    who = turn.preset if turn.route == "llm" and turn.preset else turn.route
    lines = [f"{at}  {turn.address}  “{turn.text}” → {who}（{turn.reason_text or turn.reason}）"]
    if language == "en":
        lines[0] = f"{at}  {turn.address}  “{turn.text}” → {who} ({turn.reason_text or turn.reason})"
    if turn.reply:
        lines.append(f"    {turn.reply}")
    if turn.error or turn.phase != "done":
        lines.append(f"    ✗ {turn.phase}{f': {turn.error}' if turn.error else ''}")
    return lines


async def _export(settings: Settings, wanted: Filter, kind: ExportFormat, file: Path | None) -> int:
    from migpt_console.history.export import as_csv, as_json_lines
    from migpt_shared.private_file import write_private

    pieces = []
    async with _opened(settings) as store:
        number = await store.count(wanted)
        turns = store.every(wanted)
        async for piece in as_csv(turns) if kind is ExportFormat.CSV else as_json_lines(turns):
            if file is None:
                sys.stdout.write(piece)
            else:
                pieces.append(piece)
    if file is None:
        sys.stdout.flush()
        return EXIT_OK
    try:
        write_private(file, "".join(pieces))
    except OSError as error:
        reason = error.strerror or os.strerror(error.errno or 0)
        raise CommandFailedError(_NOT_WRITTEN, file=file, reason=reason) from error
    say_out(_WRITTEN.in_(settings.language, file=file, number=number))
    return EXIT_OK
