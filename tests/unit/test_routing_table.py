"""The decision table row by row: each row decides where it should, and nothing below it is asked then."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migpt_brain.control_phrases import StopTalking
from migpt_brain.decision_table import TABLE, Findings, Reason, may_be_rescued, row_for
from migpt_brain.follow_up import follow_up_shift, in_context
from migpt_brain.routing import Router, RoutingContext, RoutingRules
from migpt_shared.messages import Mode, RouteName, Target

#: An utterance of which nothing is known but that the intent model takes it for XiaoAI's.
PLAIN = Findings(
    is_empty=False,
    control=None,
    ai_on=True,
    corrected=None,
    home_text=None,
    home_connected=False,
    home_is_down=False,
    awaited=None,
    ai_text=None,
    way="auto",
    is_command=False,
    is_home=False,
    p_llm=0.1,
    p_in_context=0.1,
    threshold=0.5,
    is_refused=False,
)
#: Everything that could speak for another answer at once: what a row must prevail over.
ALL = Findings(
    is_empty=False,
    control=StopTalking(),
    ai_on=True,
    corrected="llm",
    home_text="开灯",
    home_connected=True,
    home_is_down=False,
    awaited="reply",
    ai_text="开灯",
    way="auto",
    is_command=True,
    is_home=True,
    p_llm=0.99,
    p_in_context=0.99,
    threshold=0.5,
    is_refused=True,
)
UNCORRECTED = replace(ALL, control=None, corrected=None)
WORDLESS = replace(UNCORRECTED, home_text=None, ai_text=None, awaited=None)
UNLIKELY = replace(WORDLESS, p_llm=0.1, p_in_context=0.1)

ROWS: list[tuple[int, Reason, RouteName, list[Findings]]] = [
    (0, Reason.NOTHING_SAID, "native", [replace(ALL, is_empty=True, control=None), replace(PLAIN, is_empty=True)]),
    (
        1,
        Reason.ANSWER,
        "control",
        [
            replace(ALL, answer="choice"),
            replace(ALL, control=None, answer="other"),
            replace(PLAIN, answer="other", ai_on=False, way="native"),
            replace(PLAIN, answer="choice", awaited="yes"),
        ],
    ),
    (2, Reason.CONFIRMED, "home", [replace(ALL, awaited="yes"), replace(PLAIN, awaited="yes", way="native")]),
    (3, Reason.DECLINED, "home", [replace(ALL, awaited="no"), replace(PLAIN, awaited="no", way="ai")]),
    (
        4,
        Reason.CONTROL_PHRASE,
        "control",
        [ALL, replace(ALL, ai_on=False), replace(ALL, way="native"), replace(ALL, answer="other")],
    ),
    (5, Reason.AI_OFF, "native", [replace(ALL, control=None, ai_on=False), replace(PLAIN, ai_on=False, way="ai")]),
    (
        6,
        Reason.CORRECTED_NATIVE,
        "native",
        [replace(ALL, control=None, corrected="native"), replace(PLAIN, corrected="native", way="ai")],
    ),
    (
        7,
        Reason.CORRECTED_LLM,
        "llm",
        [replace(ALL, control=None), replace(PLAIN, corrected="llm"), replace(PLAIN, corrected="llm", is_command=True)],
    ),
    (8, Reason.HOME_KEYWORD, "home", [UNCORRECTED, replace(UNCORRECTED, way="native"), replace(UNCORRECTED, way="ai")]),
    (
        9,
        Reason.HOME_IS_DOWN,
        "home",
        [
            replace(UNCORRECTED, home_connected=False, home_is_down=True),
            replace(PLAIN, home_text="开灯", home_is_down=True, way="native"),
        ],
    ),
    (
        10,
        Reason.AI_KEYWORD,
        "llm",
        [replace(UNCORRECTED, home_connected=False), replace(PLAIN, ai_text="x", way="native")],
    ),
    (
        11,
        Reason.HOME_ASKED,
        "home",
        [
            replace(UNCORRECTED, home_text=None, ai_text=None),
            replace(PLAIN, awaited="reply", home_connected=True, way="native"),
        ],
    ),
    (12, Reason.CLASSIFIED_HOME, "home", [replace(WORDLESS, way="ai"), replace(WORDLESS, way="asked")]),
    (13, Reason.ASKED, "llm", [replace(PLAIN, way="asked"), replace(WORDLESS, way="asked", is_command=False)]),
    (14, Reason.MODE_AI, "llm", [replace(PLAIN, way="ai"), replace(WORDLESS, way="ai", is_command=False)]),
    (15, Reason.CLASSIFIED_LLM, "llm", [WORDLESS, replace(PLAIN, p_llm=0.5, p_in_context=0.5)]),
    (16, Reason.CLASSIFIED_HOME, "home", [UNLIKELY, replace(UNLIKELY, p_in_context=0.9)]),
    (17, Reason.FOLLOW_UP, "llm", [replace(PLAIN, p_in_context=0.5), replace(PLAIN, p_in_context=0.9, is_home=True)]),
    (
        18,
        Reason.RESCUED,
        "llm",
        [
            replace(PLAIN, is_refused=True),
            replace(PLAIN, is_refused=True, p_llm=None, p_in_context=None),
            replace(PLAIN, is_refused=True, way="ai", is_command=True),
            replace(PLAIN, is_refused=True, home_text="开灯"),
        ],
    ),
    (
        19,
        Reason.HOME_NOT_CONNECTED,
        "native",
        [replace(PLAIN, home_text="开灯", is_home=True), replace(PLAIN, home_text="x", way="native", is_refused=True)],
    ),
    (20, Reason.MODE_NATIVE, "native", [replace(UNLIKELY, way="native"), replace(WORDLESS, way="native")]),
    (
        21,
        Reason.NATIVE_COMMAND,
        "native",
        [replace(PLAIN, way="ai", is_command=True), replace(PLAIN, way="asked", is_command=True)],
    ),
    (22, Reason.NO_KEYWORD, "native", [replace(PLAIN, p_llm=None, p_in_context=None, is_command=True)]),
    (23, Reason.CLASSIFIED_NATIVE, "native", [PLAIN, replace(PLAIN, is_home=True), replace(PLAIN, p_llm=0.49)]),
]


@pytest.mark.parametrize(("row", "reason", "route", "cases"), ROWS, ids=[f"{n}-{r}" for n, r, _, _ in ROWS])
def test_row(row: int, reason: Reason, route: RouteName, cases: list[Findings]) -> None:
    for findings in cases:
        assert row_for(findings) is TABLE[row]
    assert (TABLE[row].reason, TABLE[row].route) == (reason, route)


def test_every_row_has_its_test() -> None:
    assert [number for number, *_ in ROWS] == list(range(len(TABLE)))
    assert {row.reason for row in TABLE} == set(Reason)


@pytest.mark.parametrize(
    ("findings", "is_rescued"),
    [
        (PLAIN, True),
        (replace(PLAIN, p_llm=None, p_in_context=None), True),
        (replace(PLAIN, way="ai", is_command=True), True),
        (replace(PLAIN, home_text="开灯"), True),
        (replace(PLAIN, way="native"), False),
        (replace(PLAIN, way="native", home_text="开灯"), False),
        (replace(PLAIN, ai_on=False), False),
        (replace(PLAIN, corrected="native"), False),
        (replace(PLAIN, is_empty=True), False),
    ],
)
def test_who_is_rescued(findings: Findings, is_rescued: bool) -> None:
    assert may_be_rescued(findings) is is_rescued


_findings = st.builds(
    Findings,
    is_empty=st.booleans(),
    control=st.sampled_from([None, StopTalking()]),
    ai_on=st.booleans(),
    corrected=st.sampled_from([None, "llm", "native"]),
    home_text=st.sampled_from([None, "开灯"]),
    home_connected=st.booleans(),
    ai_text=st.sampled_from([None, "开灯"]),
    way=st.sampled_from(["auto", "ai", "native", "asked"]),
    is_command=st.booleans(),
    is_home=st.booleans(),
    p_llm=st.one_of(st.none(), st.floats(0, 1)),
    p_in_context=st.one_of(st.none(), st.floats(0, 1)),
    threshold=st.floats(0.01, 0.99),
    is_refused=st.booleans(),
)


@given(_findings)
def test_whatever_is_found_somebody_answers(findings: Findings) -> None:
    row = row_for(findings)
    if row.route == "home":
        assert findings.home_connected or findings.home_is_down or findings.awaited in ("yes", "no")
    if row.route == "llm":
        assert findings.ai_on
        assert findings.way != "native" or findings.ai_text
    if not findings.ai_on:
        assert row.route in ("native", "control")
    if findings.corrected == "native" and findings.awaited not in ("yes", "no"):
        assert row.route in ("native", "control")


# what the router finds out for the table


class Model:
    """Knows some texts."""

    threshold = 0.5

    def __init__(self, p_llm: float = 0.1, *home: str) -> None:
        self._p_llm = p_llm
        self._home = home

    def p_llm(self, text: str) -> float:
        return self._p_llm

    def label(self, text: str) -> str:
        return "home" if text in self._home else "native"


def context(mode: Mode = "auto", *, follows_answer: bool = False, home: bool = False, **kept: Target) -> RoutingContext:
    return RoutingContext(mode=mode, ai_on=True, home_connected=home, follows_answer=follows_answer, corrections=kept)


@pytest.mark.parametrize(
    ("fragment", "p_llm", "expected"),
    [
        ("为什么呢", 0.2, 0.974),
        ("再来一个", 0.02, 0.752),
        ("So what else?", 0.2, 0.649),
        ("Why?", 0.2, 0.974),
        ("举个例子。", 0.2, 0.974),
        ("那明天呢", 0.03, 0.628),
        ("那后天北京的天气怎么样呢", 0.03, 0.628),
        ("那它有多重", 0.2, 0.649),
    ],
)
def test_a_fragment_after_an_answer_is_likelier_for_the_model(fragment: str, p_llm: float, expected: float) -> None:
    router = Router(RoutingRules(), Model(p_llm))
    alone, after = router.route(fragment, context()), router.route(fragment, context(follows_answer=True))
    assert (alone.route, alone.p_llm) == ("native", p_llm)
    assert (after.route, after.reason) == ("llm", Reason.FOLLOW_UP)
    assert after.p_llm == pytest.approx(expected, abs=0.001)


@pytest.mark.parametrize(
    "utterance",
    [
        "今天天气怎么样", "打开客厅灯", "那把灯关了", "那放首歌", "再大声点", "继续", "暂停", "and turn off the light",
        "some like it hot", "那你给我定一个明天早上七点半的闹钟",
    ],
)  # fmt: skip
def test_commands_and_whole_sentences_stay_where_they_are(utterance: str) -> None:
    assert follow_up_shift(utterance) == 0
    assert Router(RoutingRules(), Model(0.4)).route(utterance, context(follows_answer=True)).route == "native"


def test_what_the_model_is_sure_of_stays_although_it_is_a_fragment() -> None:
    assert Router(RoutingRules(), Model(0.01)).route("那明天呢", context(follows_answer=True)).route == "native"


@given(st.floats(0, 1), st.booleans())
def test_the_shift_keeps_a_probability(p_llm: float, follows_answer: bool) -> None:
    shifted = in_context(p_llm, "为什么呢", follows_answer=follows_answer)
    assert 0 <= shifted <= 1
    assert shifted >= min(p_llm, 1 - 1e-6)


def test_the_threshold_is_the_models_unless_it_is_set() -> None:
    strict = Model(0.79)
    strict.threshold = 0.8
    assert Router(RoutingRules(), strict).route("讲讲历史", context()).route == "native"
    assert Router(RoutingRules(), Model(0.5)).route("讲讲历史", context()).route == "llm"
    assert Router(RoutingRules(llm_threshold=0.8), Model(0.79)).route("讲讲历史", context()).route == "native"
    assert Router(RoutingRules(llm_threshold=0.8), Model(0.8)).route("讲讲历史", context()).route == "llm"


@pytest.mark.parametrize("mode", ["auto", "ai"])
def test_the_home_by_the_model_only_while_it_is_connected(mode: Mode) -> None:
    router = Router(RoutingRules(), Model(0.1, "打开客厅灯"))
    connected = router.route("打开客厅灯", context(mode, home=True))
    assert (connected.route, connected.reason) == ("home", Reason.CLASSIFIED_HOME)
    assert router.route("打开客厅灯", context(mode)).route == "native"


def test_corrected_words_count_in_whatever_writing() -> None:
    router = Router(RoutingRules(ai_keywords=("请",)), Model(0.9))
    corrected = router.route("讲 个，故事！", context(讲个故事="native"))
    assert (corrected.route, corrected.reason) == ("native", Reason.CORRECTED_NATIVE)
    assert not corrected.may_be_rescued
    assert router.route("讲个故事吧", context(讲个故事="native")).route == "llm"
    assert router.route("请讲个故事", context(请讲个故事="native")).route == "native"
    assert Router(RoutingRules(), Model(0.1)).route("开灯", context(开灯="llm")).reason == Reason.CORRECTED_LLM


def test_rescue_is_a_setting() -> None:
    on, off = Router(RoutingRules(), Model()), Router(RoutingRules(rescue=False), Model())
    assert on.route("泰山多高", context()).may_be_rescued
    assert on.route("泰山多高", context(), is_refused=True).reason == Reason.RESCUED
    assert not off.route("泰山多高", context()).may_be_rescued
    assert off.route("泰山多高", context(), is_refused=True).route == "native"
