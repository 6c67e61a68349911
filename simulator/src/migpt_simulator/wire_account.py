"""account.xiaomi.com and the STS hosts on the wire: the three login steps and the captcha picture."""

from __future__ import annotations

import json
from urllib.parse import urlencode

from aiohttp import web

from .captcha_image import draw_digits
from .exchange import cookie, exchange, unauthorised
from .faults import Fault, RequestKind
from .live import LiveHome
from .login_answers import (
    CaptchaWanted,
    ConsentWanted,
    LoggedIn,
    LoginAnswer,
    LoginForm,
    LoginPage,
    Rejected,
    VerificationWanted,
    WrongCredentials,
)
from .passport import CALLBACKS

__all__ = ["PREFIX", "AccountWire", "account_answer", "logged_in_body", "session_cookies"]

PREFIX = "&&&START&&&"
_NO_LOGIN = "登录验证失败"


def account_answer(body: dict[str, object]) -> web.Response:
    """JSON the way the account pages send it: after eleven characters that are not JSON."""
    text = PREFIX + json.dumps(body, ensure_ascii=False)
    return web.Response(text=text, content_type="application/json", charset="utf-8")


def session_cookies(response: web.Response, cookies: dict[str, str]) -> None:
    """Set cookies as Xiaomi does: bare, not in the quotes that Python would put around `/` and `=`."""
    for name, value in cookies.items():
        response.headers.add("Set-Cookie", f"{name}={value}; Path=/; HttpOnly")


def logged_in_body(login: LoggedIn, p_ts: int) -> dict[str, object]:
    """The JSON of a finished login."""
    query = urlencode(
        {
            "d": login.device_id, "ticket": "0", "pwd": int(login.by_password), "p_ts": p_ts, "fid": "0", "p_lm": "1",
            "auth": login.ticket, "m": "1", "_group": "DEFAULT", "tsl": "0", "p_ca": "0", "p_ur": "CN",
            "p_idc": "China", "nonce": login.nonce, "_ssign": "2&V1_sign",
        }
    )  # fmt: skip
    body: dict[str, object] = {
        "qs": f"%3Fsid%3D{login.sid}%26_json%3Dtrue",
        "ssecurity": login.ssecurity,
        "code": 0,
        "passToken": login.pass_token,
        "description": "成功",
        "securityStatus": 0,
        "nonce": login.nonce,
        "userId": int(login.user_id),
        "cUserId": login.c_user_id,
        "result": "ok",
        "psecurity": login.psecurity,
        "captchaUrl": None,
        "location": f"{CALLBACKS[login.sid]}?{query}",
        "pwd": int(login.by_password),
        "child": 0,
        "desc": "成功",
    }
    return {name: value for name, value in body.items() if name not in login.omitted}


