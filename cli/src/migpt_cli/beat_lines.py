"""A story line by line, for outputs that are no terminal."""

from __future__ import annotations

from migpt_cli.story_view import Look, decision_line, ending_line, heard_line, native_line
from migpt_shared.language import Phrase
from migpt_shared.story import Beat, Change

_SAID = Phrase(zh="有人说：“{text}”", en="somebody says: “{text}”")
_HEARD = Phrase(zh="听见：{text}", en="heard: {text}")
_DECIDED = Phrase(zh="判断：{text}", en="route: {text}")
_SENTENCE = Phrase(zh="写好一句：{text}", en="sentence: {text}")
_REQUESTED = Phrase(zh="请求朗读（第 {seqs} 句）", en="TTS requested (sentences {seqs})")
_NOTICE_REQUESTED = Phrase(zh="请求朗读", en="TTS requested")
_RETRYING = Phrase(zh="音箱忙，第 {attempt} 次重试：{error}", en="the speaker is busy, attempt {attempt}: {error}")
_SOUNDING = Phrase(zh="▶ 正在说：{text}", en="▶ speaking: {text}")
_SPOKEN = Phrase(zh="✓ 说完：{text}", en="✓ spoken: {text}")
_CUT = Phrase(zh="✂ 被打断，说到：{text}", en="✂ cut off after: {text}")
_INTERRUPTED = Phrase(zh="✂ 被打断：{text}", en="✂ cut off: {text}")
_FAILED = Phrase(zh="✗ 没有说出来（{error}）：{text}", en="✗ not spoken ({error}): {text}")
_NATIVE = Phrase(zh="小爱：{text}", en="XiaoAI: {text}")
_RESULT = Phrase(zh="结果：{text}", en="result: {text}")


def beat_line(beat: Beat, look: Look) -> str | None:
    """One line about what changed; None: nothing worth a line. Begins with the speaker's name."""
    content = _content(beat, look)
    return None if content is None else f"{look.name_of(beat.story.address)}  {content}"


def _content(beat: Beat, look: Look) -> str | None:
    language, story, spoken = look.language, beat.story, beat.spoken
    match beat.change:
        case Change.SAID:
            return _SAID.in_(language, text=story.text)
        case Change.HEARD if (line := heard_line(story, language)) is not None:
            return _HEARD.in_(language, text=f"{line.plain} “{story.text}”")
        case Change.DECIDED:
            asked = f"“{story.text}” → " if story.heard_at is None else ""
            return _DECIDED.in_(language, text=asked + decision_line(story, language).plain)
        case Change.SENTENCE:
            return _SENTENCE.in_(language, text=beat.text)
        case Change.REQUESTED if spoken is not None:
            if not spoken.seqs:
                return _NOTICE_REQUESTED.in_(language)
            return _REQUESTED.in_(language, seqs=", ".join(str(seq + 1) for seq in spoken.seqs))
        case Change.RETRYING if spoken is not None:
            return _RETRYING.in_(language, attempt=spoken.attempt, error=spoken.error or "?")
        case Change.SOUNDING:
            return _SOUNDING.in_(language, text=beat.text)
        case Change.SPOKEN:
            return _SPOKEN.in_(language, text=beat.text)
        case Change.CUT if spoken is not None:
            if spoken.chars_heard is None:
                return _INTERRUPTED.in_(language, text=beat.text)
            return _CUT.in_(language, text=beat.text[: spoken.chars_heard])
        case Change.FAILED if spoken is not None:
            return _FAILED.in_(language, error=spoken.error or spoken.phase, text=beat.text)
        case Change.NATIVE_ENDED | Change.MEDIA if (line := native_line(story, look, beat.at)) is not None:
            return _NATIVE.in_(language, text=line.plain)
        case Change.CLOSED:
            return _RESULT.in_(language, text=ending_line(story, language).plain)
    return None
