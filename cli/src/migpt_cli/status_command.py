"""`migpt status`: services, accounts and speakers at a glance."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from migpt_cli.configuration import settings_with_broker
from migpt_cli.ending import ends_properly
from migpt_cli.options import ConfigOption, JsonOption
from migpt_cli.outcome import EXIT_FAILED, EXIT_OK, say_out

if TYPE_CHECKING:
    from migpt_cli.directory import Directory
    from migpt_cli.residents import Residents
    from migpt_shared.settings import Settings


@ends_properly
def status(config: ConfigOption = None, as_json: JsonOption = False) -> int:
    return asyncio.run(_show(settings_with_broker(config), as_json=as_json))


async def _show(settings: Settings, *, as_json: bool) -> int:
    from migpt_cli.connection import connect_to
    from migpt_cli.directory import DIRECTORY, Directory
    from migpt_cli.residents import PRESENCES, Residents

    residents, directory = Residents(), Directory()
    async with connect_to(settings, [*DIRECTORY, *PRESENCES]) as connection:
        await connection.synchronised()
        while not connection.inbox.empty():
            arrived = connection.inbox.get_nowait()
            if not residents.take(arrived):
                directory.take(arrived)
    _print(settings, residents, directory, as_json=as_json)
    is_served = all(speaker.is_served for speaker in directory.sorted())
    is_well = all(one.is_well for one in residents.sorted()) and not residents.missing()
    is_logged_in = all(account.ok for account in directory.accounts.values())
    return EXIT_OK if is_served and is_well and is_logged_in and directory.sorted() else EXIT_FAILED


def _print(settings: Settings, residents: Residents, directory: Directory, *, as_json: bool) -> None:
    from migpt_cli.status_view import status_json, status_view

    if as_json:
        say_out(json.dumps(status_json(residents, directory), ensure_ascii=False, indent=2))
        return
    from rich.console import Console

    Console(highlight=False).print(status_view(residents, directory, settings.language))
