"""Logging in with a person at hand: QR code, passToken, or password with captcha and verification.

All ways lead to a passToken in the token store; with it every service gets its sessions by itself.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, urlencode, urlsplit

from pydantic import SecretStr

from migpt_shared.xiaomi.endpoints import ACCOUNT_URL, Endpoints
from migpt_shared.xiaomi.errors import (
    CaptchaNeeded,
    CloudUnreachable,
    LoginRejected,
    MalformedAnswer,
    VerificationNeeded,
)
from migpt_shared.xiaomi.identity import Identity
from migpt_shared.xiaomi.login_answers import Granted, PasswordForm, read_password_answer
from migpt_shared.xiaomi.login_steps import LOGIN_TIMEOUT_S, LoginSteps, password_fields, user_agent_of
from migpt_shared.xiaomi.store import TokenStore
from migpt_shared.xiaomi.tokens import Sid, Tokens, new_device_id
from migpt_shared.xiaomi.transport import Answer, Transport, fields_of

#: Xiaomi ends a poll after about 30 s, and the code after 5 minutes (seen in the wild).
_POLL_S = 120.0
_QR_LIFE_S = 300.0


class QrExpiredError(LoginRejected):
    """Nobody has scanned the code in time."""


class WrongAccountError(LoginRejected):
    """Somebody logged in, but not with the account of this household."""

    def __init__(self, wanted: str, got: str) -> None:
        super().__init__(f"that was account {got}, but this household is {wanted}")
        self.wanted = wanted
        self.got = got


class SignIn:
    """One person's login to one account. An async context manager, for one task at a time.

    `account`: the configured one, numeric where it may be; None: whichever account the person uses is the right one.
    Nothing is sent twice by itself: every password that leaves was typed for it. All methods raise XiaomiError.
    """

    def __init__(
        self,
        account: str | None,
        store: TokenStore,
        endpoints: Endpoints = Endpoints(),  # noqa: B008 - frozen
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._account = account
        self._store = store
        self._transport = Transport(endpoints, LOGIN_TIMEOUT_S)
        self._clock = clock
        self._device_id = ""
        self._poll_url = ""
        self._captcha_url = ""
        self._captcha_key = ""
        self._form: PasswordForm | None = None
        self._password: SecretStr | None = None
        self._identity: Identity | None = None
        self.user_id: str | None = None
        """whose login was kept; None: none so far"""

    async def __aenter__(self) -> Self:
        await self._transport.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._transport.__aexit__(kind, error, trace)

    # -- QR code

    async def qr_address(self) -> str:
        """A new code's address, to be shown as a QR code; valid for about five minutes."""
        await self._settle_device()
        page = await self._get(f"{ACCOUNT_URL}/pass/serviceLogin?sid=mijia&_json=true")
        location = fields_of(page).get("location")
        query = dict(parse_qsl(urlsplit(location).query)) if isinstance(location, str) else {}
        query |= {"sid": "mijia", "_qrsize": "240", "_hasLogo": "false", "_dc": str(self._now_ms())}
        answer = fields_of(await self._get(f"{ACCOUNT_URL}/longPolling/loginUrl?{urlencode(query)}"))
        address, poll = answer.get("loginUrl"), answer.get("lp")
        if not isinstance(address, str) or not isinstance(poll, str):
            raise MalformedAnswer("Xiaomi gave no QR code")
        self._poll_url = poll
        return address

    async def scanned(self) -> None:
        """Return when the code was scanned and confirmed, the login being kept. Raises QrExpiredError."""
        if not self._poll_url:
            raise RuntimeError("ask for a code first")
        ends = time.monotonic() + _QR_LIFE_S
        while time.monotonic() < ends:
            try:
                answer = await self._get(self._poll_url, timeout_s=_POLL_S)
            except CloudUnreachable:  # the code is still good, and a poll may well end in silence
                await asyncio.sleep(1.0)
                continue
            if answer.status != 200:
                break
            fields = fields_of(answer)
            if fields.get("code") == 0 and fields.get("passToken"):
                await self._keep(str(fields.get("userId")), str(fields["passToken"]))
                return
            await asyncio.sleep(0.5)  # a poll that ends at once must not become a storm
        raise QrExpiredError("the QR code has expired; show a new one")

    # -- passToken

    async def use_pass_token(self, pass_token: SecretStr, user_id: str | None = None) -> None:
        """Keep a passToken that somebody copied out of a browser, if Xiaomi accepts it. `user_id`: the cookie of that
        name, needed where no account is configured.
        """
        await self._settle_device()
        await self._keep(user_id or self._wanted(), pass_token.get_secret_value().strip())

    # -- password

    async def send_password(self, password: SecretStr, captcha: str | None = None) -> None:
        """Log in by password. Raises CaptchaNeeded: show `captcha_picture` and come again with what it shows;
        VerificationNeeded: go on with `ways`, `send_code` and `confirm`.
        """
        await self._settle_device()
        self._password = password
        if self._form is None:
            answer = await LoginSteps(self._transport, self._device_id, None, None).begin(Sid.MINA)
            if isinstance(answer, Granted):
                raise MalformedAnswer("Xiaomi's login page gave a session to nobody")
            self._form = answer
        fields = password_fields(self._form, self._wanted(), password)
        if captcha is not None:
            fields["captCode"] = captcha.strip()
        try:
            granted = read_password_answer(fields_of(await self._post_password(fields)))
        except CaptchaNeeded as error:
            self._captcha_url = error.url or ""
            raise
        except VerificationNeeded as error:
            self._identity = Identity(self._transport, self._headers(), error.url or "")
            raise
        if not granted.pass_token:
            raise MalformedAnswer("the login succeeded but gave no passToken")
        await self._keep(granted.user_id or self._wanted(), granted.pass_token, is_proven=True)

    async def captcha_picture(self) -> bytes:
        """A new picture for the captcha that was asked for."""
        answer = await self._get(self._captcha_url)
        key = answer.cookies.get("ick")
        if answer.status != 200 or key is None:
            raise MalformedAnswer("Xiaomi gave no captcha picture")
        self._captcha_key = key.value
        return answer.body

    # -- verification

    async def ways(self) -> tuple[str, ...]:
        """Where a code can be sent to: `phone`, `email`, the usual one first."""
        return await self._opened_identity().ways()

    async def send_code(self, way: str) -> None:
        """Let Xiaomi send a code there."""
        await self._opened_identity().send_code(way)

    async def confirm(self, code: str) -> None:
        """Answer with the code, and finish the login. Raises WrongCodeError for a wrong one."""
        cookies = await self._opened_identity().confirm(code)
        self._identity = None
        user_id, pass_token = cookies.get("userId"), cookies.get("passToken")
        if pass_token is not None and pass_token.value:
            await self._keep(user_id.value if user_id else self._wanted(), pass_token.value, is_proven=True)
        elif self._password is not None:
            self._form = None
            await self.send_password(self._password)

    # -- in common

    async def _keep(self, user_id: str, pass_token: str, *, is_proven: bool = False) -> None:
        """`is_proven`: the password belongs to the account, which may be configured by a phone number."""
        account = self._account or user_id
        if not is_proven and account.isdigit() and user_id.isdigit() and user_id != account:
            raise WrongAccountError(account, user_id)
        answer = await LoginSteps(self._transport, self._device_id, user_id, pass_token).begin(Sid.MINA)
        if not isinstance(answer, Granted):
            raise LoginRejected(
                "Xiaomi does not accept this passToken; copy it anew from a browser that is logged in, and check that"
                " it belongs to this account"
            )
        async with self._store.lock():
            tokens = self._tokens(account)
            await self._store.save(
                replace(
                    tokens,
                    account=account,
                    user_id=user_id,
                    pass_token=answer.pass_token or pass_token,
                    pass_token_at=self._clock(),
                    mina=None,
                    miot=None,
                    failure=None,
                )
            )
        self.user_id = user_id

    async def _settle_device(self) -> None:
        """Xiaomi gets to know this installation by an id that must stay."""
        if self._device_id:
            return
        async with self._store.lock():
            tokens = self._tokens(self._account)
            await self._store.save(tokens)
        self._device_id = tokens.device_id

    def _tokens(self, account: str | None) -> Tokens:
        stored = self._store.load()
        if stored is None:
            return Tokens(device_id=self._device_id or new_device_id())
        return stored if account is None or stored.belong_to(account) else Tokens(device_id=stored.device_id)

    def _wanted(self) -> str:
        if self._account is None:
            raise LoginRejected("say which account: its numeric Xiaomi ID")
        return self._account

    def _opened_identity(self) -> Identity:
        if self._identity is None:
            raise RuntimeError("no verification was asked for")
        return self._identity

    async def _post_password(self, fields: Mapping[str, str]) -> Answer:
        cookies = {"sdkVersion": "3.9", "deviceId": self._device_id, "passToken": ""}
        if self._captcha_key:
            cookies["ick"] = self._captcha_key
        url = f"{ACCOUNT_URL}/pass/serviceLoginAuth2?_dc={self._now_ms()}"
        return await self._transport.send("POST", url, data=fields, cookies=cookies, headers=self._headers())

    async def _get(self, url: str, timeout_s: float | None = None) -> Answer:
        cookies = {"sdkVersion": "3.9", "deviceId": self._device_id}
        return await self._transport.send("GET", url, cookies=cookies, headers=self._headers(), timeout_s=timeout_s)

    def _headers(self) -> dict[str, str]:
        return {"User-Agent": user_agent_of(self._device_id)}

    def _now_ms(self) -> int:
        return round(self._clock() * 1000)
