"""`migpt speakers`: what speakers there are and how they are."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from migpt_cli.configuration import settings_with_broker
from migpt_cli.ending import ends_properly
from migpt_cli.options import ConfigOption, JsonOption
from migpt_cli.outcome import EXIT_FAILED, EXIT_OK, say_err, say_out
from migpt_shared.language import Phrase

if TYPE_CHECKING:
    from migpt_shared.settings import Settings

_NONE = Phrase(
    zh="还没有发现任何音箱。服务在运行吗（./migpt up）？",
    en="no speaker is known yet. Do the services run (./migpt up)?",
)
_ACCOUNT_TROUBLE = Phrase(zh="账号 {household}：{reason}", en="account {household}: {reason}")


@ends_properly
def speakers(config: ConfigOption = None, as_json: JsonOption = False) -> int:
    settings = settings_with_broker(config)
    return asyncio.run(_show(settings, as_json=as_json))


async def _show(settings: Settings, *, as_json: bool) -> int:
    from migpt_cli.connection import connect_to
    from migpt_cli.directory import DIRECTORY, read_directory
    from migpt_cli.status_view import speaker_json, speakers_table

    async with connect_to(settings, DIRECTORY) as connection:
        directory = await read_directory(connection)
    if as_json:
        say_out(json.dumps([speaker_json(speaker) for speaker in directory.sorted()], ensure_ascii=False, indent=2))
        return EXIT_OK
    language = settings.language
    for household, account in sorted(directory.accounts.items()):
        if not account.ok:
            say_err(_ACCOUNT_TROUBLE.in_(language, household=household, reason=account.reason or "?"))
    if not directory.sorted():
        say_err(f"migpt: {_NONE.in_(language)}")
        return EXIT_FAILED
    from rich.console import Console

    Console().print(speakers_table(directory.sorted(), language))
    return EXIT_OK
