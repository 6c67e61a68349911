"""The simulated account pages over HTTP, asked by miservice-fork and by hand."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json

import pytest

from migpt_simulator import DEFAULT_ACCOUNT, DEFAULT_PASSWORD, Fault, LoginStep, RequestKind
from tests.contract.simulated_client import Answer, Client, running

_HASH = hashlib.md5(DEFAULT_PASSWORD.encode(), usedforsecurity=False).hexdigest().upper()


async def _first_page(client: Client, sid: str = "micoapi", **cookies: str) -> dict[str, object]:
    answer = await client.send(
        "GET", "/pass/serviceLogin", query={"sid": sid, "_json": "true"}, cookies={"deviceId": "D1", **cookies}
    )
    return answer.after_prefix()


async def _auth2(client: Client, page: dict[str, object], cookies: dict[str, str] | None = None, **more: str) -> Answer:
    form = {name: str(page[name]) for name in ("qs", "sid", "_sign", "callback")}
    return await client.send(
        "POST",
        "/pass/serviceLoginAuth2",
        cookies={"deviceId": "D1", **(cookies or {})},
        form={**form, "_json": "true", "user": DEFAULT_ACCOUNT, "hash": _HASH, **more},
    )


async def _sts(client: Client, login: dict[str, object]) -> Answer:
    text = f"nonce={login['nonce']}&{login['ssecurity']}"
    sign = base64.b64encode(hashlib.sha1(text.encode(), usedforsecurity=False).digest()).decode()
    return await client.send("GET", str(login["location"]), query={"clientSign": sign})


@pytest.mark.parametrize(
    ("sid", "host"), [("micoapi", "https://api2.mina.mi.com/sts"), ("xiaomiio", "https://sts.api.io.mi.com/sts")]
)
async def test_the_three_steps_by_hand(sid: str, host: str) -> None:
    async with running() as client:
        page = await _first_page(client, sid, passToken='""')
        assert (page["code"], page["callback"], page["sid"]) == (70016, host, sid)
        assert page["qs"] == f"%3Fsid%3D{sid}%26_json%3Dtrue"
        answer = await _auth2(client, page)
        login = answer.after_prefix()
        assert (login["code"], login["userId"], login["securityStatus"]) == (0, int(DEFAULT_ACCOUNT), 0)
        assert isinstance(login["nonce"], int)
        assert login["nonce"] > 2**53
        assert len(base64.b64decode(str(login["ssecurity"]))) == 16
        assert str(login["location"]).startswith(f"{host}?d=D1&ticket=0&pwd=1&")
        done = await _sts(client, login)
        assert (done.status, done.text) == (200, "ok")
        assert {"serviceToken", "userId", "cUserId"} <= set(done.cookies)
        # The bare value, not in the quotes that Python would put around it.
        assert set(done.cookies["serviceToken"]) & set("/+=")
        assert "Date" in answer.headers


async def test_a_wrong_client_sign_or_a_refusing_sts_is_401_html() -> None:
    async with running() as client:
        login = (await _auth2(client, await _first_page(client))).after_prefix()
        wrong = await client.send("GET", str(login["location"]), query={"clientSign": "x"})
        assert wrong.status == 401
        assert wrong.text.startswith("<html>")
        assert not wrong.cookies
        client.sim.home.account().configure(sts_status=401)
        assert (await _sts(client, login)).status == 401
        client.sim.home.account().configure(sts_status=None)
        assert (await _sts(client, login)).status == 200


async def test_miservice_logs_in_by_password_and_then_by_pass_token() -> None:
    async with running() as client:
        account = client.account()
        assert await account.login("micoapi")
        assert await account.login("xiaomiio")
        logins = client.sim.home.account().state
        assert logins.count(LoginStep.PASSWORD) == 1
        assert account.token["userId"] == int(DEFAULT_ACCOUNT)
        assert not await client.account("wrong").login("micoapi")


async def test_a_browser_pass_token_is_enough() -> None:
    async with running() as client:
        account = client.account("")
        token = client.sim.home.account().browser_pass_token()
        account.token = {"deviceId": "A" * 16, "userId": int(DEFAULT_ACCOUNT), "passToken": token}
        assert await account.login("micoapi")
        assert client.sim.home.requests.count(RequestKind.PASSWORD) == 0


@pytest.mark.parametrize("field", ["passToken", "nonce", "ssecurity"])
async def test_fields_are_left_out_of_a_pass_token_login(field: str) -> None:
    async with running() as client:
        live = client.sim.home.account()
        live.configure(omitted_fields=(field,))
        page = await _first_page(client, userId=DEFAULT_ACCOUNT, passToken=f'"{live.browser_pass_token()}"')
        assert page["code"] == 0
        assert field not in page
        live.expire_pass_tokens()
        assert (await _first_page(client, userId=DEFAULT_ACCOUNT, passToken="V1:old"))["code"] == 70016


async def test_captcha_by_picture() -> None:
    async with running() as client:
        live = client.sim.home.account()
        live.configure(needs_captcha=True)
        page = await _first_page(client)
        asked = (await _auth2(client, page)).after_prefix()
        assert (asked["code"], asked["result"]) == (87001, "error")
        picture = await client.send("GET", f"https://account.xiaomi.com{asked['captchaUrl']}")
        assert picture.headers["Content-Type"] == "image/png"
        (shown,) = client.sim.home.passport.captcha_texts()
        cookies = {"ick": picture.cookies["ick"]}
        assert (await _auth2(client, page, cookies, captCode="nonsense")).after_prefix()["code"] == 87001
        picture = await client.send("GET", f"https://account.xiaomi.com{asked['captchaUrl']}")
        (shown,) = client.sim.home.passport.captcha_texts()
        solved = await _auth2(client, page, {"ick": picture.cookies["ick"]}, captCode=shown)
        assert solved.after_prefix()["code"] == 0


async def test_identity_verification_to_its_end() -> None:
    async with running() as client:
        live = client.sim.home.account()
        live.configure(needs_verification=True)
        page = await _first_page(client)
        asked = (await _auth2(client, page)).after_prefix()
        assert (asked["code"], asked["securityStatus"], asked["location"]) == (0, 16, "")
        assert "userId" not in asked
        url = str(asked["notificationUrl"])
        assert (await client.send("GET", url)).status == 200
        listed = await client.send("GET", url.replace("authStart", "list"))
        assert listed.after_prefix()["flag"] == 4
        cookies = {"identity_session": listed.cookies["identity_session"]}
        shown = await client.send("GET", "/identity/auth/verifyPhone?_flag=4&_json=true", cookies=cookies)
        assert shown.after_prefix()["code"] == 0
        sent = await client.send(
            "POST", "/identity/auth/sendPhoneTicket", cookies=cookies, form={"retry": "0", "icode": "", "_json": "true"}
        )
        assert sent.after_prefix()["code"] == 0
        (code,) = live.codes_sent()
        form = {"_flag": "4", "ticket": "0", "trust": "true", "_json": "true"}
        wrong = await client.send("POST", "/identity/auth/verifyPhone", cookies=cookies, form=form)
        assert wrong.after_prefix()["code"] != 0
        passed = await client.send("POST", "/identity/auth/verifyPhone", cookies=cookies, form={**form, "ticket": code})
        ended = await client.send("GET", str(passed.after_prefix()["location"]))
        assert ended.status == 200
        by_cookie = await _first_page(client, userId=DEFAULT_ACCOUNT, passToken=ended.cookies["passToken"])
        assert by_cookie["code"] == 0
        # The device is trusted from now on.
        assert (await _auth2(client, page)).after_prefix()["userId"] == int(DEFAULT_ACCOUNT)


async def test_verification_without_session_or_code_leads_nowhere() -> None:
    async with running() as client:
        for path in ("/identity/list?context=x", "/identity/auth/verifyPhone"):
            assert (await client.send("GET", path)).after_prefix()["code"] == 70016
        assert (await client.send("POST", "/identity/auth/sendPhoneTicket")).after_prefix()["code"] == 70016
        assert (await client.send("GET", "/identity/authStart?context=x")).status == 404
        assert (await client.send("GET", "/identity/result/check?context=x")).status == 403


async def test_consent_risk_control_and_other_codes() -> None:
    async with running() as client:
        live = client.sim.home.account()
        page = await _first_page(client)
        live.configure(needs_consent=True)
        body = (await _auth2(client, page)).after_prefix()
        assert (body["securityStatus"], "/pass2/redirect" in str(body["location"])) == (128, True)
        consent = await client.send("GET", str(body["location"]))
        assert (consent.status, consent.cookies) == (200, {})
        live.configure(needs_consent=False, rejects_password=True)
        assert (await _auth2(client, page)).after_prefix()["code"] == 70016
        live.configure(rejects_password=False, password_code=22009)
        assert (await _auth2(client, page)).after_prefix()["code"] == 22009


async def test_qr_login_is_answered_when_the_phone_confirms() -> None:
    async with running() as client:
        page = await _first_page(client, "mijia")
        assert page["code"] == 70016
        shown = (await client.send("GET", "/longPolling/loginUrl?sid=micoapi&_qrsize=240")).after_prefix()
        assert shown["code"] == 0
        assert (await client.send("GET", str(shown["qr"]))).headers["Content-Type"] == "image/png"
        assert (await client.send("GET", str(shown["loginUrl"]))).status == 200
        waiting = asyncio.create_task(client.send("GET", str(shown["lp"])))
        await asyncio.wait({waiting}, timeout=0.1)
        assert not waiting.done()
        assert client.sim.home.account().scan_qr()
        login = (await asyncio.wait_for(waiting, 5)).after_prefix()
        assert (login["code"], login["userId"]) == (0, int(DEFAULT_ACCOUNT))
        assert (await _sts(client, login)).cookies["serviceToken"]
        assert (await client.send("GET", "/lp/s?k=unknown")).status == 403


async def test_login_pages_go_wrong_only_when_scripted() -> None:
    async with running() as client:
        client.sim.home.configure_faults(html=1.0, hang_s=0.1)
        assert (await _first_page(client))["code"] == 70016
        client.sim.home.faults.script(Fault.HTML, kind=RequestKind.SERVICE_LOGIN)
        spoilt = await client.send("GET", "/pass/serviceLogin?sid=micoapi")
        assert spoilt.text.startswith("<html>")
        with pytest.raises(json.JSONDecodeError):
            spoilt.json()
