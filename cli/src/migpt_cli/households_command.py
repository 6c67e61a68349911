"""`migpt households`: which Xiaomi accounts there are, and how they are."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from migpt_cli.configuration import config_path, read_settings, settings_with_broker
from migpt_cli.ending import ends_properly
from migpt_cli.options import ConfigOption, JsonOption
from migpt_cli.outcome import EXIT_FAILED, EXIT_OK, EXIT_UNUSABLE, CommandFailedError, say_err, say_out
from migpt_cli.wording import help_language, words
from migpt_shared.language import Language, Phrase

if TYPE_CHECKING:
    from migpt_cli.directory import Directory
    from migpt_shared.settings import Settings

households_app = typer.Typer(
    no_args_is_help=True,
    help=words(
        "小米账号（家庭）：添加、列出、删除、查看状态。", "Xiaomi accounts (households): add, list, remove, status."
    ),
)

NameArgument = Annotated[
    str, typer.Argument(metavar="NAME", help=words("家庭名（a-z、0-9、_）", "its name (a-z, 0-9, _)"))
]
_REFUSED = Phrase(zh="没有改动配置：{reason}", en="the configuration is unchanged: {reason}")
_ADDED = Phrase(zh="已添加家庭 {name}（账号 {account}）", en="added household {name} (account {account})")
_REMOVED = Phrase(
    zh="已删除家庭 {name}；它的登录信息还在 {login}，对话记忆也还在",
    en="removed household {name}; its login stays in {login}, and so does the memory of its conversations",
)
_NONE = Phrase(zh="没有配置任何家庭", en="no household is configured")
_ALL_SPEAKERS = Phrase(zh="全部音箱", en="all speakers")
_ASKS = {
    "password": Phrase(zh="小米账号密码（不显示）", en="password of the Xiaomi account (not shown)"),
    "pass_token": Phrase(zh="passToken（不显示）", en="passToken (not shown)"),
}
_SPEAKER_FORM = Phrase(zh="--speaker 的格式是 名字=App里的名称", en="--speaker is SLUG=NAME IN XIAOMI'S APP")
_UNKNOWN = Phrase(zh="还没有消息：poller 在运行吗？", en="nothing heard of it yet: does a poller run?")
_OK = Phrase(zh="已登录", en="logged in")
_LINE = Phrase(
    zh="{name}：{account}；{online}/{speakers} 台音箱在线，今天 {requests} 次请求；由 {pollers} 负责",
    en="{name}: {account}; {online} of {speakers} speakers online, {requests} requests today; served by {pollers}",
)


@households_app.command(
    help=words(
        "添加一个小米账号；密码或 passToken 写进 secrets/xiaomi.toml，运行中的服务随即生效。",
        "Add a Xiaomi account; password or passToken go to secrets/xiaomi.toml, and running services take it up.",
    )
)
@ends_properly
def add(
    name: NameArgument,
    account: Annotated[
        str, typer.Option("--account", "-a", metavar="ID", help=words("数字小米 ID", "the numeric Xiaomi ID"))
    ],
    by: Annotated[
        str,
        typer.Option(
            "--by",
            metavar="password|pass_token|none",
            help=words(
                "用什么登录；从终端或标准输入读取一行", "how to log in; asked for, or read as a line from stdin"
            ),
        ),
    ] = "password",
    speaker: Annotated[
        list[str] | None,
        typer.Option(
            "--speaker",
            metavar="SLUG=NAME",
            help=words(
                "只用这些音箱（可重复），如 living_room=客厅小爱",
                "only these speakers (repeatable), such as living_room=客厅小爱",
            ),
        ),
    ] = None,
    config: ConfigOption = None,
) -> int:
    from migpt_cli.households_file import HouseholdRefusedError, NewHousehold, add_household

    if by not in ("password", "pass_token", "none"):
        raise typer.BadParameter("password | pass_token | none", param_hint="--by")
    speakers = dict(_slug_and_name(one) for one in speaker or ())
    secret = None if by == "none" else _secret("password" if by == "password" else "pass_token")
    new = NewHousehold(
        name=name,
        account=account,
        password=secret if by == "password" else None,
        pass_token=secret if by == "pass_token" else None,
        speakers=speakers,
    )
    try:
        add_household(config_path(config), new)
    except (HouseholdRefusedError, OSError) as error:
        raise CommandFailedError(_REFUSED, exit_code=EXIT_UNUSABLE, reason=error) from error
    say_err(_ADDED.in_(help_language(), name=name, account=account))
    return EXIT_OK


@households_app.command(
    help=words("删除一个小米账号（配置和密码）。", "Remove a Xiaomi account, configuration and secrets.")
)
@ends_properly
def remove(name: NameArgument, config: ConfigOption = None) -> int:
    from migpt_cli.households_file import HouseholdRefusedError, remove_household

    data_dir = read_settings(config).data_dir
    try:
        remove_household(config_path(config), name)
    except (HouseholdRefusedError, OSError) as error:
        raise CommandFailedError(_REFUSED, exit_code=EXIT_UNUSABLE, reason=error) from error
    say_err(_REMOVED.in_(help_language(), name=name, login=data_dir / "xiaomi" / f"{name}.json"))
    return EXIT_OK


@households_app.command("list", help=words("列出配置的家庭。", "List the configured households."))
@ends_properly
def list_(config: ConfigOption = None, as_json: JsonOption = False) -> int:
    households = read_settings(config).households
    if as_json:
        shown = [
            {"name": name, "account": one.account, "speakers": sorted(one.speakers)} for name, one in households.items()
        ]
        say_out(json.dumps(shown, ensure_ascii=False, indent=2))
        return EXIT_OK
    if not households:
        say_err(f"migpt: {_NONE.in_(help_language())}")
        return EXIT_FAILED
    for name, one in households.items():
        speakers = ", ".join(sorted(one.speakers)) or _ALL_SPEAKERS.in_(help_language())
        say_out(f"{name}  {one.account}  {speakers}")
    return EXIT_OK


@households_app.command(
    help=words(
        "每个家庭的登录、音箱和负责的实例；有一个没登录则退出码 1。",
        "Login, speakers and serving instances of each household; exit code 1 when one is not logged in.",
    )
)
@ends_properly
def status(config: ConfigOption = None, as_json: JsonOption = False) -> int:
    settings = settings_with_broker(config)
    return asyncio.run(_status(settings, as_json=as_json))


async def _status(settings: Settings, *, as_json: bool) -> int:
    from migpt_cli.connection import connect_to
    from migpt_cli.directory import DIRECTORY, read_directory

    async with connect_to(settings, DIRECTORY) as connection:
        directory = await read_directory(connection)
    names = sorted({*settings.households, *directory.accounts})
    found = [_of_household(name, directory) for name in names]
    if as_json:
        say_out(json.dumps(found, ensure_ascii=False, indent=2))
    else:
        for one in found:
            say_out(_in_words(one, settings.language))
    return EXIT_OK if found and all(one["ok"] for one in found) else EXIT_FAILED


def _of_household(name: str, directory: Directory) -> dict[str, object]:
    account = directory.accounts.get(name)
    speakers = [one for one in directory.sorted() if one.address.household == name]
    hearing = [one.hearing for one in speakers if one.hearing is not None]
    return {
        "name": name,
        "ok": account is not None and account.ok,
        "problem": None if account is None or account.ok else account.reason or "?",
        "is_known": account is not None,
        "speakers": len(speakers),
        "online": sum(bool(one.online) for one in hearing),
        "requests_today": sum(one.requests_today for one in hearing),
        "pollers": sorted({one.owner for one in hearing if one.owner}),
    }


def _in_words(one: dict[str, object], language: Language) -> str:
    account = _OK.in_(language) if one["ok"] else str(one["problem"] or _UNKNOWN.in_(language))
    pollers = one["pollers"]
    return _LINE.in_(
        language,
        name=one["name"],
        account=account,
        online=one["online"],
        speakers=one["speakers"],
        requests=one["requests_today"],
        pollers=", ".join(pollers) if isinstance(pollers, list) and pollers else "–",
    )


def _slug_and_name(given: str) -> tuple[str, str]:
    slug, is_given, name = given.partition("=")
    if not is_given or not slug or not name:
        raise typer.BadParameter(_SPEAKER_FORM.in_(help_language()), param_hint="--speaker")
    return slug, name


def _secret(kind: Literal["password", "pass_token"]) -> str:
    """From the terminal without showing it, else a line of stdin; never an argument, which others could see."""
    if sys.stdin.isatty():
        import getpass

        secret = getpass.getpass(f"{_ASKS[kind].in_(help_language())}: ")
    else:
        secret = sys.stdin.readline().rstrip("\n")
    if not secret:
        raise typer.BadParameter(_ASKS[kind].in_(help_language()), param_hint="stdin")
    return secret
