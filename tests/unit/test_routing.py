"""Who answers an utterance: control phrases, keywords, mode, classifier, in that order, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migpt_brain.control_phrases import (
    ControlAction,
    CorrectRoute,
    ForgetTalk,
    StopTalking,
    SwitchAi,
    SwitchMode,
    SwitchPreset,
)
from migpt_brain.decision_table import REASON_TEXTS, Reason
from migpt_brain.keywords import Keywords
from migpt_brain.native_commands import is_native_command
from migpt_brain.routing import Router, RoutingContext, RoutingRules
from migpt_shared.messages import Mode
from migpt_shared.settings import LlmSettings, RoutingSettings
from migpt_shared.spoken_form import normalise

RULES = RoutingRules(
    ai_keywords=("请", "帮我", "问一下"),
    home_keywords=("小周",),
    presets=("deepseek", "zhipu", "moonshot", "my_local", "qwen"),
)


def _context(mode: Mode = "auto", *, ai_on: bool = True, home_connected: bool = False) -> RoutingContext:
    return RoutingContext(mode=mode, ai_on=ai_on, home_connected=home_connected)


@dataclass(frozen=True)
class FixedClassifier:
    """Gives the probability that a test wants."""

    probability: float
    threshold: float = 0.5

    def p_llm(self, text: str) -> float:
        assert text
        return self.probability

    def label(self, text: str) -> str:
        return "llm" if self.probability >= 0.5 else "native"


@pytest.mark.parametrize(
    ("utterance", "action"),
    [
        *(
            (phrase, StopTalking())
            for phrase in ("闭嘴", "停止", "别说了", "停", "安静", "够了", "閉嘴", "停下来", "不要说了")
        ),
        *(
            (phrase, StopTalking())
            for phrase in ("闭嘴！", "请闭嘴。", "小爱同学，闭嘴吧", "你别说了", "停停停", "闭 嘴", "闭嘴闭嘴")
        ),
        *(
            (phrase, StopTalking())
            for phrase in ("好了好了别说了", "请你安静一下好吗？", "嗯，停一下", "STOP", "Ｓｔｏｐ!", "Shut up, please")
        ),
        *(
            (phrase, SwitchMode("ai"))
            for phrase in ("打开高级对话", "开启高级对话", "请打开高级对话", "打开高级对话吧", "打開高級對話")
        ),
        *(
            (phrase, SwitchMode("native"))
            for phrase in ("关闭高级对话", "退出高级对话", "turn off advanced conversation")
        ),
        ("自动对话模式", SwitchMode("auto")),
        *((phrase, SwitchAi(on=True)) for phrase in ("打开AI", "开启ai", "打开 A I", "打开ＡＩ", "turn on AI")),
        *((phrase, SwitchAi(on=False)) for phrase in ("关闭AI", "关掉ai吧", "turn AI off")),
        *(
            (phrase, CorrectRoute("llm"))
            for phrase in ("这句该你来答", "刚才那句应该你来回答的", "这个问题该你来答吧", "That was for you.")
        ),
        *(
            (phrase, CorrectRoute("native"))
            for phrase in ("这句不用你管", "这句不用你管了", "这个不归你管", "让小爱来答这句", "that wasn't for you")
        ),
        ("忘掉刚才那句", ForgetTalk("last")),
        *(
            (phrase, ForgetTalk("conversation"))
            for phrase in ("忘掉刚才的对话", "清空对话", "开始新对话", "forget this conversation")
        ),
        *((phrase, ForgetTalk("all")) for phrase in ("忘掉一切", "清空所有记忆", "Forget everything!")),
        ("切换到deepseek", SwitchPreset("deepseek", "deepseek")),
        ("请切换到 Deep Seek 吧", SwitchPreset("deepseek", "deepseek")),
        ("换成智谱", SwitchPreset("zhipu", "智谱")),
        ("切换模型到Kimi", SwitchPreset("moonshot", "kimi")),
        ("把模型换成通义千问", SwitchPreset("qwen", "通义千问")),
        ("切换到my local模型", SwitchPreset("my_local", "mylocal")),
        ("switch to deepseek", SwitchPreset("deepseek", "deepseek")),
        ("切换到月球模型", SwitchPreset(None, "月球")),
        ("switch model to moon", SwitchPreset(None, "moon")),
        ("切换模型", SwitchPreset(None, "")),
    ],
)
@pytest.mark.parametrize("context", [_context(), _context("native", ai_on=False), _context("ai", home_connected=True)])
def test_control_phrases_count_in_any_state(utterance: str, action: ControlAction, context: RoutingContext) -> None:
    decision = Router(RULES).route(utterance, context)
    assert (decision.route, decision.reason, decision.control) == ("control", Reason.CONTROL_PHRASE, action)


@pytest.mark.parametrize(
    "utterance",
    [
        "闭嘴是什么意思", "停车场在哪里", "停止播放", "怎么停止", "安静的歌", "别说了吗这首歌", "高级对话是什么",
        "打开AI绘画", "AI是什么",
        "打开空调", "关闭客厅灯", "忘掉刚才的不愉快怎么办", "清空购物车", "切换到客厅", "换成月球", "使用豆包",
        "切换", "停电了", "够不够",
        "这句话是什么意思", "这句该怎么答", "这题不用你管是什么歌",
        "我想听停格", "你好", "小爱同学", "请", "了", "好的谢谢",
    ],
)  # fmt: skip
def test_other_utterances_are_no_control_phrases(utterance: str) -> None:
    assert Router(RULES).route(utterance, _context()).route != "control"


@pytest.mark.parametrize(
    ("utterance", "asked"),
    [
        ("请写一份申请书", "写一份申请书"),
        ("帮我写一份申请书", "写一份申请书"),
        ("问一下天为什么是蓝的", "天为什么是蓝的"),
        ("请，介绍一下故宫", "介绍一下故宫"),
        ("嗯，请介绍一下故宫", "介绍一下故宫"),
        ("小爱同学，请介绍一下故宫", "介绍一下故宫"),
        # polite words, and words that begin with the keyword, stay whole
        ("请问天为什么是蓝的", "请问天为什么是蓝的"),
        ("请假条怎么写", "请假条怎么写"),
        ("请客吃饭去哪里好", "请客吃饭去哪里好"),
        ("帮我们写一首歌", "帮我们写一首歌"),
        ("请帮我写一首诗", "帮我写一首诗"),
        ("请", "请"),
    ],
)
def test_ai_keywords(utterance: str, asked: str) -> None:
    decision = Router(RULES).route(utterance, _context())
    assert (decision.route, decision.reason, decision.text) == ("llm", Reason.AI_KEYWORD, asked)


@pytest.mark.parametrize(
    "utterance", ["申请书怎么写", "写一份申请书", "我请你吃饭", "打开请勿打扰", "请勿打扰模式打开", "今天天气怎么样"]
)
def test_keywords_count_at_the_start_only(utterance: str) -> None:
    decision = Router(RULES).route(utterance, _context())
    assert (decision.route, decision.reason, decision.text) == ("native", Reason.NO_KEYWORD, utterance)


@pytest.mark.parametrize(
    ("utterance", "found"),
    [
        ("天为什么是蓝的请回答", "天为什么是蓝的请回答"),
        ("请回答", "回答"),
        ("申请书怎么写", None),
        ("写一份邀请函", None),
        ("申请之后请回答", "申请之后请回答"),
    ],
)
def test_keywords_anywhere(utterance: str, found: str | None) -> None:
    assert Keywords(["请"], "anywhere").find(utterance) == found


@pytest.mark.parametrize(
    ("keyword", "utterance", "found"),
    [
        ("AI", "ai天为什么是蓝的", "天为什么是蓝的"),
        ("ai", "ＡＩ，讲个故事", "讲个故事"),
        ("ai", "AI, tell me a story", "tell me a story"),
        ("ai", "aim for the sky", None),
        ("air", "hair", None),
        ("hey gpt", "Hey GPT what is love", "what is love"),
        ("小周", "小周，打开灯。", "打开灯。"),
        ("", "请问", None),
        ("  ", "请问", None),
        ("问", "问题是什么", "问题是什么"),
    ],
)
def test_any_keyword(keyword: str, utterance: str, found: str | None) -> None:
    assert Keywords([keyword], "start").find(utterance) == found


def test_the_longest_keyword_is_taken_out() -> None:
    assert Keywords(["请", "请帮我"], "start").find("请帮我写诗") == "写诗"


def test_home_keywords_need_home_assistant() -> None:
    router = Router(RULES)
    at_home = router.route("小周，打开客厅灯", _context(home_connected=True))
    assert (at_home.route, at_home.reason, at_home.text) == ("home", Reason.HOME_KEYWORD, "打开客厅灯")
    without = router.route("小周，打开客厅灯", _context())
    assert (without.route, without.reason, without.text) == ("native", Reason.HOME_NOT_CONNECTED, "小周，打开客厅灯")
    assert router.route("小周，打开客厅灯", _context("ai")).reason == Reason.HOME_NOT_CONNECTED
    assert router.route("小周，天为什么是蓝的", _context("ai")).route == "llm"


def test_the_home_keyword_goes_before_the_ai_keyword() -> None:
    router = Router(RoutingRules(ai_keywords=("请",), home_keywords=("请管家",)))
    assert router.route("请管家关灯", _context(home_connected=True)).route == "home"
    assert router.route("请管家关灯", _context()).route == "llm"


def test_ai_off_leaves_all_but_control_to_xiaoai() -> None:
    for mode in ("auto", "ai", "native"):
        for utterance in ("请问天为什么是蓝的", "小周开灯", "今天天气怎么样"):
            context = _context(mode, ai_on=False, home_connected=True)
            decision = Router(RULES, FixedClassifier(1.0)).route(utterance, context)
            assert (decision.route, decision.reason, decision.text) == ("native", Reason.AI_OFF, utterance)


def test_mode_native_leaves_only_keywords() -> None:
    router = Router(RULES, FixedClassifier(1.0))
    assert router.route("天为什么是蓝的", _context("native")).reason == Reason.MODE_NATIVE
    assert router.route("请问天为什么是蓝的", _context("native")).route == "llm"


@pytest.mark.parametrize(
    "command",
    [
        "音量调到50", "把声音调小一点", "现在音量多少", "定一个明天七点的闹钟", "取消闹钟", "播放周杰伦的歌", "暂停",
        "下一首", "继续播放",
        "打开客厅的灯", "关闭空调", "把卧室灯调暗", "空调调到26度", "拉上窗帘", "请打开电视", "倒计时五分钟",
        "提醒我八点开会", "turn on the light", "turn on the living room light",
        "pause", "开灯",
    ],
)  # fmt: skip
def test_mode_ai_leaves_device_commands(command: str) -> None:
    assert is_native_command(command)
    decision = Router(RoutingRules()).route(command, _context("ai"))
    assert (decision.route, decision.reason, decision.text) == ("native", Reason.NATIVE_COMMAND, command)


@pytest.mark.parametrize(
    "question",
    [
        "天为什么是蓝的", "空调的原理是什么", "音量是什么意思", "怎么关闭闹钟", "写一首关于灯的诗", "打开思路",
        "播放器哪个好", "今天天气怎么样",
        "给我讲个故事", "电视是谁发明的", "你好",
    ],
)  # fmt: skip
def test_mode_ai_sends_the_rest_to_the_model(question: str) -> None:
    decision = Router(RoutingRules()).route(question, _context("ai"))
    assert (decision.route, decision.reason, decision.text) == ("llm", Reason.MODE_AI, question)


@pytest.mark.parametrize(("p_llm", "route"), [(0.0, "native"), (0.49, "native"), (0.5, "llm"), (1.0, "llm")])
def test_the_classifier_decides_what_is_left(p_llm: float, route: str) -> None:
    decision = Router(RULES, FixedClassifier(p_llm)).route("天为什么是蓝的", _context())
    assert (decision.route, decision.p_llm) == (route, p_llm)
    assert decision.reason == (Reason.CLASSIFIED_LLM if route == "llm" else Reason.CLASSIFIED_NATIVE)


def test_without_classifier_auto_means_native() -> None:
    decision = Router(RULES).route("天为什么是蓝的", _context())
    assert (decision.route, decision.reason, decision.p_llm) == ("native", Reason.NO_KEYWORD, None)


@pytest.mark.parametrize("utterance", ["", "  ", "。。。", "😀"])
@pytest.mark.parametrize("mode", ["auto", "ai", "native"])
def test_nothing_said(utterance: str, mode: Mode) -> None:
    assert Router(RULES).route(utterance, _context(mode)).reason == Reason.NOTHING_SAID


@pytest.mark.parametrize(
    ("utterance", "route", "reason"),
    [
        ("天为什么是蓝的", "llm", Reason.ASKED),
        ("闭嘴", "control", Reason.CONTROL_PHRASE),
        ("打开客厅灯", "native", Reason.NATIVE_COMMAND),
        ("请介绍故宫", "llm", Reason.AI_KEYWORD),
        ("小周开灯", "home", Reason.HOME_KEYWORD),
    ],
)
def test_what_is_asked_through_the_bus(utterance: str, route: str, reason: Reason) -> None:
    decision = Router(RULES).route_ask(utterance, _context("native", home_connected=True))
    assert (decision.route, decision.reason) == (route, reason)
    assert Router(RULES).route_ask("天为什么是蓝的", _context(ai_on=False)).reason == Reason.AI_OFF


def test_every_reason_has_words_in_both_languages() -> None:
    assert set(REASON_TEXTS) == set(Reason)
    assert all(phrase.zh and phrase.en for phrase in REASON_TEXTS.values())
    assert Router(RULES).route("闭嘴", _context()).reason_text.in_("zh") == "这是控制助手的话"


def test_the_settings_make_a_router() -> None:
    router = Router.of(RoutingSettings(ai_keywords=["豆豆"]), LlmSettings())
    assert router.route("豆豆，讲个故事", _context()).text == "讲个故事"
    assert router.route("切换到豆包", _context()).control == SwitchPreset("doubao", "豆包")


_utterances = st.text(alphabet="申请书帮我问一下小周打开灯闭嘴停 ，。aAIiＡ", max_size=20)


@given(_utterances)
@settings(max_examples=500, deadline=None)
def test_the_text_asked_is_the_end_of_the_utterance(utterance: str) -> None:
    for position in ("start", "anywhere"):
        rules = RoutingRules(("请", "帮我", "ai"), ("小周",), position)
        decision = Router(rules).route(utterance, _context(home_connected=True))
        assert utterance.strip().endswith(decision.text.strip())
        assert decision.route in ("llm", "home") or decision.text == utterance


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("今天 天气，怎么样？", "今天天气怎么样"),
        ("ＡＢＣ１２３", "abc123"),
        ("Hello, World!", "helloworld"),
        ("ﬁne_Straße", "finestrasse"),
        ("😀。", ""),
        ("3.14", "314"),
    ],
)
def test_normalise(text: str, normal: str) -> None:
    assert normalise(text) == normal


@given(st.text())
def test_normalising_again_changes_nothing(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)
