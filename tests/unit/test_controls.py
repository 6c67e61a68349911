"""What control phrases bring about."""

from __future__ import annotations

import pytest

from migpt_brain.control_phrases import ControlAction, ForgetTalk, StopTalking, SwitchAi, SwitchMode, SwitchPreset
from migpt_brain.controls import effect_of
from migpt_brain.switches import Switches

USUAL = Switches(ai=True, mode="auto", preset="deepseek")
PRESETS = ("deepseek", "local")


@pytest.mark.parametrize(
    ("control", "changed", "said"),
    [
        (SwitchAi(on=False), {"ai": False}, "关闭"),
        (SwitchAi(on=True), {}, "打开"),
        (SwitchMode("native"), {"mode": "native"}, "关闭"),
        (SwitchMode("ai"), {"mode": "ai"}, "打开"),
        (SwitchPreset("local", "本地模型"), {"preset": "local"}, "local"),
        (SwitchPreset("moonshot", "kimi"), {}, "密钥"),
        (SwitchPreset(None, "小冰"), {}, "小冰"),
        (SwitchPreset(None, ""), {}, "deepseek、local"),
    ],
)
def test_what_changes_and_what_is_said(control: ControlAction, changed: dict[str, object], said: str) -> None:
    effect = effect_of(control, USUAL, PRESETS, "zh")
    assert effect.switches == USUAL.model_copy(update=changed)
    assert said in effect.said
    assert not effect.hush
    assert effect.forget is None


def test_advanced_conversation_switches_the_ai_on() -> None:
    assert effect_of(SwitchMode("ai"), Switches(ai=False), PRESETS, "zh").switches.ai


def test_stop_is_obeyed_in_silence() -> None:
    effect = effect_of(StopTalking(), USUAL, PRESETS, "zh")
    assert (effect.hush, effect.said, effect.switches) == (True, "", USUAL)


@pytest.mark.parametrize("what", ["last", "conversation", "all"])
def test_forgetting(what: str) -> None:
    assert effect_of(ForgetTalk(what), USUAL, PRESETS, "en").forget == what  # type: ignore[arg-type]
