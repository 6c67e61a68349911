"""What the bus tells: the broker, which services live, who is logged in, and who serves which speaker."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from migpt_cli.connection import connect_to
from migpt_cli.directory import DIRECTORY, Directory
from migpt_cli.doctor.report import Report
from migpt_cli.outcome import CommandFailedError
from migpt_cli.residents import NEEDED, PRESENCES, Residents
from migpt_shared.bus import Delivery, Subscription
from migpt_shared.language import Phrase
from migpt_shared.messages import Account, HomeState
from migpt_shared.settings import Settings

#: Users report that a passToken lasts about a month.
_OLD_PASS_TOKEN_S = 25 * 24 * 3600

_REACHED = Phrase(zh="{address} 连得上，一来一回 {took} 毫秒", en="{address} answers; there and back takes {took} ms")
_UNREACHED = Phrase(zh="{text}", en="{text}")
_RUNS = Phrase(
    zh="{service} 正在运行（{number} 个，版本 {version}）", en="{service} runs ({number}, version {version})"
)
_UNWELL = Phrase(zh="{service}/{instance} 不正常：{detail}", en="{service}/{instance} is not well: {detail}")
_NOT_RUNNING = Phrase(zh="{service} 没有运行（./migpt up）", en="{service} does not run (./migpt up)")
_NOT_RUNNING_OPTIONAL = Phrase(
    zh="{service} 没有运行，虽然配置里要用它", en="{service} does not run although the configuration wants it"
)
_LOGGED_IN = Phrase(zh="已登录", en="logged in")
_LOGGED_OUT = Phrase(
    zh="登录不了：{reason}。运行 ./migpt login {household}", en="not logged in: {reason}. Run ./migpt login {household}"
)
_NOT_KNOWN = Phrase(zh="poller 还没有说登录得怎么样", en="no poller has said yet how its login stands")
_OLD = Phrase(
    zh="passToken 已经用了 {days} 天，大约一个月后失效：有空时运行 ./migpt login {household}",
    en="its passToken is {days} days old and ends after about a month: run ./migpt login {household} when you can",
)
_UNSERVED = Phrase(zh="没有服务负责：{who}", en="no service has it: {who}")
_WHO = {
    "hearing": Phrase(zh="听（poller）", en="hearing (poller)"),
    "brain": Phrase(zh="想（brain）", en="answering (brain)"),
    "speech": Phrase(zh="说（speaker）", en="speaking (speaker)"),
}
_PROFILE = Phrase(
    zh="服务摸清的：走 {path} 通道，播放状态{usable}，每字 {rate} 秒",
    en="what the services found out: it speaks by {path}, its status is {usable}, {rate} s per character",
)
_USABLE, _UNUSABLE = Phrase(zh="可用", en="usable"), Phrase(zh="不可用", en="not usable")
_BRIDGED = Phrase(zh="桥接服务已连上（{agent}）", en="the bridge is connected ({agent})")
_NOT_BRIDGED = Phrase(zh="桥接服务没有连上：{error}", en="the bridge is not connected: {error}")


@dataclass(slots=True)
class Together:
    """What the broker keeps. Empty where it could not be reached."""

    residents: Residents
    directory: Directory
    homes: dict[str, HomeState]

    @classmethod
    def nothing(cls) -> Together:
        return cls(Residents(), Directory(), {})


async def meet(settings: Settings) -> tuple[Together, Report]:
    """What the broker keeps, and how it answered."""
    together = Together.nothing()
    try:
        async with connect_to(settings, [*DIRECTORY, *PRESENCES, Subscription(HomeState)]) as connection:
            began = time.monotonic()
            await connection.synchronised()
            took = round((time.monotonic() - began) * 1000)
            while not connection.inbox.empty():
                arrived = connection.inbox.get_nowait()
                if isinstance(arrived, Delivery) and isinstance(arrived.message, HomeState):
                    together.homes[arrived.places["household"]] = arrived.message
                elif not together.residents.take(arrived):
                    together.directory.take(arrived)
    except CommandFailedError as error:
        text = {"text": error.in_(settings.language)}
        return Together.nothing(), Report("broker", "bad", _UNREACHED, text)
    values: dict[str, object] = {"address": str(settings.mqtt.address()), "took": took}
    return together, Report("broker", "good", _REACHED, values)


def check_services(residents: Residents, wanted: Collection[str]) -> Iterator[Report]:
    """Whether every wanted service lives and is well."""
    for service in wanted:
        living = [one for one in residents.sorted() if one.service == service]
        values: dict[str, object] = {"service": service}
        if not living:
            if service in NEEDED:
                yield Report("services", "bad", _NOT_RUNNING, values, service)
            else:
                yield Report("services", "warning", _NOT_RUNNING_OPTIONAL, values, service)
            continue
        for one in living:
            if not one.is_well:
                detail = {"instance": one.instance, "detail": one.presence.health.detail or "?"}
                yield Report("services", "bad", _UNWELL, {**values, **detail}, service)
        if all(one.is_well for one in living):
            version = ", ".join(sorted({one.presence.version or "?" for one in living}))
            yield Report("services", "good", _RUNS, {**values, "number": len(living), "version": version}, service)


def check_account(household: str, account: Account | None) -> Iterator[Report]:
    """How a household's login stands, as its poller sees it."""
    if account is None:
        yield Report("account", "warning", _NOT_KNOWN, subject=household)
        return
    if not account.ok:
        values: dict[str, object] = {"reason": account.reason or "?", "household": household}
        yield Report("account", "bad", _LOGGED_OUT, values, household)
        return
    yield Report("account", "good", _LOGGED_IN, subject=household)
    age_s = account.pass_token_age_s
    if age_s is not None and age_s > _OLD_PASS_TOKEN_S:
        yield Report("account", "warning", _OLD, {"days": age_s // 86400, "household": household}, household)


def check_owners(directory: Directory, settings: Settings) -> Iterator[Report]:
    """Whether every known speaker is heard, answered for and spoken through; and what was found out about it."""
    language = settings.language
    for speaker in directory.sorted():
        states = {"hearing": speaker.hearing, "brain": speaker.brain, "speech": speaker.speech}
        missing = [_WHO[name].in_(language) for name, state in states.items() if state is None or state.owner is None]
        if missing:
            yield Report("speaker", "bad", _UNSERVED, {"who": ", ".join(missing)}, speaker.described)
        if speaker.speech is not None and (profile := speaker.speech.profile) is not None:
            rate = speaker.speech.seconds_per_character
            values: dict[str, object] = {
                "path": profile.tts_path,
                "usable": (_USABLE if profile.status_is_usable else _UNUSABLE).in_(language),
                "rate": "?" if rate is None else f"{rate:.2f}",
            }
            yield Report("speaker", "good", _PROFILE, values, speaker.described)


def check_bridge(household: str, state: HomeState | None) -> Iterator[Report]:
    """Whether the bridge of a household with a Home Assistant is connected to it."""
    if state is None:
        return
    if state.connected:
        yield Report("home", "good", _BRIDGED, {"agent": state.agent or "?"}, household)
    else:
        yield Report("home", "bad", _NOT_BRIDGED, {"error": state.error or "?"}, household)
