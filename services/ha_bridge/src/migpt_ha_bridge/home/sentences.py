"""What the bridge lets the speaker say, one short sentence each; pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from migpt_ha_bridge.home.abilities import Lack
from migpt_shared.language import Language, Phrase
from migpt_shared.messages import HomeCode

_PROBLEMS: dict[HomeCode, Phrase] = {
    "not_configured": Phrase(
        zh="Home Assistant 的地址还没有填写。", en="The address of Home Assistant is not configured."
    ),
    "unreachable": Phrase(zh="连不上 Home Assistant，请稍后再试。", en="Home Assistant cannot be reached right now."),
    "slow": Phrase(zh="Home Assistant 太久没有回应。", en="Home Assistant took too long to answer."),
    "not_authorised": Phrase(
        zh="Home Assistant 的访问令牌没有填写或已失效，请更新。",
        en="The access token of Home Assistant is missing or invalid. Please renew it.",
    ),
    "unknown_agent": Phrase(
        zh="Home Assistant 里没有配置的那个对话助手。", en="Home Assistant has no such conversation agent."
    ),
    "not_understood": Phrase(zh="我没听懂要控制什么。", en="I did not understand what to control."),
    "no_target": Phrase(zh="没有找到要控制的设备。", en="I found no such device."),
    "unavailable": Phrase(zh="{names}现在连不上，没有执行。", en="{names} cannot be reached, nothing was done."),
    "refused": Phrase(zh="Home Assistant 没有执行成功。", en="Home Assistant could not do it."),
    "unconfirmed": Phrase(
        zh="指令已发出，但{names}还没有反应。", en="The command was sent, but {names} has not responded yet."
    ),
}
_LACKS: dict[Lack, Phrase] = {
    "colour": Phrase(zh="{names}不能调颜色。", en="{names} cannot change its colour."),
    "colour_temperature": Phrase(zh="{names}不能调色温。", en="{names} cannot change its colour temperature."),
    "brightness": Phrase(zh="{names}不能调亮度。", en="{names} cannot be dimmed."),
}
_SOMETHING = Phrase(zh="设备", en="the device")
_AND = Phrase(zh="、", en=" and ")

_CONFIRM_TEXT = Phrase(zh="确认要{text}吗？", en="Please confirm: {text}?")
_CONFIRM_BEHIND = Phrase(zh="这会动到{names}，确认要{text}吗？", en="This is about {names}. Please confirm: {text}?")
_CONFIRM_CALL = Phrase(zh="确认要{verb}{names}吗？", en="Please confirm: {verb} {names}?")
_DONE = Phrase(zh="好的，{names}已{verb}。", en="Done: {verb} {names}.")

#: What a service does, for people. Others are said to be set.
_VERBS: dict[str, Phrase] = {
    "turn_on": Phrase(zh="打开", en="turn on"),
    "turn_off": Phrase(zh="关闭", en="turn off"),
    "toggle": Phrase(zh="切换", en="toggle"),
    "open_cover": Phrase(zh="打开", en="open"),
    "close_cover": Phrase(zh="关上", en="close"),
    "stop_cover": Phrase(zh="停住", en="stop"),
    "open_valve": Phrase(zh="打开", en="open"),
    "close_valve": Phrase(zh="关上", en="close"),
    "open": Phrase(zh="打开", en="open"),
    "unlock": Phrase(zh="解锁", en="unlock"),
    "lock": Phrase(zh="锁上", en="lock"),
    "alarm_disarm": Phrase(zh="撤防", en="disarm"),
    "alarm_arm_home": Phrase(zh="布防", en="arm"),
    "alarm_arm_away": Phrase(zh="布防", en="arm"),
    "alarm_arm_night": Phrase(zh="布防", en="arm"),
    "media_play": Phrase(zh="开始播放", en="play"),
    "media_pause": Phrase(zh="暂停", en="pause"),
    "media_stop": Phrase(zh="停止", en="stop"),
    "start": Phrase(zh="启动", en="start"),
    "return_to_base": Phrase(zh="返回充电", en="return to its base"),
    "press": Phrase(zh="按下", en="press"),
}
_SET = Phrase(zh="设置好", en="set")
_SET_FOR_QUESTION = Phrase(zh="设置", en="set")

_POLITENESS = re.compile(r"^(请你?|麻烦你?|帮我|给我|我要|我想|please )+", re.IGNORECASE)
_AT_THE_END = re.compile(r"[\s。，,.!！?？吧呗啊哦嘛]+$")


def problem(code: HomeCode, language: Language, names: Sequence[str] = ()) -> str:
    """What went wrong."""
    return _PROBLEMS[code].in_(language, names=listed(names, language))


def lacks(lack: Lack, language: Language, names: Sequence[str]) -> str:
    """That these lights cannot do what is asked."""
    return _LACKS[lack].in_(language, names=listed(names, language))


def confirm_text(text: str, names: Sequence[str], language: Language) -> str:
    """The question before a sentence is passed on that would operate these."""
    wish = _AT_THE_END.sub("", _POLITENESS.sub("", text.strip()))
    phrase = _CONFIRM_TEXT if any(name in wish for name in names) else _CONFIRM_BEHIND
    return phrase.in_(language, text=wish, names=listed(names, language))


def confirm_call(service: str, names: Sequence[str], language: Language) -> str:
    """The question before a service is called on these."""
    verb = _VERBS.get(service.partition(".")[2], _SET_FOR_QUESTION)
    return _CONFIRM_CALL.in_(language, verb=verb.in_(language), names=listed(names, language))


def done(service: str, names: Sequence[str], language: Language) -> str:
    """That a service was called on these, and Home Assistant confirms it."""
    verb = _VERBS.get(service.partition(".")[2], _SET)
    return _DONE.in_(language, verb=verb.in_(language), names=listed(names, language))


def listed(names: Sequence[str], language: Language) -> str:
    """The names as they are said; more than three are counted."""
    if not names:
        return _SOMETHING.in_(language)
    if len(names) > 3:
        first = names[0]
        return f"{first}等{len(names)}个设备" if language == "zh" else f"{first} and {len(names) - 1} more"
    return _AND.in_(language).join(names)
