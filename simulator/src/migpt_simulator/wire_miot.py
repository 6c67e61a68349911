"""api.io.mi.com on the wire: signed MIoT calls."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, StrictInt, ValidationError

from .behaviour import BusyAnswer
from .exchange import cookie, exchange, json_answer, unauthorised
from .faults import Fault, RequestKind
from .home import ExpiredMiotAnswer
from .journal import RefusalReason, SpeechPath
from .live import LiveHome, LiveSpeaker
from .miot_device import DataTypeError, MiotCode, action_kind, read_property, run_action, write_property
from .miot_signature import is_signed
from .models import ActionAddress
from .speaker import Speaker

__all__ = ["MiotWire"]


class _ActionParams(BaseModel):
    did: str
    siid: StrictInt
    aiid: StrictInt
    arguments: list[object]

    model_config = ConfigDict(alias_generator=lambda name: "in" if name == "arguments" else name)


class _PropertyParams(BaseModel):
    did: str
    siid: StrictInt
    piid: StrictInt
    value: object = None


class _ActionCall(BaseModel):
    params: _ActionParams


class _PropertiesCall(BaseModel):
    params: list[_PropertyParams]


def _error(code: int, message: str) -> web.Response:
    return json_answer({"code": code, "message": message})


def _ok(result: object) -> web.Response:
    return json_answer({"code": 0, "message": "ok", "result": result})


Shape = TypeVar("Shape", bound=BaseModel)
_WRONG_TYPE = "data type not valid"


class MiotWire:
    """Routes of one simulated home."""

    def __init__(self, home: LiveHome) -> None:
        self._home = home

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/app/home/device_list", self._device_list),
            web.post("/app/miotspec/prop/get", self._get),
            web.post("/app/miotspec/prop/set", self._set),
            web.post("/app/miotspec/action", self._action),
            web.post("/app/v2/message/v2/check_new_msg", self._check),
        ]

    async def _signed(
        self,
        request: web.Request,
        kind: RequestKind,
        answer: Callable[[float, Fault | None], web.Response],
        speaker: LiveSpeaker | None = None,
    ) -> web.Response:
        form = await request.post()
        fields = {name: str(form.get(name, "")) for name in ("_nonce", "data", "signature")}
        user_id, token = cookie(request, "userId"), cookie(request, "serviceToken")

        def act(now: float, fault: Fault | None) -> web.Response:
            if "rc4_hash__" in form:
                return _error(-8, "this simulator understands plain signed requests only, not ENCRYPT-RC4")
            if fault is Fault.EXPIRED:
                self._home.passport.kill(token)
            session = self._home.passport.session(now, sid="xiaomiio", user_id=user_id, token=token)
            if session is None:
                return self._expired(user_id)
            uri = request.path.removeprefix("/app")
            if not is_signed(
                uri,
                nonce=fields["_nonce"],
                data=fields["data"],
                signature=fields["signature"],
                ssecurity=session.ssecurity,
            ):
                return _error(3, "invalid signature")
            if fault is Fault.NULLS:
                return json_answer({"code": 0, "message": None, "result": None})
            try:
                return answer(now, fault)
            except DataTypeError:
                return _error(-8, _WRONG_TYPE)

        return await exchange(
            self._home,
            request,
            kind,
            act,
            speaker=speaker,
            account=user_id,
            times_out=lambda: speaker is not None and _times_out(speaker, kind),
        )

    def _expired(self, user_id: str) -> web.Response:
        account = self._home.accounts.get(user_id)
        form = account.state.behaviour.expired_miot_answer if account else ExpiredMiotAnswer.HTTP_401
        match form:
            case ExpiredMiotAnswer.CODE_2:
                return _error(2, "auth err")
            case ExpiredMiotAnswer.CODE_3:
                return _error(3, "auth err")
            case ExpiredMiotAnswer.MESSAGE:
                return _error(-1, "SERVICETOKEN_EXPIRED")
            case ExpiredMiotAnswer.HTTP_401:
                return unauthorised()

    def _owned(self, request: web.Request, did: str) -> LiveSpeaker | None:
        speaker = self._home.speaker_by_did(did)
        return speaker if speaker is not None and speaker.spec.account == cookie(request, "userId") else None

    async def _device_list(self, request: web.Request) -> web.Response:
        speakers = self._home.speakers_of(cookie(request, "userId"))

        def answer(_now: float, _fault: Fault | None) -> web.Response:
            return _ok({"list": [_device(speaker) for speaker in speakers]})

        return await self._signed(request, RequestKind.HOME_DEVICE_LIST, answer)

    async def _check(self, request: web.Request) -> web.Response:
        def answer(_now: float, _fault: Fault | None) -> web.Response:
            return _ok({"new_msg": False})

        return await self._signed(request, RequestKind.MESSAGE_CHECK, answer)

    async def _get(self, request: web.Request) -> web.Response:
        call = await _parsed(request, _PropertiesCall)
        speaker = self._owned(request, call.params[0].did) if call is not None and call.params else None

        def answer(now: float, fault: Fault | None) -> web.Response:
            if call is None:
                raise DataTypeError
            return _ok([self._read(request, one, now, fault) for one in call.params])

        return await self._signed(request, RequestKind.PROPERTY_GET, answer, speaker)

    def _read(self, request: web.Request, one: _PropertyParams, now: float, fault: Fault | None) -> dict[str, object]:
        row: dict[str, object] = {"did": one.did, "siid": one.siid, "piid": one.piid}
        speaker = self._owned(request, one.did)
        if speaker is None:
            return {**row, "code": MiotCode.NOT_FOUND}
        code = speaker.act(lambda core, at: _reach(core, at, RequestKind.PROPERTY_GET, fault))
        if code is not None:
            return {**row, "code": code}
        found = speaker.act(lambda core, at: read_property(core, at, one.siid, one.piid))
        if found.code is not MiotCode.OK:
            return {**row, "code": found.code}
        return {**row, "code": 0, "value": found.value, "updateTime": round(self._home.clock.wall_s(now))}

    async def _set(self, request: web.Request) -> web.Response:
        call = await _parsed(request, _PropertiesCall)
        speaker = self._owned(request, call.params[0].did) if call is not None and call.params else None

        def answer(_now: float, fault: Fault | None) -> web.Response:
            if call is None:
                raise DataTypeError
            return _ok([self._write(request, one, fault) for one in call.params])

        return await self._signed(request, RequestKind.PROPERTY_SET, answer, speaker)

    def _write(self, request: web.Request, one: _PropertyParams, fault: Fault | None) -> dict[str, object]:
        speaker = self._owned(request, one.did)
        code: MiotCode | None = MiotCode.NOT_FOUND
        if speaker is not None:
            code = speaker.act(lambda core, at: _reach(core, at, RequestKind.PROPERTY_SET, fault))
            if code is None:
                code = speaker.act(lambda core, at: write_property(core, at, one.siid, one.piid, one.value))
        return {"did": one.did, "siid": one.siid, "piid": one.piid, "code": code}

    async def _action(self, request: web.Request) -> web.Response:
        call = await _parsed(request, _ActionCall)
        if call is None:

            def refuse(_now: float, _fault: Fault | None) -> web.Response:
                raise DataTypeError

            return await self._signed(request, RequestKind.OTHER, refuse)
        params = call.params
        speaker = self._owned(request, params.did)
        address = ActionAddress(params.siid, params.aiid)
        kind = action_kind(speaker.act(lambda core, _: core.model), address) if speaker else RequestKind.OTHER

        def answer(now: float, fault: Fault | None) -> web.Response:
            code = MiotCode.NOT_FOUND
            if speaker is not None:
                time_ms = self._home.clock.wall_ms(now)
                code = speaker.act(lambda core, at: _act(core, at, time_ms, kind, address, params.arguments, fault))
            return _ok(
                {
                    "did": params.did, "miid": 0, "siid": params.siid, "aiid": params.aiid, "code": code,
                    "exe_time": 100, "net_cost": 40, "ot_cost": 20, "otlocalts": round(now * 1e6), "oa_cost": 60,
                    "_oa_rpc_cost": 60, "withLatency": 0,
                }
            )  # fmt: skip

        return await self._signed(request, kind, answer, speaker)


async def _parsed(request: web.Request, shape: type[Shape]) -> Shape | None:
    form = await request.post()
    try:
        return shape.model_validate(json.loads(str(form.get("data", ""))))
    except (ValueError, ValidationError):
        return None


def _times_out(speaker: LiveSpeaker, kind: RequestKind) -> bool:
    # An offline speaker is known to be offline here; only a busy one is waited for.
    obstacle = speaker.act(lambda core, now: core.obstacle(now, kind))
    return obstacle is not None and obstacle.reason is RefusalReason.BUSY and obstacle.answer is BusyAnswer.TIMEOUT


def _reach(core: Speaker, now: float, kind: RequestKind, fault: Fault | None) -> MiotCode | None:
    """The code for a speaker that cannot be reached; None if it can."""
    obstacle = core.reach(now, kind)
    if obstacle is not None and obstacle.reason is RefusalReason.OFFLINE:
        return MiotCode.OFFLINE
    if fault is Fault.TIMEOUT or (obstacle is not None and obstacle.answer is BusyAnswer.TIMEOUT):
        return MiotCode.TIMEOUT
    if fault is Fault.BUSY or obstacle is not None:
        return MiotCode.CANNOT_RUN_NOW
    return None


def _act(
    core: Speaker,
    now: float,
    time_ms: int,
    kind: RequestKind,
    address: ActionAddress,
    arguments: list[object],
    fault: Fault | None,
) -> MiotCode:
    code = _reach(core, now, kind, fault)
    if code is None:
        return run_action(core, now, time_ms, address, arguments)
    if kind is RequestKind.SPEAK and arguments:
        reason = RefusalReason.OFFLINE if code is MiotCode.OFFLINE else RefusalReason.BUSY
        core.refuse(now, str(arguments[0]), SpeechPath.MIOT, reason)
    return code


def _device(speaker: LiveSpeaker) -> dict[str, object]:
    spec = speaker.spec
    return {
        "did": spec.miot_did,
        "name": spec.name,
        "model": speaker.act(lambda core, _: core.model.miot_model),
        "token": "",
        "localip": "192.168.31.2",
        "mac": "28:D1:27:00:00:00",
        "ssid": "",
        "isOnline": speaker.is_online,
        "desc": "",
        "extra": {"fw_version": spec.rom},
        "parent_id": "",
    }
