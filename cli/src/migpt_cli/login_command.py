"""`migpt login`: log in to a Xiaomi account, and let a speaker say hello."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from migpt_cli.configuration import config_path, read_settings
from migpt_cli.ending import ends_properly
from migpt_cli.options import ConfigOption
from migpt_cli.outcome import EXIT_UNUSABLE, CommandFailedError
from migpt_cli.wording import words
from migpt_shared.language import Phrase

if TYPE_CHECKING:
    from migpt_shared.settings import Settings

_NEW_HOUSEHOLD = "home"

_SEVERAL = Phrase(zh="登录哪个家庭？./migpt login {names}", en="which household? ./migpt login {names}")
_NO_NAME = Phrase(zh="不能这样叫：{problem}", en="it cannot be called so: {problem}")
_UNKNOWN = Phrase(
    zh="没有配置家庭 {name}；有：{names}。新的家庭：./migpt households add",
    en="no household {name} is configured; there are: {names}. A new one: ./migpt households add",
)


@ends_properly
def login(
    household: Annotated[
        str | None,
        typer.Argument(help=words("家庭名；只有一个时可省略", "the household; may be left out if there is only one")),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(
            "--by",
            metavar="qr|pass_token|password",
            help=words("用什么方式；不写就问", "by which way; asked for without it"),
        ),
    ] = None,
    hello: Annotated[
        str | None,
        typer.Option(
            "--hello",
            metavar="NAME",
            help=words("最后让这台音箱（App 里的名称）说句话；不写就问", "the speaker (its name in Xiaomi's app) that "
                       "says hello at the end; asked for without it"),
        ),
    ] = None,
    is_silent: Annotated[
        bool, typer.Option("--no-hello", help=words("最后不让音箱说话", "let no speaker speak at the end"))
    ] = False,
    config: ConfigOption = None,
) -> int:  # fmt: skip
    if by not in (None, "qr", "pass_token", "password"):
        raise typer.BadParameter("qr | pass_token | password", param_hint="--by")
    from migpt_cli.login.person import person_here
    from migpt_cli.login.running import LoginRun

    settings = read_settings(config)
    login_run = LoginRun(settings, _household(settings, household), config_path(config), person_here())
    return asyncio.run(login_run.run(by, hello=hello, is_silent=is_silent))


def _household(settings: Settings, wanted: str | None) -> str:
    from migpt_shared.messages import name_problem

    names = list(settings.households)
    if wanted is None:
        if len(names) > 1:
            raise CommandFailedError(_SEVERAL, exit_code=EXIT_UNUSABLE, names="|".join(names))
        return names[0] if names else _NEW_HOUSEHOLD
    if names and wanted not in names:
        raise CommandFailedError(_UNKNOWN, exit_code=EXIT_UNUSABLE, name=wanted, names=", ".join(names))
    if problem := name_problem(wanted):
        raise CommandFailedError(_NO_NAME, exit_code=EXIT_UNUSABLE, problem=problem)
    return wanted