class AccountWire:
    """Routes of one simulated home."""

    def __init__(self, home: LiveHome) -> None:
        self._home = home

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/pass/serviceLogin", self._service_login),
            web.post("/pass/serviceLoginAuth2", self._password),
            web.get("/pass/getCode", self._captcha),
            web.get("/pass2/redirect", self._consent_page),
            web.get("/sts", self._sts),
        ]

    async def _service_login(self, request: web.Request) -> web.Response:
        user_id = cookie(request, "userId")

        def act(now: float, fault: Fault | None) -> web.Response:
            answer = self._home.passport.service_login(
                now,
                request.query.get("sid", ""),
                user_id=user_id,
                pass_token=cookie(request, "passToken"),
                device_id=cookie(request, "deviceId"),
            )
            return self._form(now, answer)

        return await exchange(self._home, request, RequestKind.SERVICE_LOGIN, act, account=user_id)

    async def _password(self, request: web.Request) -> web.Response:
        posted = await request.post()
        form = LoginForm(
            sid=str(posted.get("sid", "")),
            qs=str(posted.get("qs", "")),
            sign=str(posted.get("_sign", "")),
            callback=str(posted.get("callback", "")),
            user=str(posted.get("user", "")),
            password_hash=str(posted.get("hash", "")),
            device_id=cookie(request, "deviceId"),
            captcha_answer=str(posted.get("captCode", "")),
            captcha_key=cookie(request, "ick"),
        )

        def act(now: float, fault: Fault | None) -> web.Response:
            return self._form(now, self._home.passport.password_login(now, form))

        return await exchange(self._home, request, RequestKind.PASSWORD, act, account=form.user)

    async def _captcha(self, request: web.Request) -> web.Response:
        def act(_now: float, _fault: Fault | None) -> web.Response:
            key, shown = self._home.passport.draw_captcha()
            response = web.Response(body=draw_digits(shown), content_type="image/png")
            session_cookies(response, {"ick": key})
            return response

        return await exchange(self._home, request, RequestKind.CAPTCHA, act)

    async def _consent_page(self, request: web.Request) -> web.Response:
        def act(_now: float, _fault: Fault | None) -> web.Response:
            page = "<html><body>个人数据出境授权：请在浏览器中同意后再登录。</body></html>"
            return web.Response(text=page, content_type="text/html")

        return await exchange(self._home, request, RequestKind.OTHER, act)

    async def _sts(self, request: web.Request) -> web.Response:
        def act(now: float, _fault: Fault | None) -> web.Response:
            swap = self._home.passport.swap_ticket(
                now, request.query.get("auth", ""), request.query.get("clientSign", "")
            )
            if swap.token is None:
                if swap.status == 401:
                    return unauthorised()
                return web.Response(status=swap.status, text="", content_type="text/html")
            response = web.Response(text="ok", content_type="text/plain")
            session_cookies(
                response,
                {
                    "serviceToken": swap.token,
                    "userId": swap.user_id,
                    "cUserId": swap.c_user_id,
                    f"{swap.sid}_slh": "made-up-slh",
                    f"{swap.sid}_ph": "made-up-ph",
                },
            )
            return response

        return await exchange(self._home, request, RequestKind.STS, act)

    def _form(self, now: float, answer: LoginAnswer) -> web.Response:
        failed: dict[str, object] = {
            "code": 70016, "description": _NO_LOGIN, "desc": _NO_LOGIN, "result": "error", "securityStatus": 0,
            "captchaUrl": None, "pwd": 0, "child": 0,
        }  # fmt: skip
        match answer:
            case LoginPage():
                return account_answer(
                    {
                        "serviceParam": '{"checkSafePhone":false,"checkSafeAddress":false,"lsrp_score":0.0}',
                        **failed,
                        "qs": answer.qs,
                        "_sign": answer.sign,
                        "sid": answer.sid,
                        "callback": answer.callback,
                        "location": f"https://account.xiaomi.com/fe/service/login?_json=true&sid={answer.sid}"
                        f"&qs={answer.qs}&callback={answer.callback}&_sign={answer.sign.replace('+', '%2B')}"
                        "&serviceParam=%7B%22checkSafePhone%22%3Afalse%7D&showActiveX=false&theme=&needTheme=false"
                        "&bizDeviceType=",
                    }
                )
            case WrongCredentials():
                return account_answer(failed)
            case Rejected():
                body = {**failed, "code": answer.code}
                if answer.notification_url is not None:
                    body["notificationUrl"] = answer.notification_url
                return account_answer(body)
            case CaptchaWanted():
                desc = "验证码输入错误" if answer.was_wrong else "请输入验证码"
                return account_answer(
                    {
                        **failed,
                        "code": 87001,
                        "captchaUrl": answer.url,
                        "type": "error",
                        "desc": desc,
                        "description": desc,
                    }
                )
            case VerificationWanted():
                return account_answer(
                    {
                        "code": 0, "result": "ok", "description": "成功", "desc": "成功", "securityStatus": 16,
                        "notificationUrl": answer.notification_url, "location": "", "captchaUrl": None, "pwd": 1,
                        "child": 0, "qs": "%3F_json%3Dtrue",
                    }
                )  # fmt: skip
            case ConsentWanted():
                return account_answer(
                    {
                        "code": 0, "result": "ok", "description": "成功", "desc": "成功", "securityStatus": 128,
                        "location": answer.url, "captchaUrl": None, "pwd": 1, "child": 0,
                    }
                )  # fmt: skip
            case LoggedIn():
                return account_answer(logged_in_body(answer, self._home.clock.wall_ms(now)))
