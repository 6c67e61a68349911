"""What the language model is told of a home before it is asked; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from migpt_shared.language import Language, Phrase
from migpt_shared.messages import HomeEntity, HomeEntityState
from migpt_shared.spoken_form import normalise

#: More would make every answer slow and dear.
MOST_ENTITIES = 80
_MOST_ATTRIBUTES = 8

_TASK = Phrase(
    zh=(
        "你是家里的语音助手，通过工具控制下面列出的设备。现在说话的人在{area}。\n"
        "规则：\n"
        "1. 只用列表里的设备和工具；没有说哪个房间时，指的是说话人所在的房间；说“所有”时才动全部。\n"
        "2. 人说的可能是感受，例如“有点暗”：看当前状态，做合适的调整。\n"
        "3. 带条件的指令先看状态，条件不成立就不要动，并说明原因。\n"
        "4. 几个设备可以一次调用多个工具；颜色用 rgb_color，亮度用 brightness_pct。\n"
        "5. say 写成一句很短的口语，例如“好的，客厅灯调成红色了”。\n"
        "6. 没有调用工具就绝不能说已经做了什么。做不到的（定时、延时、列表里没有的设备）直接用一句话说明。\n"
        "7. 问状态时直接用一句话回答。不要用Markdown，不要念设备编号。"
    ),
    en=(
        "You are the voice assistant of a home and operate the devices listed below with tools."
        " The person is speaking in: {area}.\n"
        "Rules:\n"
        "1. Use only listed devices and tools. Where no room is named, the person's own room is meant; everything is"
        " meant only where they say so.\n"
        "2. People may say how they feel, such as 'it is a bit dark': look at the states and adjust sensibly.\n"
        "3. For a conditional wish look at the states first; if the condition does not hold, do nothing and say why.\n"
        "4. Several tools can be called at once; colours as rgb_color, brightness as brightness_pct.\n"
        "5. say is one very short spoken sentence, such as 'The living room lamp is red now'.\n"
        "6. Never say that something was done without calling a tool. What cannot be done (timers, delays, devices that"
        " are not listed) is said in one sentence.\n"
        "7. Answer questions about states directly, in one sentence. No Markdown, no entity ids."
    ),
)
_NOWHERE = Phrase(zh="未知的房间", en="an unknown room")
_LIST = Phrase(zh="设备（编号 | 名字 | 房间 | 状态）：", en="Devices (id | names | room | state):")


def relevant(text: str, entities: Sequence[HomeEntity], area: str | None) -> list[HomeEntity]:
    """The entities that the sentence may be about: all of a usual home; of a large one those that are named, then
    those in named rooms, those in the speaker's room, and others."""
    if len(entities) <= MOST_ENTITIES:
        return list(entities)
    plain = normalise(text)

    def distance(entity: HomeEntity) -> int:
        if any(normalise(name) in plain for name in (entity.name, *entity.aliases) if normalise(name)):
            return 0
        if entity.area and normalise(entity.area) in plain:
            return 1
        return 2 if area is not None and entity.area == area else 3

    return sorted(sorted(entities, key=distance)[:MOST_ENTITIES], key=lambda entity: entity.id)


def briefing(
    entities: Iterable[HomeEntity], states: Iterable[HomeEntityState], area: str | None, language: Language
) -> str:
    """The system message."""
    known = {state.id: state for state in states}
    lines = [_line(entity, known.get(entity.id)) for entity in entities]
    task = _TASK.in_(language, area=area or _NOWHERE.in_(language))
    return "\n".join((task, "", _LIST.in_(language), *lines))


def _line(entity: HomeEntity, state: HomeEntityState | None) -> str:
    names = ", ".join((entity.name, *entity.aliases))
    parts = [entity.id, names, entity.area or "-"]
    if state is not None:
        parts.append(described(state))
    return " | ".join(parts)


def described(state: HomeEntityState) -> str:
    """An entity's state in one line."""
    attributes = readable(state.attributes)
    return ", ".join((state.state, *(f"{name}={value}" for name, value in list(attributes.items())[:_MOST_ATTRIBUTES])))


def readable(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes in the terms of the tools: brightness in percent."""
    shown = {name: value for name, value in attributes.items() if name not in ("hs_color", "xy_color", "color_mode")}
    brightness = shown.pop("brightness", None)
    if isinstance(brightness, (int, float)):
        shown = {"brightness_pct": round(brightness * 100 / 255), **shown}
    return shown
