"""One request to the simulated cloud: logged, delayed, perhaps spoilt, and answered with the cloud's own date.

The whole handling time is `latency_s`. State is read and changed at its end, just before the answer is written.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

from aiohttp import web

from .faults import Fault, RequestKind
from .live import LiveHome, LiveSpeaker

__all__ = ["Act", "cookie", "exchange", "json_answer", "unauthorised"]

Act = Callable[[float, Fault | None], web.Response]

_UNAUTHORISED = (
    "<html><head><title>401 Authorization Required</title></head>"
    "<body><center><h1>401 Authorization Required</h1></center><hr><center>openresty</center></body></html>"
)
_GATEWAY_PAGE = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


def json_answer(body: dict[str, object]) -> web.Response:
    return web.Response(text=json.dumps(body, ensure_ascii=False), content_type="application/json", charset="utf-8")


def unauthorised() -> web.Response:
    """What a dead or wrong service token gets: HTTP 401 with a page, not JSON."""
    return web.Response(status=401, text=_UNAUTHORISED, content_type="text/html")


def cookie(request: web.Request, name: str) -> str:
    """A cookie's value; some clients send it in double quotes."""
    return request.cookies.get(name, "").strip('"')


async def exchange(
    home: LiveHome,
    request: web.Request,
    kind: RequestKind,
    act: Act,
    *,
    speaker: LiveSpeaker | None = None,
    account: str | None = None,
    times_out: Callable[[], bool] = lambda: False,
) -> web.Response:
    """Answer a request with `act(now, fault)`, which gets the faults that need the service's own words.

    Those are BUSY, TIMEOUT, EXPIRED, NULLS and NO_RECORDS; the others are answered here. `times_out` tells at arrival
    whether the cloud will wait for the speaker in vain, which takes the speaker's `device_timeout_s`.
    """
    arrived = home.clock.monotonic()
    slug = speaker.slug if speaker is not None else None
    fault = home.faults.draw(kind, slug)
    home.requests.add(arrived, kind, request.path, slug, account, fault)
    takes_s = home.latency_s
    if fault is Fault.HANG:
        takes_s = home.faults.rates.hang_s
    elif speaker is not None and (fault is Fault.TIMEOUT or times_out()):
        takes_s = max(takes_s, speaker.behaviour.device_timeout_s)
    if takes_s > 0:
        await asyncio.sleep(arrived + takes_s - home.clock.monotonic())
    now = home.clock.monotonic()
    response = _spoilt(fault) or act(now, fault)
    response.headers["Date"] = home.clock.http_date(now)
    return response


def _spoilt(fault: Fault | None) -> web.Response | None:
    match fault:
        case Fault.HTTP_500:
            return web.Response(status=500, text="Internal Server Error", content_type="text/plain")
        case Fault.HANG:
            return web.Response(status=504, text=_GATEWAY_PAGE, content_type="text/html")
        case Fault.HTML:
            return web.Response(text=_GATEWAY_PAGE, content_type="text/html")
        case Fault.TRUNCATED:
            return web.Response(text='{"code":0,"message":"Succ', content_type="application/json")
    return None
