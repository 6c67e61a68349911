"""How a story looks on a terminal: who heard it, who decided what and why, and the answer lighting up as it sounds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from migpt_shared.language import Language, Phrase
from migpt_shared.messages import Address
from migpt_shared.story import Spoken, Story
from migpt_shared.waterfall import waterfall

_HEARD = Phrase(zh="听见", en="heard")
_DECIDED = Phrase(zh="判断", en="route")
_NATIVE = Phrase(zh="小爱", en="XiaoAI")
_ANSWER = Phrase(zh="回答", en="answer")
_RESULT = Phrase(zh="结果", en="result")

_SAID_JUST_NOW = Phrase(zh="等小米云收录这句话…", en="waiting for Xiaomi's transcript…")
_VISIBLE = Phrase(
    zh="小米云 {delay:.1f} 秒后收录，poller 正在查…", en="in Xiaomi's transcript after {delay:.1f} s; polling…"
)
_HEARD_AFTER = Phrase(zh="收录后 {ms:.0f} 毫秒，poller 听到了", en="the poller heard it {ms:.0f} ms after it was there")
_HEARD_PLAIN = Phrase(zh="poller 听到了", en="the poller heard it")
_ASKED = Phrase(zh="从 {source} 提问", en="asked through {source}")
_ROUTES = {
    "llm": Phrase(zh="大模型来答", en="the language model answers"),
    "home": Phrase(zh="Home Assistant 来答", en="Home Assistant answers"),
    "native": Phrase(zh="留给小爱", en="left to XiaoAI"),
    "control": Phrase(zh="控制命令", en="a command for us"),
}
_NATIVE_SOUNDS = Phrase(zh="“{text}”正在响", en="is saying “{text}”")
_NATIVE_CUT = Phrase(zh="刚开口 {heard:.2f} 秒就被我们打断", en="was silenced after {heard:.2f} s")
_NATIVE_WHOLE = Phrase(zh="“{text}”（自己答完，{heard:.1f} 秒）", en="answered itself: “{text}” ({heard:.1f} s)")
_NATIVE_KEPT = Phrase(zh="没来得及出声", en="never got a word out")
_MEDIA = Phrase(zh="正在播放 ♪ {title}", en="is playing ♪ {title}")
_THINKING = Phrase(zh="大模型正在想…", en="the model is thinking…")
_RETRYING = Phrase(zh="音箱忙，第 {attempt} 次重试", en="the speaker is busy, attempt {attempt}")
_ENDINGS = {
    "done": Phrase(zh="完成", en="done"),
    "cancelled": Phrase(zh="被打断", en="interrupted"),
    "failed": Phrase(zh="失败：{error}", en="failed: {error}"),
}
_TOTAL = Phrase(
    zh="{first:.0f} 毫秒后开口 · 全程 {total:.1f} 秒", en="first sound after {first:.0f} ms · {total:.1f} s in all"
)

LABEL_STYLE = "grey62"
_SOUNDING_STYLE, _LIT_STYLE = "bold bright_white", "bold bright_cyan"


@dataclass(frozen=True, slots=True)
class Look:
    """What the view needs to know beside the story."""

    language: Language
    name_of: Callable[[Address], str]
    seconds_per_char: float | None = None
    """how fast the room speaks, to light up characters while they sound; None: whole utterances light up"""
    max_sentences: int | None = None
    """how many sentences fit; those around the sounding one are shown"""


def story_view(story: Story, look: Look, now: float) -> RenderableType:
    """The story as it stands at `now` (monotonic seconds)."""
    grid = Table.grid(padding=(0, 1))
    grid.add_column(style=LABEL_STYLE, justify="right", no_wrap=True, min_width=6)
    grid.add_column(overflow="fold")
    for label, content in _rows(story, look, now):
        grid.add_row(label, content)
    return Group(headline(story, look), grid)


def headline(story: Story, look: Look) -> Text:
    """Who was asked what."""
    mark, style = ("●", "bright_cyan") if not story.is_closed else ("○", "grey62")
    return Text.assemble(
        (f"{mark} ", style), (look.name_of(story.address), "bold"), "  ", (f"“{story.text}”", "bright_yellow")
    )


def _rows(story: Story, look: Look, now: float) -> Iterator[tuple[str, Text]]:
    language = look.language
    if (heard := heard_line(story, language)) is not None:
        yield _HEARD.in_(language), heard
    if story.turn is not None:
        yield _DECIDED.in_(language), decision_line(story, language)
    if (native := native_line(story, look, now)) is not None:
        yield _NATIVE.in_(language), native
    label = _ANSWER.in_(language)
    for line in _answer_lines(story, look, now):
        yield label, line
        label = ""
    if story.is_closed:
        yield _RESULT.in_(language), ending_line(story, language)


def heard_line(story: Story, language: Language) -> Text | None:
    """How the utterance was noticed."""
    if story.turn is not None and story.turn.source != "speaker":
        return Text(_ASKED.in_(language, source=story.turn.source))
    if story.heard_at is not None:
        if story.visible_at is None:
            return Text(_HEARD_PLAIN.in_(language))
        return Text(_HEARD_AFTER.in_(language, ms=max(0.0, story.heard_at - story.visible_at) * 1000))
    if story.visible_at is not None and story.said_at is not None:
        return Text(_VISIBLE.in_(language, delay=story.visible_at - story.said_at), style="dim")
    return Text(_SAID_JUST_NOW.in_(language), style="dim") if story.said_at is not None else None


def decision_line(story: Story, language: Language) -> Text:
    """Who answers, and why."""
    turn = story.turn
    if turn is None:
        return Text()
    text = Text.assemble((_ROUTES[turn.route].in_(language), "bold"))
    text.append(f"  {turn.reason_text or turn.reason}", style="grey70")
    if turn.p_llm is not None:
        text.append(f"  p={turn.p_llm:.2f}", style="grey70")
    if turn.preset:
        text.append(f"  [{turn.preset}]", style="grey50")
    return text


def native_line(story: Story, look: Look, now: float) -> Text | None:
    """What XiaoAI itself said, or did not come to say."""
    native, language = story.native, look.language
    if story.media is not None:
        return Text(_MEDIA.in_(language, title=story.media), style="green")
    if native is None:
        is_taken = story.turn is not None and story.turn.route in ("llm", "home") and story.is_closed
        return Text(_NATIVE_KEPT.in_(language)) if is_taken and story.said_at is not None else None
    if native.ended_at is None:
        return Text(_NATIVE_SOUNDS.in_(language, text=native.text), style="yellow")
    heard_s = native.heard_s or 0.0
    if native.cut_by is None:
        return Text(_NATIVE_WHOLE.in_(language, text=native.text, heard=heard_s), style="green")
    return Text(_NATIVE_CUT.in_(language, heard=heard_s))


def _answer_lines(story: Story, look: Look, now: float) -> Iterator[Text]:
    turn = story.turn
    if not story.sentences:
        if turn is not None and turn.route == "llm" and turn.is_open:
            yield Text(_THINKING.in_(look.language), style="dim italic")
        return
    seqs = sorted(story.sentences)
    lit = {seq: _lit(story, seq, look, now) for seq in seqs}
    for seq in _window(seqs, lit, look.max_sentences):
        yield _sentence_line(story.sentences[seq], lit[seq], look)
    retrying = next((one for one in reversed(story.spoken) if one.phase == "retrying"), None)
    if retrying is not None:
        yield Text(_RETRYING.in_(look.language, attempt=retrying.attempt), style="yellow")


@dataclass(frozen=True, slots=True)
class _Lit:
    """How far a sentence is: `mark`, and how many of its characters have sounded."""

    mark: str
    chars: int
    is_sounding: bool = False
    was_cut: bool = False


def _window(seqs: list[int], lit: dict[int, _Lit], size: int | None) -> list[int]:
    if size is None or len(seqs) <= size:
        return seqs
    current = next((place for place, seq in enumerate(seqs) if lit[seq].mark not in ("✓", "✂")), len(seqs) - 1)
    begin = max(0, min(current - size // 3, len(seqs) - size))
    return seqs[begin : begin + size]


def _lit(story: Story, seq: int, look: Look, now: float) -> _Lit:
    length = len(story.sentences[seq])
    one = next(
        (one for one in reversed(story.on(story.speakers()[0])) if seq in one.seqs and one.take == story.take), None
    )
    if one is None:
        return _Lit("·", 0)
    before = sum(len(story.sentences.get(other, "")) for other in one.seqs if other < seq)
    start, end = _start(one), _end(one)
    if end is not None:
        heard = len(one.text) if one.chars_heard is None else one.chars_heard
        chars = max(0, min(length, heard - before))
        if one.phase in ("failed", "expired"):
            return _Lit("✗", 0, was_cut=True)
        if chars < length or (one.phase == "interrupted" and one.sound_ended_at is None):
            return _Lit("✂", chars if one.sound_ended_at is not None else 0, was_cut=True)
        return _Lit("✓", length)
    if start is None:
        return _Lit("↗", 0)
    if look.seconds_per_char:
        sounded = int((now - start) / look.seconds_per_char)
        chars = max(0, min(length, sounded - before))
    else:
        chars = length
    return _Lit("▶" if chars else "↗", chars, is_sounding=chars > 0 and (chars < length or not look.seconds_per_char))


def _sentence_line(sentence: str, lit: _Lit, look: Look) -> Text:
    if lit.mark == "✓":
        return Text.assemble(("✓ ", "green"), (sentence, "grey78"))
    if lit.was_cut:
        return Text.assemble(
            (f"{lit.mark} ", "red"), (sentence[: lit.chars], "grey78"), (sentence[lit.chars :], "grey42 strike")
        )
    if lit.chars:
        style = _SOUNDING_STYLE if lit.is_sounding else "grey78"
        return Text.assemble(("▶ ", _LIT_STYLE), (sentence[: lit.chars], _LIT_STYLE), (sentence[lit.chars :], style))
    return Text.assemble((f"{lit.mark} ", "yellow" if lit.mark == "↗" else "grey50"), (sentence, "grey58"))


def ending_line(story: Story, language: Language) -> Text:
    """How the turn ended, and the two figures that matter."""
    turn = story.turn
    if turn is None:
        return Text()
    error = turn.error or "?"
    style = {"done": "bold green", "failed": "bold red"}.get(turn.phase, "yellow")
    text = Text(_ENDINGS[turn.phase].in_(language, error=error) if turn.phase in _ENDINGS else turn.phase, style=style)
    if turn.phase == "done" and turn.error:
        text.append(f" ({turn.error})", style="grey62")
    figures = waterfall(story)
    if figures.first_sound_ms is not None and figures.done_s is not None:
        text.append(" · ", style="grey62")
        text.append(_TOTAL.in_(language, first=figures.first_sound_ms, total=figures.done_s), style="grey78")
    return text


def _start(one: Spoken) -> float | None:
    return one.sound_started_at if one.sound_started_at is not None else one.believed_start_at


def _end(one: Spoken) -> float | None:
    if one.sound_started_at is not None or one.believed_end_at is None:
        return one.sound_ended_at
    return one.believed_end_at
