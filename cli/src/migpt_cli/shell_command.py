"""`migpt shell`: talk to the speakers line by line."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from migpt_cli.configuration import settings_with_broker
from migpt_cli.ending import ends_properly
from migpt_cli.options import ConfigOption
from migpt_cli.wording import words

if TYPE_CHECKING:
    from migpt_shared.settings import Settings


@ends_properly
def shell(
    speaker: Annotated[
        str | None,
        typer.Option(
            "--speaker", "-s", metavar="SPEAKERS",
            help=words("一开始选中的音箱：名称、房间、地址或 all，可用逗号隔开几台",
                       "speakers chosen at first: names, areas, addresses or all, several by comma"),
        ),
    ] = None,
    config: ConfigOption = None,
) -> int:  # fmt: skip
    return asyncio.run(_shell(settings_with_broker(config), speaker))


async def _shell(settings: Settings, wanted: str | None) -> int:
    from migpt_cli.shell.terminal import run_shell

    return await run_shell(settings, wanted)
