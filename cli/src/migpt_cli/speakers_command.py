"""`migpt speakers`: what speakers there are and how they are."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from migpt_cli.configuration import settings_with_broker
from migpt_cli.ending import ends_properly
from migpt_cli.options import ConfigOption, JsonOption
from migpt_cli.outcome import EXIT_FAILED, EXIT_OK, say_err, say_out
from migpt_shared.language import Language, Phrase

if TYPE_CHECKING:
    from rich.table import Table

    from migpt_cli.directory import Directory, KnownSpeaker
    from migpt_shared.settings import Settings

_NONE = Phrase(
    zh="还没有发现任何音箱。服务在运行吗（./migpt up）？",
    en="no speaker is known yet. Do the services run (./migpt up)?",
)
_COLUMNS = (
    Phrase(zh="地址", en="address"),
    Phrase(zh="名称", en="name"),
    Phrase(zh="型号", en="model"),
    Phrase(zh="房间", en="area"),
    Phrase(zh="在线", en="online"),
    Phrase(zh="AI", en="AI"),
    Phrase(zh="大模型", en="preset"),
    Phrase(zh="音量", en="volume"),
    Phrase(zh="状态", en="activity"),
    Phrase(zh="听/想/说", en="hears/thinks/speaks"),
)
_YES, _NO, _UNKNOWN = Phrase(zh="是", en="yes"), Phrase(zh="否", en="no"), "–"
_OFF = Phrase(zh="关", en="off")
_NOBODY = Phrase(zh="无", en="nobody")
_ACTIVITIES = {
    "idle": Phrase(zh="空闲", en="idle"),
    "speaking": Phrase(zh="说话中", en="speaking"),
    "muted": Phrase(zh="静音", en="muted"),
}
_MODES = {
    "auto": Phrase(zh="自动", en="auto"),
    "ai": Phrase(zh="全部", en="ai"),
    "native": Phrase(zh="关键词", en="native"),
}
_ACCOUNT_TROUBLE = Phrase(zh="账号 {household}：{reason}", en="account {household}: {reason}")


@ends_properly
def speakers(config: ConfigOption = None, as_json: JsonOption = False) -> int:
    settings = settings_with_broker(config)
    return asyncio.run(_show(settings, as_json=as_json))


async def _show(settings: Settings, *, as_json: bool) -> int:
    from migpt_cli.connection import connect_to
    from migpt_cli.directory import DIRECTORY, read_directory

    async with connect_to(settings, DIRECTORY) as connection:
        directory = await read_directory(connection)
    if as_json:
        say_out(json.dumps([_as_json(speaker) for speaker in directory.sorted()], ensure_ascii=False, indent=2))
        return EXIT_OK
    language = settings.language
    for household, account in sorted(directory.accounts.items()):
        if not account.ok:
            say_err(_ACCOUNT_TROUBLE.in_(language, household=household, reason=account.reason or "?"))
    if not directory.sorted():
        say_err(f"migpt: {_NONE.in_(language)}")
        return EXIT_FAILED
    from rich.console import Console

    Console().print(_table(directory, language))
    return EXIT_OK


def _table(directory: Directory, language: Language) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, header_style="bold", pad_edge=False, padding=(0, 1, 0, 0))
    *_, owners = _COLUMNS
    for column in _COLUMNS:
        table.add_column(column.in_(language), overflow="fold", no_wrap=column is not owners)
    for speaker in directory.sorted():
        table.add_row(*_row(speaker, language))
    return table


def _row(speaker: KnownSpeaker, language: Language) -> list[str]:
    info, hearing, brain, speech = speaker.info, speaker.hearing, speaker.brain, speaker.speech
    online = hearing.online if hearing else None
    served = "/".join(
        state.owner.rpartition("/")[2][:4] if state and state.owner else _NOBODY.in_(language)
        for state in (hearing, brain, speech)
    )
    return [
        str(speaker.address),
        speaker.name,
        info.hardware if info else _UNKNOWN,
        (info.area if info else None) or _UNKNOWN,
        _UNKNOWN if online is None else (_YES if online else _NO).in_(language),
        (_MODES[brain.mode] if brain.ai else _OFF).in_(language) if brain else _UNKNOWN,
        (brain.preset if brain else None) or _UNKNOWN,
        str(speech.volume) if speech and speech.volume is not None else _UNKNOWN,
        _ACTIVITIES[speech.activity].in_(language) if speech else _UNKNOWN,
        served,
    ]


def _as_json(speaker: KnownSpeaker) -> dict[str, object]:
    info, hearing, brain, speech = speaker.info, speaker.hearing, speaker.brain, speaker.speech
    return {
        "address": str(speaker.address),
        "household": speaker.address.household,
        "speaker": speaker.address.speaker,
        "uid": info.uid if info else None,
        "name": speaker.name,
        "hardware": info.hardware if info else None,
        "area": info.area if info else None,
        "online": hearing.online if hearing else None,
        "ai": brain.ai if brain else None,
        "mode": brain.mode if brain else None,
        "preset": brain.preset if brain else None,
        "persona": brain.persona if brain else None,
        "volume": speech.volume if speech else None,
        "activity": speech.activity if speech else None,
        "queue_length": speech.queue_length if speech else None,
        "owners": {
            "hearing": hearing.owner if hearing else None,
            "brain": brain.owner if brain else None,
            "speech": speech.owner if speech else None,
        },
    }
