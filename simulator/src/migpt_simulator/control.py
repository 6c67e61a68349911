"""The control API under `/control`: what a test or a demo in another process does to the simulated home, as JSON."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable
from typing import TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .behaviour import BusyAnswer
from .conversation import NativeAnswer, NativeKind
from .faults import Fault, RequestKind
from .live import LiveAccount, LiveHome, LiveSpeaker
from .passport import LoginStep

__all__ = ["Control"]

_LONGEST_WAIT_S = 60.0


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Native(_Body):
    kind: NativeKind = NativeKind.TTS
    text: str = ""
    duration_s: float | None = Field(None, ge=0)
    title: str = ""


class _Say(_Body):
    text: str
    native: _Native | str | None = None
    publish_delay_s: float | None = Field(None, ge=0)
    native_delay_s: float | None = Field(None, ge=0)
    answer_delay_s: float = Field(0.0, ge=0)
    is_recorded: bool = True


class _Busy(_Body):
    calls: int | None = Field(None, ge=0)
    for_s: float | None = Field(None, ge=0)
    answer: BusyAnswer | None = None
    only: frozenset[RequestKind] = frozenset()


class _Presence(_Body):
    is_online: bool


class _Expire(_Body):
    service_tokens: bool = True
    pass_tokens: bool = False
    sid: str | None = None


class _Script(_Body):
    fault: Fault
    count: int = Field(1, ge=1)
    kind: RequestKind | None = None
    speaker: str | None = None


class _Cloud(_Body):
    latency_s: float | None = Field(None, ge=0)
    clock_skew_s: float | None = None


class _Reset(_Body):
    logins_too: bool = False


class _Wait(_Body):
    since: int = Field(0, ge=0)
    wait_s: float = Field(0.0, ge=0)
    speaker: str | None = None
    kind: RequestKind | None = None


class _ControlError(Exception):
    """A control request that cannot be done; the text is the answer."""

    def __init__(self, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.status = status


Shape = TypeVar("Shape", bound=BaseModel)
_Handler = Callable[[web.Request], Awaitable[web.Response]]


class Control:
    """Routes of one simulated home. Wrong input is answered 400 (404: no such speaker or account) with `error`."""

    def __init__(self, home: LiveHome) -> None:
        self._home = home

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/control/home", _guarded(self._state)),
            web.patch("/control/home", _guarded(self._configure_cloud)),
            web.post("/control/reset", _guarded(self._reset)),
            web.get("/control/journal", _guarded(self._journal)),
            web.get("/control/requests", _guarded(self._requests)),
            web.get("/control/requests/counts", _guarded(self._counts)),
            web.patch("/control/faults", _guarded(self._configure_faults)),
            web.post("/control/faults/script", _guarded(self._script)),
            web.patch("/control/speakers/{slug}", _guarded(self._configure_speaker)),
            web.post("/control/speakers/{slug}/say", _guarded(self._say)),
            web.post("/control/speakers/{slug}/busy", _guarded(self._busy)),
            web.post("/control/speakers/{slug}/presence", _guarded(self._presence)),
            web.get("/control/accounts/{account}", _guarded(self._account_state)),
            web.patch("/control/accounts/{account}", _guarded(self._configure_account)),
            web.post("/control/accounts/{account}/expire", _guarded(self._expire)),
            web.post("/control/accounts/{account}/pass_token", _guarded(self._pass_token)),
            web.post("/control/accounts/{account}/scan_qr", _guarded(self._scan_qr)),
            web.post("/control/qr_codes/expire", _guarded(self._expire_qr_codes)),
        ]

    # The home

    async def _state(self, _request: web.Request) -> web.Response:
        home = self._home
        return web.json_response(
            {
                "now": home.clock.monotonic(),
                "latency_s": home.latency_s,
                "clock_skew_s": home.clock.skew_s,
                "faults": home.faults.rates.model_dump(mode="json"),
                "accounts": [
                    {"account": one.state.account, "password": one.state.password} for one in home.accounts.values()
                ],
                "speakers": [_speaker_state(speaker) for speaker in home.speakers.values()],
            }
        )

    async def _configure_cloud(self, request: web.Request) -> web.Response:
        change = await _body(request, _Cloud)
        if change.latency_s is not None:
            self._home.latency_s = change.latency_s
        if change.clock_skew_s is not None:
            self._home.clock.skew_s = change.clock_skew_s
        return web.json_response({"latency_s": self._home.latency_s, "clock_skew_s": self._home.clock.skew_s})

    async def _reset(self, request: web.Request) -> web.Response:
        self._home.reset(logins_too=(await _body(request, _Reset)).logins_too)
        return _done()

    async def _configure_faults(self, request: web.Request) -> web.Response:
        self._home.configure_faults(**await _changes(request))
        return web.json_response(self._home.faults.rates.model_dump(mode="json"))

    async def _script(self, request: web.Request) -> web.Response:
        script = await _body(request, _Script)
        if script.speaker is not None:
            self._speaker(script.speaker)
        self._home.faults.script(script.fault, count=script.count, kind=script.kind, speaker=script.speaker)
        return _done()

    # What happened

    async def _journal(self, request: web.Request) -> web.Response:
        wanted = _query(request, _Wait)
        if wanted.speaker is not None:
            self._speaker(wanted.speaker)
        deadline = asyncio.get_running_loop().time() + min(wanted.wait_s, _LONGEST_WAIT_S)
        while not (rows := self._rows(wanted)):
            try:
                async with asyncio.timeout_at(deadline):
                    await self._home.changes.wait()
            except TimeoutError:
                break
        return web.json_response(
            {"now": self._home.clock.monotonic(), "next": rows[-1]["seq"] if rows else wanted.since, "events": rows}
        )

    def _rows(self, wanted: _Wait) -> list[dict[str, object]]:
        return [
            {"seq": entry.seq, "speaker": entry.speaker, **entry.event.to_json()}
            for entry in self._home.entries_after(wanted.since)
            if wanted.speaker in (None, entry.speaker)
        ]

    async def _requests(self, request: web.Request) -> web.Response:
        wanted = _query(request, _Wait)
        kinds = () if wanted.kind is None else (wanted.kind,)
        found = self._home.requests.of(*kinds, speaker=wanted.speaker, after_seq=wanted.since)
        return web.json_response(
            {
                "now": self._home.clock.monotonic(),
                "next": found[-1].seq if found else wanted.since,
                "requests": [dataclasses.asdict(one) for one in found],
            }
        )

    async def _counts(self, _request: web.Request) -> web.Response:
        return web.json_response({"now": self._home.clock.monotonic(), "counts": self._home.requests.counts()})

    # Speakers

    def _speaker(self, slug: str) -> LiveSpeaker:
        try:
            return self._home.speaker(slug)
        except KeyError:
            raise _ControlError(f"no speaker {slug}; there are: {', '.join(self._home.speakers)}", 404) from None

    async def _configure_speaker(self, request: web.Request) -> web.Response:
        speaker = self._speaker(request.match_info["slug"])
        speaker.configure(**await _changes(request))
        return web.json_response(_speaker_state(speaker))

    async def _say(self, request: web.Request) -> web.Response:
        speaker = self._speaker(request.match_info["slug"])
        said = await _body(request, _Say)
        native = said.native
        record = speaker.say(
            said.text,
            NativeAnswer(native.kind, native.text, native.duration_s, native.title)
            if isinstance(native, _Native)
            else native,
            publish_delay_s=said.publish_delay_s,
            native_delay_s=said.native_delay_s,
            answer_delay_s=said.answer_delay_s,
            is_recorded=said.is_recorded,
        )
        return web.json_response(
            {"request_id": record.request_id, "time_ms": record.time_ms, "visible_at": record.visible_at}
        )

    async def _busy(self, request: web.Request) -> web.Response:
        speaker = self._speaker(request.match_info["slug"])
        busy = await _body(request, _Busy)
        speaker.be_busy(calls=busy.calls, for_s=busy.for_s, answer=busy.answer, only=busy.only)
        return _done()

    async def _presence(self, request: web.Request) -> web.Response:
        speaker = self._speaker(request.match_info["slug"])
        speaker.set_online(is_online=(await _body(request, _Presence)).is_online)
        return web.json_response(_speaker_state(speaker))

    # Accounts

    def _account(self, request: web.Request) -> LiveAccount:
        account = request.match_info["account"]
        try:
            return self._home.account(account)
        except KeyError:
            raise _ControlError(f"no account {account}; there are: {', '.join(self._home.accounts)}", 404) from None

    async def _account_state(self, request: web.Request) -> web.Response:
        account = self._account(request)
        return web.json_response(
            {
                "account": account.state.account,
                "behaviour": account.state.behaviour.model_dump(mode="json"),
                "logins": {step.value: account.state.count(step) for step in LoginStep},
                "log": [dataclasses.asdict(event) for event in account.state.log],
                "captchas": self._home.passport.captcha_texts(),
                "codes_sent": account.codes_sent(),
            }
        )

    async def _configure_account(self, request: web.Request) -> web.Response:
        account = self._account(request)
        account.configure(**await _changes(request))
        return web.json_response(account.state.behaviour.model_dump(mode="json"))

    async def _expire(self, request: web.Request) -> web.Response:
        account = self._account(request)
        which = await _body(request, _Expire)
        return web.json_response(
            {
                "service_tokens": account.expire_service_tokens(which.sid) if which.service_tokens else 0,
                "pass_tokens": account.expire_pass_tokens() if which.pass_tokens else 0,
            }
        )

    async def _pass_token(self, request: web.Request) -> web.Response:
        return web.json_response({"pass_token": self._account(request).browser_pass_token()})

    async def _scan_qr(self, request: web.Request) -> web.Response:
        return web.json_response({"scanned": self._account(request).scan_qr()})

    async def _expire_qr_codes(self, _request: web.Request) -> web.Response:
        return web.json_response({"qr_codes": self._home.expire_qr_codes()})


def _guarded(handler: _Handler) -> _Handler:
    async def guard(request: web.Request) -> web.Response:
        try:
            return await handler(request)
        except _ControlError as err:
            return web.json_response({"error": str(err)}, status=err.status)
        except ValidationError as err:
            problems = [f"{'.'.join(map(str, one['loc'])) or 'body'}: {one['msg']}" for one in err.errors()]
            return web.json_response({"error": "; ".join(problems)}, status=400)
        except ValueError as err:
            return web.json_response({"error": str(err)}, status=400)

    return guard


def _done() -> web.Response:
    return web.json_response({"ok": True})


async def _body(request: web.Request, shape: type[Shape]) -> Shape:
    return shape.model_validate_json(await request.read() or b"{}")


async def _changes(request: web.Request) -> dict[str, object]:
    changes = await request.json()
    if not isinstance(changes, dict):
        raise _ControlError("send a JSON object of settings")
    return changes


def _query(request: web.Request, shape: type[Shape]) -> Shape:
    return shape.model_validate(dict(request.query))


def _speaker_state(speaker: LiveSpeaker) -> dict[str, object]:
    return {
        "slug": speaker.slug,
        "name": speaker.spec.name,
        "hardware": speaker.spec.hardware,
        "account": speaker.spec.account,
        "device_id": speaker.spec.device_id,
        "miot_did": speaker.spec.miot_did,
        "is_online": speaker.is_online,
        "is_speaking": speaker.is_speaking,
        "is_listening": speaker.is_listening,
        "volume": speaker.volume,
        "behaviour": speaker.behaviour.model_dump(mode="json"),
    }
