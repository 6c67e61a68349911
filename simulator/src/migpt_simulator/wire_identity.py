"""account.xiaomi.com on the wire: identity verification and login by QR code."""

from __future__ import annotations

import asyncio
from urllib.parse import urlencode

from aiohttp import web

from .captcha_image import draw_digits
from .exchange import cookie, exchange
from .faults import Fault, RequestKind
from .live import LiveHome
from .verification import Channel, Verification
from .wire_account import account_answer, logged_in_body, session_cookies

__all__ = ["IdentityWire"]

_HOST = "https://account.xiaomi.com"
_POLL_ENDS_S = 30.0
_WRONG_CODE = {"code": 70014, "result": "error", "desc": "验证码输入错误", "tips": "验证码输入错误"}
_NO_SESSION = {"code": 70016, "result": "error", "desc": "登录验证失败"}


class IdentityWire:
    """Routes of one simulated home. `poll_ends_s`: how long a QR poll stays open without a scan."""

    def __init__(self, home: LiveHome, poll_ends_s: float = _POLL_ENDS_S) -> None:
        self._home = home
        self._poll_ends_s = poll_ends_s

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/identity/authStart", self._start),
            web.get("/fe/service/identity/authStart", self._start),
            web.get("/identity/list", self._list),
            web.get("/identity/auth/verifyPhone", self._show),
            web.get("/identity/auth/verifyEmail", self._show),
            web.post("/identity/auth/sendPhoneTicket", self._send),
            web.post("/identity/auth/sendEmailTicket", self._send),
            web.post("/identity/auth/verifyPhone", self._verify),
            web.post("/identity/auth/verifyEmail", self._verify),
            web.get("/identity/result/check", self._finish),
            web.get("/pass/serviceLoginAuth2/end", self._end),
            web.get("/longPolling/loginUrl", self._qr),
            web.get("/longPolling/image", self._qr_image),
            web.get("/longPolling/login", self._qr_page),
            web.get("/lp/s", self._poll),
        ]

    async def _start(self, request: web.Request) -> web.Response:
        def act(now: float, _fault: Fault | None) -> web.Response:
            found = self._home.passport.verifications.by_context(now, request.query.get("context", ""))
            if found is None:
                return web.Response(status=404, text="<html><body>链接已失效</body></html>", content_type="text/html")
            return web.Response(text="<html><body>安全验证</body></html>", content_type="text/html")

        return await exchange(self._home, request, RequestKind.IDENTITY, act)

    async def _list(self, request: web.Request) -> web.Response:
        def act(now: float, _fault: Fault | None) -> web.Response:
            found = self._home.passport.verifications.by_context(now, request.query.get("context", ""))
            if found is None:
                return account_answer(_NO_SESSION)
            response = account_answer({"code": 0, "flag": int(Channel.PHONE), "options": [4, 8], "option": 0})
            session_cookies(response, {"identity_session": found.session})
            return response

        return await exchange(self._home, request, RequestKind.IDENTITY, act)

    def _open(self, request: web.Request, now: float) -> Verification | None:
        return self._home.passport.verifications.by_session(now, cookie(request, "identity_session"))

    async def _show(self, request: web.Request) -> web.Response:
        def act(now: float, _fault: Fault | None) -> web.Response:
            found = self._open(request, now)
            if found is None:
                return account_answer(_NO_SESSION)
            masked = (
                {"maskedPhone": "138******00"} if request.path.endswith("Phone") else {"maskedEmail": "x***@mi.com"}
            )
            return account_answer({"code": 0, "result": "ok", **masked})

        return await exchange(self._home, request, RequestKind.IDENTITY, act)

    async def _send(self, request: web.Request) -> web.Response:
        def act(now: float, _fault: Fault | None) -> web.Response:
            found = self._open(request, now)
            if found is None:
                return account_answer(_NO_SESSION)
            self._home.passport.verifications.send_code(found)
            return account_answer({"code": 0, "result": "ok"})

        return await exchange(self._home, request, RequestKind.IDENTITY, act)

    async def _verify(self, request: web.Request) -> web.Response:
        form = await request.post()
        code, trust = str(form.get("ticket", "")), str(form.get("trust", "")).lower() == "true"

        def act(now: float, _fault: Fault | None) -> web.Response:
            found = self._open(request, now)
            if found is None:
                return account_answer(_NO_SESSION)
            if not self._home.passport.verifications.check(found, code):
                return account_answer(dict(_WRONG_CODE))
            if trust:
                self._home.passport.trust(found.account, found.device_id)
            query = urlencode({"sid": found.sid, "context": found.context, "_locale": "zh_CN"})
            return account_answer({"code": 0, "result": "ok", "location": f"{_HOST}/identity/result/check?{query}"})

        return await exchange(self._home, request, RequestKind.IDENTITY, act)

    async def _finish(self, request: web.Request) -> web.Response:
        def act(now: float, _fault: Fault | None) -> web.Response:
            context = request.query.get("context", "")
            found = self._home.passport.verifications.by_context(now, context)
            if found is None or not found.is_passed:
                return web.Response(status=403, text="<html><body>验证未通过</body></html>", content_type="text/html")
            query = urlencode({"sid": found.sid, "context": context})
            # Relative, so that it also works for a client that reached us under another name.
            return web.Response(status=302, headers={"Location": f"/pass/serviceLoginAuth2/end?{query}"})

        return await exchange(self._home, request, RequestKind.IDENTITY, act)

    async def _end(self, request: web.Request) -> web.Response:
        def act(now: float, _fault: Fault | None) -> web.Response:
            found = self._home.passport.verifications.by_context(now, request.query.get("context", ""))
            if found is None or not found.is_passed:
                return web.Response(status=403, text="<html><body>验证未通过</body></html>", content_type="text/html")
            response = web.Response(text="<html><body>验证成功</body></html>", content_type="text/html")
            pass_token = self._home.passport.new_pass_token(now, found.account)
            c_user_id = self._home.passport.accounts[found.account].c_user_id
            session_cookies(response, {"passToken": pass_token, "userId": found.account, "cUserId": c_user_id})
            return response

        return await exchange(self._home, request, RequestKind.IDENTITY, act)

    async def _qr(self, request: web.Request) -> web.Response:
        def act(now: float, _fault: Fault | None) -> web.Response:
            ticket = self._home.qr_codes.show(now, request.query.get("sid") or "mijia").ticket
            return account_answer(
                {
                    "code": 0, "result": "ok", "description": "成功",
                    "qr": f"{_HOST}/longPolling/image?ticket={ticket}",
                    "loginUrl": f"{_HOST}/longPolling/login?ticket={ticket}",
                    "lp": f"{_HOST}/lp/s?k={ticket}", "timeout": 300,
                }
            )  # fmt: skip

        return await exchange(self._home, request, RequestKind.QR, act)

    async def _qr_image(self, request: web.Request) -> web.Response:
        def act(_now: float, _fault: Fault | None) -> web.Response:
            return web.Response(body=draw_digits("0000"), content_type="image/png")

        return await exchange(self._home, request, RequestKind.QR, act)

    async def _qr_page(self, request: web.Request) -> web.Response:
        def act(_now: float, _fault: Fault | None) -> web.Response:
            return web.Response(text="<html><body>扫码登录</body></html>", content_type="text/html")

        return await exchange(self._home, request, RequestKind.QR, act)

    async def _poll(self, request: web.Request) -> web.Response:
        ticket = request.query.get("k", "")
        try:
            async with asyncio.timeout(self._poll_ends_s):
                while (code := self._home.qr_codes.find(self._home.clock.monotonic(), ticket)) and not code.scanned_by:
                    await self._home.changes.wait()
        except TimeoutError:
            pass  # the server ends a poll after a while; the client asks again

        def act(now: float, _fault: Fault | None) -> web.Response:
            code = self._home.qr_codes.find(now, ticket)
            if code is None:
                return web.Response(status=403, text="", content_type="text/html")
            if code.scanned_by is None:
                return account_answer(_NO_SESSION)
            state = self._home.passport.accounts[code.scanned_by]
            login = self._home.passport.issue(now, state, code.sid, device_id="")
            return account_answer(logged_in_body(login, self._home.clock.wall_ms(now)))

        return await exchange(self._home, request, RequestKind.QR, act)
