"""`migpt messages`: the message reference in the terminal, and the files that are generated from it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from migpt_cli.ending import ends_properly
from migpt_cli.outcome import EXIT_FAILED, EXIT_OK, EXIT_UNUSABLE, CommandFailedError, say_err, say_out
from migpt_cli.wording import help_language, words
from migpt_shared.language import Phrase

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table

    from migpt_shared.messages import Message

_UNKNOWN = Phrase(zh="没有叫“{name}”的消息。有：{names}", en="no message is called {name!r}. There are: {names}")
_OUTDATED = Phrase(
    zh="过期：{file}（./migpt messages --write 重新生成）", en="outdated: {file} (./migpt messages --write)"
)
_WRITTEN = Phrase(zh="已写入 {file}", en="wrote {file}")
_UP_TO_DATE = Phrase(zh="生成的文件都是最新的。", en="all generated files are up to date.")
_HINT = Phrase(
    zh="{{h}} 家庭，{{s}} 音箱。./migpt messages 名称 查看一种消息：字段、示例和可以直接使用的 mosquitto_pub 命令",
    en="{{h}} household, {{s}} speaker. ./migpt messages KIND shows one: fields, example, mosquitto_pub line",
)
_TRAFFIC = Phrase(zh="谁发 → 谁收", en="from → to")
_COLUMNS = (
    Phrase(zh="名称", en="kind"),
    Phrase(zh="主题", en="topic"),
    Phrase(zh="保留", en="kept"),
    Phrase(zh="有效期", en="expiry"),
    _TRAFFIC,
)
_FIELD_COLUMNS = (
    Phrase(zh="字段", en="field"),
    Phrase(zh="类型", en="type"),
    Phrase(zh="默认", en="default"),
    Phrase(zh="含义", en="meaning"),
)
_EXAMPLE = Phrase(zh="示例", en="example")
_EVERYBODY = Phrase(zh="所有", en="everybody")


@ends_properly
def messages(
    kind: Annotated[
        str | None,
        typer.Argument(metavar="[KIND]", help=words("消息名或主题，如 Say、do/say", "such as Say or do/say")),
    ] = None,
    check: Annotated[
        bool,
        typer.Option(
            "--check", help=words("检查生成的文件，过期则退出码 1", "exit 1 when generated files are outdated")
        ),
    ] = False,
    write: Annotated[
        bool,
        typer.Option("--write", help=words("重新生成 docs/ 和 mosquitto/acl", "write docs/ and mosquitto/acl anew")),
    ] = False,
) -> int:
    if check or write:
        return _write() if write else _check()
    from rich.console import Console

    Console().print(_detail(_find(kind)) if kind else _overview(), _HINT.in_(help_language()) if not kind else "")
    return EXIT_OK


def _check() -> int:
    from migpt_cli.checkout import ROOT
    from migpt_shared.reference import outdated

    stale = outdated(ROOT)
    for file in stale:
        say_err(_OUTDATED.in_(help_language(), file=file))
    if not stale:
        say_out(_UP_TO_DATE.in_(help_language()))
    return EXIT_FAILED if stale else EXIT_OK


def _write() -> int:
    from migpt_cli.checkout import ROOT
    from migpt_shared.reference import outdated, write

    stale = outdated(ROOT)
    write(ROOT)
    for file in stale:
        say_out(_WRITTEN.in_(help_language(), file=file))
    if not stale:
        say_out(_UP_TO_DATE.in_(help_language()))
    return EXIT_OK


def _find(name: str) -> type[Message]:
    from migpt_shared.messages import CATALOGUE

    for kind in CATALOGUE:
        pattern = kind.channel.pattern
        if name.lower() in (kind.__name__.lower(), pattern) or pattern.endswith(f"}}/{name.strip('/')}"):
            return kind
    names = ", ".join(kind.__name__ for kind in CATALOGUE)
    raise CommandFailedError(_UNKNOWN, exit_code=EXIT_UNUSABLE, name=name, names=names)


def _overview() -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from migpt_shared.messages import CATALOGUE, PARTIES, traffic_of

    language = help_language()

    def who(parties: tuple[str, ...]) -> str:
        return _EVERYBODY.in_(language) if set(parties) == set(PARTIES) else ", ".join(parties)

    table = Table(box=SIMPLE_HEAD, header_style="bold", pad_edge=False, padding=(0, 1, 0, 0))
    for column in _COLUMNS:
        is_free = column is _TRAFFIC
        table.add_column(column.in_(language), overflow="fold", no_wrap=not is_free)
    for kind in CATALOGUE:
        channel, traffic = kind.channel, traffic_of(kind)
        expiry = f"{channel.expires_s} s" if channel.expires_s else "–"
        retained = "✓" if channel.retain else ""
        topic = channel.pattern.replace("{household}/{speaker}", "{h}/{s}").replace("{household}", "{h}")
        table.add_row(kind.__name__, topic, retained, expiry, f"{who(traffic.writers)} → {who(traffic.readers)}")
    return table


def _detail(kind: type[Message]) -> Group:
    from rich.box import SIMPLE_HEAD
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    from migpt_shared.messages import Message
    from migpt_shared.reference import publish_line, type_in_words

    language = help_language()
    table = Table(box=SIMPLE_HEAD, header_style="bold", pad_edge=False)
    for column in _FIELD_COLUMNS:
        table.add_column(column.in_(language), overflow="fold")
    properties = kind.model_json_schema(by_alias=False)["properties"]
    for name, field in kind.model_fields.items():
        if name in Message.model_fields:
            continue
        shown = properties[name]
        default = "" if field.is_required() else json.dumps(shown.get("default"), ensure_ascii=False)
        table.add_row(name, type_in_words(shown), default, Text(field.description or ""))
    return Group(
        Text.assemble((kind.__name__, "bold"), "  ", (kind.channel.pattern, "cyan")),
        Text(" ".join((kind.__doc__ or "").split())),
        table,
        Text(f"{_EXAMPLE.in_(language)}: {json.dumps(kind.example, ensure_ascii=False)}"),
        Text(publish_line(kind), style="green"),
    )
