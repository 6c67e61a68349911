"""The transcript of what was said to a speaker, from the cloud's two sources."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from migpt_shared.xiaomi.errors import MalformedAnswer

AnswerKind = Literal["TTS", "LLM", "AUDIO"]


@dataclass(frozen=True, slots=True)
class NativeAnswer:
    """One part of XiaoAI's own answer. `text` is what it said; of AUDIO the titles, of other kinds possibly empty."""

    kind: AnswerKind
    text: str


@dataclass(frozen=True, slots=True)
class Record:
    """One utterance. `time_ms`: the cloud's clock. `request_id`: may be empty. `answers`: none, one or several."""

    time_ms: int
    request_id: str
    query: str
    answers: tuple[NativeAnswer, ...]


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """`records`: newest first. `cloud_now_ms`: the cloud's clock, whole seconds. `next_end_ms`: end of older pages."""

    records: tuple[Record, ...]
    cloud_now_ms: int | None
    next_end_ms: int | None


def page_from(data: object, cloud_now_ms: int | None) -> HistoryPage:
    """The page in `data` of a conversation answer, which is JSON text; null, absent and empty mean no records.

    A record that lacks its time or its words is left out, the others stay. Raises MalformedAnswer if it is no page.
    """
    page = _json(data, "the transcript")
    if page is None:
        return HistoryPage((), cloud_now_ms, None)
    if not isinstance(page, dict):
        raise MalformedAnswer(f"the transcript is a {type(page).__name__}, not an object")
    records = page.get("records") or []
    if not isinstance(records, list):
        raise MalformedAnswer(f"the transcript's records are a {type(records).__name__}, not a list")
    next_end_ms = _milliseconds(page.get("nextEndTime"))
    return HistoryPage(_newest_first(_record(entry) for entry in records), cloud_now_ms, next_end_ms or None)


def page_from_nlp_results(info: object, cloud_now_ms: int | None, *, until_ms: int | None, limit: int) -> HistoryPage:
    """The page in `data.info` of `nlp_result_get`, the short memory of models without a transcript (M01).

    Entries may lack `nlp`, have no answer or several: what is there is taken. `until_ms` is inclusive.
    """
    results = _json(info, "the answer list")
    if results is None:
        return HistoryPage((), cloud_now_ms, None)
    entries = results.get("result") if isinstance(results, dict) else None
    if entries is None:
        entries = []
    if not isinstance(entries, list):
        raise MalformedAnswer("the answer list has no list of results")
    records = _newest_first(_nlp_record(entry) for entry in entries)
    if until_ms is not None:
        records = tuple(record for record in records if record.time_ms <= until_ms)
    return HistoryPage(records[:limit], cloud_now_ms, None)


def _newest_first(records: Iterable[Record | None]) -> tuple[Record, ...]:
    return tuple(sorted((record for record in records if record), key=lambda record: record.time_ms, reverse=True))


def _record(entry: object) -> Record | None:
    if not isinstance(entry, dict):
        return None
    time_ms, query = _milliseconds(entry.get("time")), entry.get("query")
    if time_ms is None or not isinstance(query, str) or not query:
        return None
    answers = entry.get("answers")
    parts = (_answer(answer) for answer in answers) if isinstance(answers, list) else ()
    return Record(time_ms, _text(entry.get("requestId")), query, tuple(part for part in parts if part))


def _answer(answer: Any) -> NativeAnswer | None:
    """LLM records have no `tts` and music answers no text at all, so each kind is read from its own field."""
    match answer:
        case {"type": "TTS" | "LLM" as kind}:
            body = answer.get(kind.lower())
            return NativeAnswer(kind, _text(body.get("text")) if isinstance(body, dict) else "")
        case {"type": "AUDIO"}:
            audio = answer.get("audio")
            songs = audio.get("audioInfoList") if isinstance(audio, dict) else None
            titles = [_text(song.get("title")) for song in songs or () if isinstance(song, dict)]
            return NativeAnswer("AUDIO", "、".join(title for title in titles if title))
        case _:
            return None


def _nlp_record(entry: object) -> Record | None:
    try:
        nlp = _json(entry.get("nlp"), "one answer") if isinstance(entry, dict) else None
    except MalformedAnswer:
        return None
    if not isinstance(nlp, dict):
        return None
    meta, response = _object(nlp.get("meta")), _object(nlp.get("response"))
    time_ms = _milliseconds(meta.get("timestamp"))
    answers = response.get("answer")
    answers = [answer for answer in answers if isinstance(answer, dict)] if isinstance(answers, list) else []
    query = next((words for answer in answers if (words := _text(_object(answer.get("intention")).get("query")))), "")
    if time_ms is None or not query:
        return None
    spoken = (_text(_object(answer.get("content")).get("to_speak")) for answer in answers)
    parts = tuple(NativeAnswer("TTS", text) for text in spoken if text)
    return Record(time_ms, _text(meta.get("request_id")), query, parts)


def _json(value: object, what: str) -> Any:
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise MalformedAnswer(f"{what} is not JSON") from None


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _milliseconds(value: object) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
