"""`migpt corrections`: who people said should have answered; read from the data folder or the configured database."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from migpt_cli.configuration import read_settings
from migpt_cli.ending import ends_properly
from migpt_cli.intent_model import with_corrections
from migpt_cli.options import ConfigOption, JsonOption
from migpt_cli.outcome import EXIT_FAILED, EXIT_OK, say_err, say_out
from migpt_cli.wording import help_language, words
from migpt_shared.language import Phrase

if TYPE_CHECKING:
    from migpt_brain.corrections import Correction

corrections_app = typer.Typer(
    help=words("纠正：哪些话该由谁来答。", "Corrections: who should answer which words."),
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

_NONE = Phrase(
    zh="还没有纠正。对音箱说“这句该你来答”或“这句不用你管”，或发送 do/correct。",
    en="no corrections yet. Say “that was for you” or “that was not for you” to a speaker, or send do/correct.",
)
_NOTHING_UNDONE = Phrase(zh="没有可以撤销的纠正。", en="there is no such correction to undo.")
_UNDONE = Phrase(zh="已撤销：“{text}” → {target}", en="undone: “{text}” → {target}")
_COLUMNS = (
    Phrase(zh="时间", en="when"),
    Phrase(zh="音箱", en="speaker"),
    Phrase(zh="说的话", en="words"),
    Phrase(zh="该由谁答", en="for"),
)
_TARGETS = {"llm": Phrase(zh="大模型", en="language model"), "native": Phrase(zh="小爱", en="XiaoAI")}


@corrections_app.command("list", help=words("列出全部纠正，新的在前。", "List all corrections, the newest first."))
@ends_properly
def list_(config: ConfigOption = None, as_json: JsonOption = False) -> int:
    known = with_corrections(read_settings(config), lambda store: store.all())
    if as_json:
        say_out(json.dumps([_entry(correction) for correction in known], ensure_ascii=False))
    elif not known:
        say_out(_NONE.in_(help_language()))
    else:
        _show(known)
    return EXIT_OK


@corrections_app.command(
    "undo", help=words("撤销最近一次纠正，或某句话的纠正。", "Undo the newest correction, or that of these words.")
)
@ends_properly
def undo(
    text: Annotated[str | None, typer.Argument(metavar="[TEXT]", help=words("那句话", "the words"))] = None,
    config: ConfigOption = None,
) -> int:
    gone = with_corrections(read_settings(config), lambda store: store.undo(text))
    for correction in gone:
        target = _TARGETS[correction.target].in_(help_language())
        say_out(_UNDONE.in_(help_language(), text=correction.text, target=target))
    if not gone:
        say_err(_NOTHING_UNDONE.in_(help_language()))
        return EXIT_FAILED
    return EXIT_OK


@corrections_app.command(
    "export", help=words("导出全部纠正：每行一个 JSON，旧的在前。", "Export all: one JSON object a line, oldest first.")
)
@ends_properly
def export(config: ConfigOption = None) -> int:
    for correction in reversed(with_corrections(read_settings(config), lambda store: store.all())):
        say_out(json.dumps(_entry(correction), ensure_ascii=False))
    return EXIT_OK


def _entry(correction: Correction) -> dict[str, object]:
    return {
        "text": correction.text,
        "target": correction.target,
        "household": correction.household,
        "speaker": correction.speaker,
        "at": _local(correction).isoformat(timespec="seconds"),
    }


def _local(correction: Correction) -> datetime:
    return datetime.fromtimestamp(correction.at_ms / 1000).astimezone()


def _show(known: tuple[Correction, ...]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    language = help_language()
    table = Table(box=SIMPLE_HEAD, header_style="bold", pad_edge=False)
    for column in _COLUMNS:
        table.add_column(column.in_(language), overflow="fold")
    for correction in known:
        when = _local(correction).strftime("%Y-%m-%d %H:%M")
        where = f"{correction.household}/{correction.speaker}"
        table.add_row(when, where, Text(correction.text), _TARGETS[correction.target].in_(language))
    Console().print(table)
