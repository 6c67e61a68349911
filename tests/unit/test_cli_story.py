"""The story of a turn: put together from bus and room, judged, measured and drawn."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from rich.console import Console

from migpt_cli.beat_lines import beat_line
from migpt_cli.demo.verdict import is_over, shortfall
from migpt_cli.story_view import Look, story_view
from migpt_cli.waterfall_view import waterfall_view
from migpt_shared.story import Beat, Change, RoomSound, Story, heard_in_room
from migpt_shared.waterfall import waterfall
from tests.unit.cli_story_teller import LIVING, QUESTION, TURN, Teller, whole_turn

LOOK = Look("zh", lambda address: "客厅小爱", seconds_per_char=0.2)


def drawn(story: Story, now: float, look: Look = LOOK, width: int = 100) -> str:
    console = Console(width=width, force_terminal=False)
    with console.capture() as capture:
        console.print(story_view(story, look, now))
    return capture.get()


# -- putting it together


def test_bus_and_room_tell_one_story() -> None:
    teller = whole_turn()
    [story] = teller.book.stories
    assert (story.said_at, story.visible_at, story.heard_at, story.accepted_at) == (0.0, 1.0, 1.1, 1.102)
    assert story.native is not None
    assert (story.native.heard_s, story.native.cut_by) == (0.1, "pause")
    assert heard_in_room(story, "living_room") == "因为散射。蓝光短。"
    assert story.is_closed


def test_an_utterance_published_again_changes_nothing() -> None:
    teller = Teller()
    assert [beat.change for beat in teller.heard(1.0)] == [Change.HEARD]
    assert teller.heard(2.5) == []
    assert teller.story.heard_at == 1.0


def test_the_same_words_twice_are_two_stories() -> None:
    teller = Teller()
    teller.room(0.0, RoomSound.QUESTION_SAID)
    teller.heard(1.0, turn="T1")
    teller.room(5.0, RoomSound.QUESTION_SAID)
    teller.heard(6.0, turn="T2")
    assert [(story.said_at, story.heard_at) for story in teller.book.stories] == [(0.0, 1.0), (5.0, 6.0)]


def test_an_ask_through_the_bus_has_a_story_of_its_own_even_with_words_just_said() -> None:
    teller = Teller()
    teller.room(0.0, RoomSound.QUESTION_SAID)
    teller.turn(0.5, "accepted", turn="ASK", source="mqtt")
    assert len(teller.book.stories) == 2


def test_an_old_retained_turn_is_no_news() -> None:
    teller = Teller()
    assert teller.turn(0.0, "done", retained=True) == []
    assert teller.book.stories == []


def test_a_higher_take_begins_its_sentences_anew_and_late_ones_of_the_lower_are_ignored() -> None:
    teller = Teller()
    teller.turn(0.0, "accepted")
    teller.sentence(0.5, 0, "旧的。")
    beats = teller.turn(1.0, "accepted", take=1, owner="brain/2")
    assert [beat.change for beat in beats] == [Change.DECIDED]
    assert teller.sentence(1.1, 1, "旧的二。") == []
    teller.sentence(1.2, 0, "新的。", take=1)
    assert teller.story.sentences == {0: "新的。"}


def test_a_sound_that_was_cut_and_is_spoken_again_counts_as_heard() -> None:
    teller = Teller()
    teller.turn(0.0, "accepted")
    teller.speech(0.1, "requested", [0], "一二三四。")
    teller.room(0.4, RoomSound.SOUND_STARTED, "一二三四。")
    teller.room(0.8, RoomSound.SOUND_CUT, "一二三四。", chars_heard=2, cut_by="speech")
    assert heard_in_room(teller.story, "living_room") == "一二"
    teller.room(2.0, RoomSound.SOUND_STARTED, "一二三四。")
    teller.room(3.0, RoomSound.SOUND_ENDED, "一二三四。")
    assert heard_in_room(teller.story, "living_room") == "一二三四。"


def test_without_a_room_the_speaker_services_word_is_taken() -> None:
    teller = Teller(has_room=False)
    teller.turn(0.0, "accepted")
    changes = [
        beat.change
        for phase, at in (("requested", 0.1), ("speaking", 0.4), ("speaking", 0.6), ("spoken", 1.4))
        for beat in teller.speech(at, phase, [0], "好的。")  # type: ignore[arg-type]
    ]
    assert changes == [Change.REQUESTED, Change.SOUNDING, Change.SPOKEN]


def test_with_a_room_only_the_room_says_what_sounds() -> None:
    teller = Teller()
    teller.turn(0.0, "accepted")
    teller.speech(0.1, "requested", [0], "好的。")
    assert teller.speech(0.4, "speaking", [0], "好的。") == []
    assert [beat.change for beat in teller.room(0.5, RoomSound.SOUND_STARTED, "好的。")] == [Change.SOUNDING]


def test_stories_are_kept_within_bounds() -> None:
    teller = Teller()
    for number in range(1000):
        teller.heard(float(number), turn=f"T{number}")
    assert len(teller.book.stories) == 200
    assert len(teller.book._by_turn) == 200


# -- the verdict


def test_a_whole_answer_is_over_and_has_no_shortfall() -> None:
    story = whole_turn().story
    assert is_over(story)
    assert shortfall(story) is None


def test_done_on_the_bus_is_not_enough_when_the_room_heard_less() -> None:
    teller = Teller()
    teller.room(0.0, RoomSound.QUESTION_SAID)
    teller.heard(1.0)
    teller.turn(1.1, "accepted")
    teller.sentence(1.5, 0, "因为散射。")
    teller.sentence(1.6, 1, "蓝光短。")
    teller.speech(1.7, "requested", [0, 1], "因为散射。蓝光短。")
    teller.room(2.0, RoomSound.SOUND_STARTED, "因为散射。蓝光短。")
    teller.turn(2.5, "done")
    assert not is_over(teller.story)
    teller.room(3.0, RoomSound.SOUND_CUT, "因为散射。蓝光短。", chars_heard=6, cut_by="pause")
    assert is_over(teller.story)
    missing = shortfall(teller.story)
    assert missing is not None
    assert missing.values == {"sentence": "蓝光短。"}


@pytest.mark.parametrize(
    ("phase", "word"),
    [("failed", "failed"), ("cancelled", "cancelled"), ("thinking", "thinking"), ("done", "没有听到回答")],
)
def test_every_other_end_falls_short(phase: str, word: str) -> None:
    teller = Teller()
    teller.heard(1.0)
    teller.turn(1.1, phase, error="no_key")
    missing = shortfall(teller.story)
    assert missing is not None
    assert word in missing.phrase.in_("zh", **missing.values)


def test_what_nobody_took_falls_short() -> None:
    teller = Teller()
    teller.room(0.0, RoomSound.QUESTION_SAID)
    missing = shortfall(teller.story)
    assert missing is not None
    assert "poller" in missing.phrase.zh


def test_xiaoai_counts_when_it_was_meant_to_answer_and_was_heard_out() -> None:
    teller = Teller()
    teller.room(0.0, RoomSound.QUESTION_SAID)
    teller.turn(1.0, "done", route="native")
    assert not is_over(teller.story)
    teller.room(1.2, RoomSound.NATIVE_STARTED, "好的")
    assert not is_over(teller.story)
    teller.room(2.0, RoomSound.NATIVE_ENDED, "好的", heard_s=0.8)
    assert is_over(teller.story)
    assert shortfall(teller.story) is None


def test_xiaoai_cut_off_by_us_falls_short() -> None:
    teller = Teller()
    teller.room(0.0, RoomSound.QUESTION_SAID)
    teller.turn(1.0, "done", route="native")
    teller.room(1.2, RoomSound.NATIVE_STARTED, "好的")
    teller.room(1.3, RoomSound.NATIVE_ENDED, "好的", heard_s=0.1, cut_by="pause")
    assert shortfall(teller.story) is not None


# -- measured


def test_the_waterfall_is_what_was_measured() -> None:
    figures = waterfall(whole_turn().story)
    assert [(stage.name.en, round(stage.end_ms)) for stage in figures.stages] == [
        ("Xiaomi's transcript", 0),
        ("heard", 100),
        ("route decided", 102),
        ("first token", 402),
        ("first sentence cut", 552),
        ("TTS requested", 610),
        ("speaker sounds", 950),
    ]
    assert round(figures.stages[0].took_ms) == 1000
    assert [round(bar.end_s - bar.begin_s, 2) for bar in figures.bars] == [1.0, 0.8]
    assert figures.bars[0].gap_s is None
    assert figures.bars[1].gap_s == pytest.approx(0.35)
    assert figures.done_s == pytest.approx(3.2)


def test_what_was_not_measured_is_left_out() -> None:
    teller = Teller()
    assert waterfall(Story(LIVING, QUESTION)).stages == ()
    teller.turn(2.0, "done", source="mqtt", spans_ms={"first_token": 300.0})
    assert [stage.name.en for stage in waterfall(teller.story).stages] == ["route decided", "first token"]
    assert waterfall_view(teller.story, "zh") is None


def test_the_waterfall_is_drawn_in_proportion() -> None:
    console = Console(width=100)
    view = waterfall_view(whole_turn().story, "en")
    assert view is not None
    with console.capture() as capture:
        console.print(view)
    text = capture.get()
    bars = {line.split("━")[0].strip(): line.count("━") for line in text.splitlines() if "━" in line}
    assert bars["speaker sounds"] > bars["heard"] > bars["route decided"]
    assert "950" in text
    assert "gap 0.35" in text


# -- drawn


def test_characters_light_up_as_they_sound() -> None:
    teller = Teller()
    teller.turn(0.0, "accepted")
    teller.sentence(0.4, 0, "一二三四五。")
    teller.sentence(0.5, 1, "六七八九。")
    assert "· 一二三四五。" in drawn(teller.story, 0.55)
    teller.speech(0.6, "requested", [0, 1], "一二三四五。六七八九。")
    assert "↗ 一二三四五。" in drawn(teller.story, 0.7)
    teller.room(1.0, RoomSound.SOUND_STARTED, "一二三四五。六七八九。")
    early = drawn(teller.story, 1.5)
    assert "▶ 一二三四五。" in early
    assert "↗ 六七八九。" in early
    assert "▶ 六七八九。" in drawn(teller.story, 2.5)
    teller.room(3.2, RoomSound.SOUND_CUT, "一二三四五。六七八九。", chars_heard=8, cut_by="pause")
    cut = drawn(teller.story, 3.3)
    assert "✓ 一二三四五。" in cut
    assert "✂ 六七八九。" in cut


def test_the_whole_story_is_on_the_screen() -> None:
    text = drawn(whole_turn().story, 5.0)
    for words in (
        f"“{QUESTION}”",
        "收录后 100 毫秒",
        "大模型来答",
        "0.10 秒就被我们打断",
        "✓ 因为散射。",
        "950 毫秒后开口",
    ):
        assert words in text


def test_a_long_answer_shows_what_sounds_now() -> None:
    teller = Teller()
    teller.turn(0.0, "accepted")
    for seq in range(40):
        teller.sentence(1.0, seq, f"第{seq}句。")
    for seq in range(20):
        teller.speech(1.0, "requested", [seq], f"第{seq}句。", utterance=f"u{seq}")
        teller.room(1.0, RoomSound.SOUND_STARTED, f"第{seq}句。")
        teller.room(2.0, RoomSound.SOUND_ENDED, f"第{seq}句。")
    text = drawn(teller.story, 3.0, Look("zh", str, 0.2, max_sentences=6))
    assert "第20句" in text
    assert "第0句" not in text
    assert sum(f"第{seq}句" in text for seq in range(40)) == 6


@pytest.mark.parametrize("text", ["[red]x[/red]", "[/]", "a[b"])
def test_what_people_say_is_no_markup(text: str) -> None:
    teller = Teller()
    teller.heard(1.0, text=text)
    teller.turn(1.1, "failed", text=text, error=text, reason=text)
    teller.sentence(1.2, 0, text)
    assert text in drawn(teller.story, 2.0)


def test_every_change_has_its_line() -> None:
    teller = Teller()
    happenings: list[tuple[Callable[[], list[Beat]], str]] = [
        (lambda: teller.room(0.0, RoomSound.QUESTION_SAID), "有人说"),
        (lambda: teller.heard(1.1), "听见"),
        (lambda: teller.turn(1.1, "accepted", reason_text="有关键词"), "有关键词"),
        (lambda: teller.sentence(1.2, 0, "好。"), "写好"),
        (lambda: teller.speech(1.3, "requested", [0], "好。"), "请求"),
        (lambda: teller.speech(1.3, "retrying", [0], "好。", attempt=2), "第 2 次"),
        (lambda: teller.room(1.6, RoomSound.SOUND_STARTED, "好。"), "▶"),
        (lambda: teller.room(1.9, RoomSound.SOUND_CUT, "好。", chars_heard=1, cut_by="pause"), "✂"),
        (lambda: teller.speech(2.0, "failed", [0], "好。"), "✗"),
        (lambda: teller.turn(2.1, "failed", error="busy"), "失败：busy"),
    ]
    for happens, word in happenings:
        [beat] = happens()
        line = beat_line(beat, LOOK)
        assert line is not None
        assert word in line
        assert TURN not in line
