"""userprofile.mina.mi.com on the wire: the conversation history."""

from __future__ import annotations

import json

from aiohttp import web

from .conversation import NativeKind, Page, Record
from .exchange import cookie, exchange, json_answer
from .faults import Fault, RequestKind
from .live import LiveHome
from .models import model_of
from .wire_mina import mina_session

__all__ = ["ConversationWire"]

_DEFAULT_LIMIT = 10
_MOST = 100


class ConversationWire:
    """Routes of one simulated home."""

    def __init__(self, home: LiveHome) -> None:
        self._home = home

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/device_profile/v2/conversation", self._conversation),
            web.get("/device_profile/conversation", self._conversation),
        ]

    async def _conversation(self, request: web.Request) -> web.Response:
        account = cookie(request, "userId")
        speaker = self._home.speaker_by_device_id(cookie(request, "deviceId"))
        if speaker is not None and speaker.spec.account != account:
            speaker = None

        def act(now: float, fault: Fault | None) -> web.Response:
            refused = mina_session(self._home, request, now, fault)
            if refused is not None:
                return refused
            try:
                until_ms = int(request.query["timestamp"]) if "timestamp" in request.query else None
                limit = int(request.query.get("limit", _DEFAULT_LIMIT))
            except ValueError:
                detail = {"msg": "IllegalArgumentException: For input string"}
                return json_answer({"code": 601, "message": "illegal argument exception", "data": detail})
            if fault is Fault.NO_RECORDS:
                return json_answer({"code": 0, "message": "Success", "data": None})
            if fault is Fault.NULLS:
                broken = {"query": None, "answers": None, "time": None, "requestId": None, "bitSet": None}
                return _answer({"bitSet": None, "records": [broken], "nextEndTime": None})
            hardware = request.query.get("hardware")
            if speaker is None or hardware != speaker.spec.hardware or not model_of(hardware).history_is_recorded:
                page = Page((), 0)
            else:
                page = speaker.act(
                    lambda core, at: core.conversation.page(at, until_ms=until_ms, limit=max(0, min(limit, _MOST)))
                )
            records = [_record(record, now) for record in page.records]
            return _answer({"bitSet": [0, 1, 1], "records": records, "nextEndTime": page.next_end_ms})

        return await exchange(self._home, request, RequestKind.CONVERSATION, act, speaker=speaker, account=account)


def _answer(data: dict[str, object]) -> web.Response:
    # `data` is JSON inside a JSON string.
    return json_answer({"code": 0, "message": "Success", "data": json.dumps(data, ensure_ascii=False)})


def _record(record: Record, now: float) -> dict[str, object]:
    return {
        "bitSet": [0, 1, 1, 1, 1],
        "answers": _answers(record) if record.answered_at <= now else [],
        "time": record.time_ms,
        "query": record.query,
        "requestId": record.request_id,
    }


def _answers(record: Record) -> list[dict[str, object]]:
    answer = record.answer
    bits = [0, 1, 1, 1]
    match answer.kind:
        case NativeKind.NONE:
            return []
        case NativeKind.TTS:
            return [{"bitSet": bits, "type": "TTS", "tts": {"bitSet": [0, 1], "text": answer.text}}]
        case NativeKind.LLM:
            return [{"bitSet": bits, "type": "LLM", "llm": {"bitSet": [0, 1], "text": answer.text}}]
        case NativeKind.AUDIO:
            song = {"title": answer.title, "artist": "", "cpName": "xiaowei"}
            return [
                {"bitSet": bits, "type": "TTS", "tts": {"bitSet": [0, 1], "text": answer.text}},
                {"bitSet": bits, "type": "AUDIO", "audio": {"bitSet": [0, 1], "audioInfoList": [song]}},
            ]
