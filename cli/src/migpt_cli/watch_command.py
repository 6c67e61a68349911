"""`migpt watch`: every turn as it happens."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from migpt_cli.configuration import settings_with_broker
from migpt_cli.ending import ends_properly
from migpt_cli.options import ConfigOption, JsonOption, SpeakerOption
from migpt_cli.outcome import EXIT_OK

if TYPE_CHECKING:
    from migpt_shared.settings import Settings


@ends_properly
def watch(speaker: SpeakerOption = None, config: ConfigOption = None, as_json: JsonOption = False) -> int:
    return asyncio.run(_watch(settings_with_broker(config), speaker, as_json=as_json))


async def _watch(settings: Settings, wanted: str | None, *, as_json: bool) -> int:
    from migpt_cli.watching import watch_turns

    await watch_turns(settings, wanted, as_json=as_json)
    return EXIT_OK
