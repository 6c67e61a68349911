"""What follows a login: the services take it over, and a speaker says hello."""

from __future__ import annotations

import asyncio
from pathlib import Path

from migpt_cli.configuration import settings_with_broker
from migpt_cli.connection import connect_to
from migpt_cli.login.meanings import meaning_of
from migpt_cli.login.person import Person
from migpt_cli.outcome import CommandFailedError, ConfigUnusableError
from migpt_shared.bus import Delivery, Subscription
from migpt_shared.language import Language, Phrase
from migpt_shared.messages import Account, Login, Presence
from migpt_shared.xiaomi import Device, XiaomiCloud, XiaomiError, model_of

#: A service reads the store and logs in within a few seconds, unless Xiaomi is slow.
_SERVICES_WITHIN_S = 30.0

_NO_SERVICES = Phrase(
    zh="服务没有运行（或连不上消息服务器）；启动后会自动使用这次登录。",
    en="No services run here (or the broker cannot be reached); they will use this login when they start.",
)
_TAKEN_OVER = Phrase(zh="✓ 运行中的服务已经换用这次登录。", en="✓ the running services have taken the login over.")
_NOT_TAKEN_OVER = Phrase(
    zh="⚠ 服务 {limit:.0f} 秒内没有说登录好了；看看 ./migpt status",
    en="⚠ no service said within {limit:.0f} s that it is logged in; see ./migpt status",
)
_SPEAKERS = Phrase(
    zh="让哪台音箱说句话？（1–{number}，回车＝1，0＝不说）",
    en="Which one shall say hello? (1-{number}, Enter: 1, 0: none)",
)
_NO_SPEAKERS = Phrase(
    zh="⚠ 账号下没有音箱：音箱要由这个账号拥有（共享的不算），地区是中国大陆。",
    en="⚠ this account has no speakers: it must own them (shared ones do not count), in the region China.",
)
_OFFLINE = Phrase(zh="（不在线）", en=" (offline)")
_HELLO = Phrase(zh="你好，我已经登录好了。", en="Hello, I am logged in.")
_SAID = Phrase(zh="✓ {name} 应该正在说：“{text}”", en="✓ {name} should be saying: “{text}”")
_NOT_SAID = Phrase(zh="⚠ {name} 没有说出来：{reason}", en="⚠ {name} did not say it: {reason}")
_NONE_CALLED = Phrase(
    zh="没有叫“{wanted}”的音箱；有：{names}", en="no speaker is called {wanted!r}; there are: {names}"
)


async def wake_services(person: Person, language: Language, config: Path, household: str) -> None:
    """Tell the services, and the person whether they have taken the login over."""
    try:
        settings = settings_with_broker(config)
        listening = [Subscription(Account, {"household": household}), Subscription(Presence, {"service": "poller"})]
        async with connect_to(settings, listening) as connection:
            await connection.synchronised()
            is_ok = is_served = False
            while not connection.inbox.empty():
                kept = connection.inbox.get_nowait()
                match kept:
                    case Delivery(message=Account(ok=is_ok)):
                        pass
                    case Delivery(message=Presence(status="online")):
                        is_served = True
            connection.publish(Login(), household=household)
            if not is_served:
                person.tell(_NO_SERVICES.in_(language))
                return
            async with asyncio.timeout(_SERVICES_WITHIN_S):
                while not is_ok:
                    match (await connection.next_delivery()).message:
                        case Account(ok=is_ok):
                            pass
    except (CommandFailedError, ConfigUnusableError):
        person.tell(_NO_SERVICES.in_(language))
    except TimeoutError:
        person.tell(_NOT_TAKEN_OVER.in_(language, limit=_SERVICES_WITHIN_S))
    else:
        person.tell(_TAKEN_OVER.in_(language))


async def say_hello(person: Person, language: Language, cloud: XiaomiCloud, wanted: str | None) -> bool:
    """Let a speaker speak, the named one or one that the person chooses; False if that did not work.

    Raises XiaomiError when the account's speakers cannot be listed.
    """
    devices = await cloud.devices()
    if not devices:
        person.tell(_NO_SPEAKERS.in_(language))
        return False
    device = await _chosen(person, language, devices, wanted)
    if device is None:
        return True
    text = _HELLO.in_(language)
    try:
        await cloud.speak(device, text, path=model_of(device.hardware).speak_path)
    except XiaomiError as error:
        person.tell(_NOT_SAID.in_(language, name=device.name, reason=meaning_of(error, language)))
        return False
    person.tell(_SAID.in_(language, name=device.name, text=text))
    return True


async def _chosen(person: Person, language: Language, devices: tuple[Device, ...], wanted: str | None) -> Device | None:
    if wanted is not None:
        found = next((device for device in devices if wanted in (device.name, device.alias, device.device_id)), None)
        if found is None:
            names = ", ".join(device.name for device in devices)
            raise CommandFailedError(_NONE_CALLED, exit_code=2, wanted=wanted, names=names)
        return found
    for number, device in enumerate(devices, 1):
        presence = "" if device.is_online else _OFFLINE.in_(language)
        person.tell(f"  {number}  {device.name} ({device.hardware}){presence}")
    while True:
        answer = await person.ask(_SPEAKERS.in_(language, number=len(devices)))
        if not answer:
            return devices[0]
        if answer.isdecimal() and int(answer) <= len(devices):
            return devices[int(answer) - 1] if int(answer) else None
