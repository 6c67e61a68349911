"""What a speaker is in Home Assistant: its entities and triggers; pure."""

from __future__ import annotations

from collections.abc import Sequence

from migpt_ha_bridge.speakers.components import Entity, Trigger
from migpt_shared.language import Phrase
from migpt_shared.messages import (
    Ask,
    AskUser,
    Correct,
    Forget,
    Native,
    Pause,
    Play,
    Say,
    SetAi,
    SetMode,
    SetPersona,
    SetPreset,
    SetVolume,
    Stop,
    Wake,
)

#: The options of the mode, as they are shown, and the modes that they mean. Commands take them in any case.
MODES = {"auto": "auto", "AI": "ai", "native": "native"}
ROUTES = ("llm", "home", "native", "control")
#: The longest text that Home Assistant's text entities take.
TEXT_CHARACTERS = 255
EVENT_TYPES = ("question", "answer", "interrupted", "failed", "choice")

# As JSON the text arrives to the letter: plain text loses a trailing newline, and may look like JSON itself.
_AS_TEXT = "{{ {'text': value} | to_json }}"
_AS_QUESTION = "{{ {'text': value, 'source': 'ha'} | to_json }}"
# An empty text cannot be kept on the broker, so a space stands for it.
_TEXT = {"value_template": "{{ value | trim }}", "qos": 1, "min": 0, "max": TEXT_CHARACTERS}

_SECONDS = {"unit_of_measurement": "s", "device_class": "duration", "state_class": "measurement"}


def speaker_entities(presets: Sequence[str], personas: Sequence[str]) -> list[Entity]:
    """All entities of a speaker. `presets`, `personas`: what can be chosen; without any there is nothing to select."""
    return [*_to_use(), *_to_set(presets, personas), *_to_see(), *_to_look_after()]


def _to_use() -> list[Entity]:
    return [
        Entity(
            "say", "notify", Phrase(zh="播报", en="Announce"), "bullhorn", command=Say, has_state=False,
            more={"command_template": _AS_TEXT, "qos": 1},
        ),
        Entity(
            "ask", "text", Phrase(zh="提问", en="Ask"), "chat-question", command=Ask,
            more={"command_template": _AS_QUESTION, **_TEXT},
        ),
        Entity(
            "native", "text", Phrase(zh="执行指令", en="Command"), "microphone-message", command=Native,
            more={"command_template": _AS_TEXT, **_TEXT},
        ),
        Entity(
            "ask_user", "notify", Phrase(zh="问在场的人", en="Ask who is there"), "account-question",
            command=AskUser, has_state=False, more={"qos": 1},
        ),
        Entity(
            "conversation", "event", Phrase(zh="对话", en="Conversation"), "forum",
            more={"event_types": list(EVENT_TYPES)},
        ),
        Entity("volume", "number", Phrase(zh="音量", en="Volume"), "volume-high", command=SetVolume, more={
            "min": 0, "max": 100, "step": 1, "mode": "slider", "unit_of_measurement": "%",
            # Home Assistant does not hold itself to the step.
            "command_template": "{{ value | float | round | int }}",
        }),
        _button("stop", Phrase(zh="停止", en="Stop"), "stop", Stop),
        _button("wake", Phrase(zh="唤醒", en="Wake up"), "microphone", Wake),
        _button("pause", Phrase(zh="暂停", en="Pause"), "pause", Pause),
        _button("play", Phrase(zh="继续播放", en="Resume"), "play", Play),
        _button("correct_llm", Phrase(zh="这句该AI答", en="AI should answer this"), "robot-happy", Correct, "llm"),
        _button(
            "correct_native", Phrase(zh="这句该小爱答", en="XiaoAI should answer this"), "speaker", Correct, "native"
        ),
        _button("forget", Phrase(zh="忘掉对话", en="Forget the conversation"), "eraser", Forget, "conversation"),
    ]  # fmt: skip


def _button(key: str, name: Phrase, icon: str, command: type, payload: str = "PRESS") -> Entity:
    return Entity(key, "button", name, icon, command=command, has_state=False, more={"payload_press": payload})


