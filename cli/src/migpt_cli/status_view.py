"""How services, accounts and speakers are, as tables for people and as JSON for scripts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from migpt_cli.directory import Directory, KnownSpeaker
from migpt_cli.residents import Residents
from migpt_shared.language import Language, Phrase
from migpt_shared.messages import Account, Address

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

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


_NUMBER = Phrase(zh="编号", en="no.")
_NO_SERVICES = Phrase(zh="没有任何服务在运行（./migpt up）", en="no service runs (./migpt up)")
_NO_SPEAKERS = Phrase(zh="还没有发现任何音箱", en="no speaker is known yet")
_MISSING = Phrase(zh="没有运行：{services}", en="not running: {services}")
_SINCE = Phrase(zh="自 {since} 起", en="since {since}")
_UNWELL = Phrase(zh="不正常：{detail}", en="not well: {detail}")
_LOGGED_IN = Phrase(zh="已登录", en="logged in")


def status_view(
    residents: Residents, directory: Directory, language: Language, chosen: Collection[Address] | None = None
) -> RenderableType:
    """Services, accounts and speakers. `chosen`: the speakers to mark, each with its number; None: no such column."""
    from rich.console import Group
    from rich.text import Text

    parts: list[RenderableType] = [Text(line) for line in _service_lines(residents, language)]
    for household, account in sorted(directory.accounts.items()):
        state = _LOGGED_IN.in_(language) if account.ok else f"✗ {account.reason or '?'}"
        parts.append(Text(f"{household}: {state}", style="" if account.ok else "red"))
    if directory.sorted():
        parts.append(speakers_table(directory.sorted(), language, chosen))
    else:
        parts.append(Text(_NO_SPEAKERS.in_(language)))
    return Group(*parts)


def _service_lines(residents: Residents, language: Language) -> list[str]:
    lines = []
    for one in residents.sorted():
        since = datetime.fromtimestamp(one.presence.since / 1000).astimezone().strftime("%m-%d %H:%M")
        detail = "" if one.is_well else "  " + _UNWELL.in_(language, detail=one.presence.health.detail or "?")
        mark = "✓" if one.is_well else "✗"
        lines.append(f"{mark} {one.service}/{one.instance}  {_SINCE.in_(language, since=since)}{detail}")
    if not lines:
        return [f"✗ {_NO_SERVICES.in_(language)}"]
    if residents.missing():
        lines.append(f"✗ {_MISSING.in_(language, services=', '.join(residents.missing()))}")
    return lines


def speakers_table(
    speakers: Sequence[KnownSpeaker], language: Language, chosen: Collection[Address] | None = None
) -> Table:
    """A row for each speaker. `chosen`: as in `status_view`."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, header_style="bold", pad_edge=False, padding=(0, 1, 0, 0))
    if chosen is not None:
        table.add_column(_NUMBER.in_(language), no_wrap=True)
    *_, owners = _COLUMNS
    for column in _COLUMNS:
        table.add_column(column.in_(language), overflow="fold", no_wrap=column is not owners)
    for number, speaker in enumerate(speakers, 1):
        mark = [] if chosen is None else [f"{'●' if speaker.address in chosen else '○'} {number}"]
        table.add_row(*mark, *_row(speaker, language))
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


def speaker_json(speaker: KnownSpeaker) -> dict[str, object]:
    """What scripts are told of a speaker."""
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


def status_json(residents: Residents, directory: Directory) -> dict[str, object]:
    """What scripts are told of all of it."""
    return {
        "services": [
            {
                "service": one.service,
                "instance": one.instance,
                "ok": one.is_well,
                "detail": one.presence.health.detail,
                "version": one.presence.version,
                "since_ms": one.presence.since,
                "counters": dict(one.presence.counters),
            }
            for one in residents.sorted()
        ],
        "missing": residents.missing(),
        "accounts": {household: _account_json(account) for household, account in sorted(directory.accounts.items())},
        "speakers": [speaker_json(speaker) for speaker in directory.sorted()],
    }


def _account_json(account: Account) -> dict[str, object]:
    return account.model_dump(mode="json", exclude={"id", "turn", "ts", "src"})
