"""api2.mina.mi.com on the wire: the device list and `/remote/ubus`."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable

from aiohttp import web

from .behaviour import BusyAnswer
from .conversation import Record
from .exchange import Act, cookie, exchange, json_answer, unauthorised
from .faults import Fault, RequestKind
from .journal import RefusalReason, SpeechPath
from .live import LiveHome, LiveSpeaker
from .play_status import ReportedStatus
from .speaker import Speaker, Unreachable

__all__ = ["MinaWire", "mina_session"]

_PROXIED = (
    "Msg has been successfully proxy to the device, this service is a simple proxy, "
    "if you encounter any problems pls contact ROM's developers directly!!!"
)
_CAPABILITIES = {
    "LX06": ("night_mode_v2", "player_pause_timer", "ai_instruction", "custom_tts", "ai_protocol_3_0", "yunduantts"),
    "LX04": ("continuous_dialogue", "ai_protocol_3_0", "yunduantts"),
}
_OTHER_CAPABILITIES = ("night_mode", "ai_protocol_3_0", "yunduantts", "china_mobile_ims")
_METHODS = {
    ("mibrain", "text_to_speech"): RequestKind.SPEAK,
    ("mediaplayer", "player_play_tts"): RequestKind.SPEAK,
    ("mibrain", "nlp_result_get"): RequestKind.LATEST_ASK,
    ("mibrain", "ai_service"): RequestKind.EXECUTE,
    ("mediaplayer", "player_get_play_status"): RequestKind.STATUS,
    ("mediaplayer", "player_set_volume"): RequestKind.VOLUME,
    ("mediaplayer", "player_set_loop"): RequestKind.LOOP,
    ("mediaplayer", "player_play_url"): RequestKind.PLAY_URL,
    ("mediaplayer", "player_play_music"): RequestKind.PLAY_URL,
}
_OPERATIONS = {
    "play": RequestKind.PLAY, "pause": RequestKind.PAUSE, "stop": RequestKind.STOP, "toggle": RequestKind.TOGGLE,
}  # fmt: skip

Message = dict[str, object]


def _illegal(detail: str) -> web.Response:
    return json_answer({"code": 601, "message": "illegal argument exception", "data": {"msg": detail}})


def mina_session(home: LiveHome, request: web.Request, now: float, fault: Fault | None) -> web.Response | None:
    """What to answer instead, if the micoapi cookies do not let the request in."""
    user_id, token = cookie(request, "userId"), cookie(request, "serviceToken")
    for name, value in (("userId", user_id), ("serviceToken", token)):
        if not value:
            return _illegal(
                f"MissingRequestCookieException: Required cookie '{name}' for method parameter is not present"
            )
    if fault is Fault.EXPIRED:
        home.passport.kill(token)
    if home.passport.session(now, sid="micoapi", user_id=user_id, token=token) is None:
        return unauthorised()
    return None


class MinaWire:
    """Routes of one simulated home."""

    def __init__(self, home: LiveHome) -> None:
        self._home = home

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/admin/v2/device_list", self._device_list),
            web.post("/remote/ubus", self._ubus),
            web.get("/remote/ubus", self._ubus_by_get),
        ]

    async def _device_list(self, request: web.Request) -> web.Response:
        account = cookie(request, "userId")

        def act(now: float, fault: Fault | None) -> web.Response:
            refused = mina_session(self._home, request, now, fault)
            if refused is not None:
                return refused
            if fault is Fault.NULLS:
                return json_answer({"code": 0, "message": None, "data": None})
            devices = [_device(speaker, is_first=not n) for n, speaker in enumerate(self._home.speakers_of(account))]
            return json_answer({"code": 0, "message": "Success", "data": devices})

        return await exchange(self._home, request, RequestKind.DEVICE_LIST, act, account=account)

    async def _ubus_by_get(self, request: web.Request) -> web.Response:
        def act(_now: float, _fault: Fault | None) -> web.Response:
            return _illegal("HttpRequestMethodNotSupportedException: Request method 'GET' not supported")

        return await exchange(self._home, request, RequestKind.OTHER, act, account=cookie(request, "userId"))

    async def _ubus(self, request: web.Request) -> web.Response:
        form = await request.post()
        device_id, path, method = (str(form.get(name, "")) for name in ("deviceId", "path", "method"))
        message = _message(str(form.get("message", "")))
        account = cookie(request, "userId")
        speaker = self._home.speaker_by_device_id(device_id)
        if speaker is not None and speaker.spec.account != account:
            speaker = None
        kind = _METHODS.get((path, method), RequestKind.OTHER)
        if (path, method) == ("mediaplayer", "player_play_operation") and message is not None:
            kind = _OPERATIONS.get(str(message.get("action")), RequestKind.OTHER)
        return await exchange(
            self._home,
            request,
            kind,
            self._answer(request, speaker, kind, message),
            speaker=speaker,
            account=account,
            times_out=lambda: speaker is not None and _times_out(speaker, kind),
        )

    def _answer(
        self, request: web.Request, speaker: LiveSpeaker | None, kind: RequestKind, message: Message | None
    ) -> Act:
        def act(now: float, fault: Fault | None) -> web.Response:
            refused = mina_session(self._home, request, now, fault)
            if refused is not None:
                return refused
            if speaker is None or message is None:
                return _illegal("IllegalArgumentException: ubus call format illegal!")
            return speaker.act(lambda core, at: self._on_device(core, at, kind, message, fault))

        return act

    def _on_device(
        self, core: Speaker, now: float, kind: RequestKind, message: Message, fault: Fault | None
    ) -> web.Response:
        unreachable = core.reach(now, kind)
        if fault is Fault.BUSY:
            unreachable = Unreachable(RefusalReason.BUSY, BusyAnswer.ROM)
        elif fault is Fault.TIMEOUT:
            unreachable = Unreachable(RefusalReason.BUSY, BusyAnswer.TIMEOUT)
        if unreachable is not None:
            if kind is RequestKind.SPEAK:
                core.refuse(now, str(message.get("text", "")), SpeechPath.MINA, unreachable.reason)
            return _no_response(core, unreachable.answer)
        if fault is Fault.NULLS:
            return json_answer({"code": 0, "message": None, "data": {"code": None, "info": None}})
        if kind is RequestKind.SPEAK:
            return self._speak(core, now, message)
        if kind is RequestKind.EXECUTE:
            return self._execute(core, now, message)
        if kind is RequestKind.STATUS:
            return _proxied(info=_status_info(core, core.status(now)))
        if kind is RequestKind.LATEST_ASK:
            page = core.conversation.page(now, until_ms=None, limit=2)
            return _proxied(
                info={"result": [{"nlp": json.dumps(_nlp(one), ensure_ascii=False)} for one in page.records]}
            )
        if kind is RequestKind.VOLUME:
            volume = message.get("volume")
            if not isinstance(volume, int) or isinstance(volume, bool):
                return _proxied(code=-1)
            core.room.set_volume(now, volume)
            return _proxied()
        if kind is RequestKind.PLAY_URL:
            url = _url(message)
            if not url:
                return _proxied(code=-1)
            core.room.play_media(now, url)
            return _proxied()
        commands: dict[RequestKind, Callable[[float], None]] = {
            RequestKind.PLAY: core.room.play,
            RequestKind.PAUSE: core.room.pause,
            RequestKind.STOP: core.room.stop,
            RequestKind.TOGGLE: core.room.toggle,
            RequestKind.LOOP: core.advance,
        }
        if kind not in commands:
            return _no_response(core, BusyAnswer.ROM)  # the ROM has no such method and does not answer
        commands[kind](now)
        return _proxied()

    def _speak(self, core: Speaker, now: float, message: Message) -> web.Response:
        text = message.get("text")
        if not isinstance(text, str):
            return _proxied(code=-1)
        if core.speak(now, text, SpeechPath.MINA) in (RefusalReason.BUSY, RefusalReason.SPEAKING):
            return _no_response(core, core.behaviour.busy_answer)
        return _proxied()

    def _execute(self, core: Speaker, now: float, message: Message) -> web.Response:
        text = message.get("nlp_text")
        if not isinstance(text, str):
            return _proxied(code=-1)
        core.execute(now, self._home.clock.wall_ms(now), text, silent=not message.get("tts"))
        return _proxied()


def _times_out(speaker: LiveSpeaker, kind: RequestKind) -> bool:
    obstacle = speaker.act(lambda core, now: core.obstacle(now, kind))
    return obstacle is not None and obstacle.answer is BusyAnswer.TIMEOUT


def _message(text: str) -> Message | None:
    try:
        message = json.loads(text)
    except ValueError:
        return None
    return message if isinstance(message, dict) else None


def _proxied(code: int = 0, info: dict[str, object] | None = None) -> web.Response:
    data: dict[str, object] = {"code": code}
    if info is not None:
        data["info"] = json.dumps(info, ensure_ascii=False)
    return json_answer({"code": 0, "message": _PROXIED, "data": data})


def _no_response(core: Speaker, answer: BusyAnswer) -> web.Response:
    if answer is BusyAnswer.TIMEOUT:
        detail = json.dumps({"msg": "Timed out waiting 2000.00ms", "code": 100})
        return json_answer({"code": 100, "message": "ubus server internal error", "data": {"msg": detail}})
    data = {
        "device_data": json.dumps({"msg": "ROM端未响应", "code": 3012}, ensure_ascii=False),
        "reqID": core.rng.randbytes(16).hex(),
    }
    return json_answer({"code": 101, "message": "ubus server or device returned invalid result", "data": data})


def _status_info(core: Speaker, status: ReportedStatus) -> dict[str, object]:
    if status.state is None:
        return {"is_mic_mute": 0}
    info: dict[str, object] = {"status": int(status.state), "volume": core.room.volume, "loop_type": 1}
    if status.media_type is not None:
        info["media_type"] = int(status.media_type)
        info["play_song_detail"] = {"audio_id": "1582971365183456177", "title": status.title, "artist": "", "album": ""}
    return info


def _nlp(record: Record) -> dict[str, object]:
    return {
        "meta": {"request_id": record.request_id, "timestamp": str(record.time_ms)},
        "response": {
            "answer": [
                {
                    "domain": "general",
                    "action": "answer",
                    "content": {"to_speak": record.answer.text},
                    "intention": {"query": record.query},
                }
            ]
        },
    }


def _url(message: Message) -> str:
    if isinstance(message.get("url"), str):
        return str(message["url"])
    music = _message(str(message.get("music", "")))
    try:
        return str(music["payload"]["audio_items"][0]["stream"]["url"]) if music else ""  # type: ignore[index]
    except (KeyError, IndexError, TypeError):
        return ""


def _device(speaker: LiveSpeaker, *, is_first: bool) -> dict[str, object]:
    spec = speaker.spec
    number = zlib.crc32(spec.device_id.encode())
    profile = base64.b64encode(json.dumps({"sn": spec.serial_number}).encode()).decode()
    return {
        "deviceID": spec.device_id,
        "serialNumber": spec.serial_number,
        "name": spec.name,
        "alias": spec.alias or spec.name,
        "current": is_first,
        "presence": "online" if speaker.is_online else "offline",
        "address": f"192.168.31.{number % 250 + 2}",
        "miotDID": spec.miot_did,
        "hardware": spec.hardware,
        "romVersion": spec.rom,
        "romChannel": "release",
        "capabilities": dict.fromkeys(_CAPABILITIES.get(spec.hardware, _OTHER_CAPABILITIES), 1),
        "remoteCtrlType": "",
        "deviceSNProfile": profile,
        "deviceProfile": profile,
        "brokerEndpoint": "c4-broker.mina.mi.com:1886",
        "brokerIndex": number % 8,
        "mac": "28:D1:27:" + ":".join(f"{(number >> shift) & 255:02X}" for shift in (16, 8, 0)),
        "ssid": "",
    }