def _to_set(presets: Sequence[str], personas: Sequence[str]) -> list[Entity]:
    # Of category config: Home Assistant exposes other switches to its assistants, which could switch ours off.
    found = [
        Entity("ai", "switch", Phrase(zh="AI", en="AI"), "robot", "config", SetAi),
        Entity(
            "mode", "select", Phrase(zh="模式", en="Mode"), "call-split", "config", SetMode,
            more={"options": list(MODES)},
        ),
    ]  # fmt: skip
    for key, name, icon, command, options in (
        ("preset", Phrase(zh="模型", en="Model"), "brain", SetPreset, presets),
        ("persona", Phrase(zh="人设", en="Persona"), "drama-masks", SetPersona, personas),
    ):
        if options:
            found.append(Entity(key, "select", name, icon, "config", command, more={"options": list(options)}))
    return found


def _to_see() -> list[Entity]:
    return [
        Entity("heard", "sensor", Phrase(zh="最近听到", en="Heard"), "ear-hearing", has_attributes=True),
        Entity("answer", "sensor", Phrase(zh="最近回答", en="Answer"), "comment-text", has_attributes=True),
        Entity(
            "route", "sensor", Phrase(zh="谁来回答", en="Answered by"), "call-split", has_attributes=True,
            more={"device_class": "enum", "options": list(ROUTES)},
        ),
        Entity("reason", "sensor", Phrase(zh="为什么", en="Reason"), "help-circle-outline", has_attributes=True),
        Entity("speaking", "binary_sensor", Phrase(zh="正在说话", en="Speaking"), "account-voice"),
    ]  # fmt: skip


def _to_look_after() -> list[Entity]:
    return [
        Entity(
            "online", "binary_sensor", Phrase(zh="在线", en="Online"), None, "diagnostic", outlives_speaker=True,
            more={"device_class": "connectivity"},
        ),
        Entity(
            "login_problem", "binary_sensor", Phrase(zh="小米登录", en="Xiaomi login"), None, "diagnostic",
            has_attributes=True, outlives_speaker=True, more={"device_class": "problem"},
        ),
        Entity(
            "first_word", "sensor", Phrase(zh="首句延迟", en="Time to first word"), None, "diagnostic",
            has_attributes=True, more={**_SECONDS, "suggested_display_precision": 2},
        ),
        Entity(
            "transcript_delay", "sensor", Phrase(zh="听写延迟", en="Transcript delay"), None, "diagnostic",
            more={**_SECONDS, "suggested_display_precision": 1},
        ),
        Entity(
            "requests_today", "sensor", Phrase(zh="今日请求", en="Requests today"), "counter", "diagnostic",
            has_attributes=True, more={"state_class": "total_increasing"},
        ),
        Entity(
            "tokens_today", "sensor", Phrase(zh="今日令牌用量", en="Tokens used today"), "counter", "diagnostic",
            more={"state_class": "total_increasing"},
        ),
        Entity(
            "token_age", "sensor", Phrase(zh="登录时长", en="Login age"), None, "diagnostic", outlives_speaker=True,
            more={"unit_of_measurement": "h", "device_class": "duration", "suggested_display_precision": 0},
        ),
        Entity(
            "queue", "sensor", Phrase(zh="排队句数", en="Sentences waiting"), "tray-full", "diagnostic",
            more={"state_class": "measurement"},
        ),
        Entity(
            "problem", "sensor", Phrase(zh="问题", en="Problem"), "alert-circle-outline", "diagnostic",
            has_attributes=True,
        ),
    ]  # fmt: skip


def speaker_triggers() -> list[Trigger]:
    """What automations can start from: a question or an answer, of any kind or by who answers; what else befalls."""
    by_kind = "{{ value_json.event_type }}"
    by_route = "{{ value_json.event_type ~ ' ' ~ value_json.route }}"
    return [
        *(Trigger(kind, "any", kind, by_kind) for kind in EVENT_TYPES),
        *(Trigger(kind, route, f"{kind} {route}", by_route) for kind in ("question", "answer") for route in ROUTES),
    ]
