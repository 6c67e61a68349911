"""A person logs in: by QR code, passToken or password, with captcha and verification code where Xiaomi wants them."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, urlsplit

import structlog
from pydantic import SecretStr

from migpt_shared.xiaomi.account_pages import AccountPages, Picture, content_of
from migpt_shared.xiaomi.credentials import Credentials
from migpt_shared.xiaomi.endpoints import Endpoints
from migpt_shared.xiaomi.errors import (
    CaptchaNeeded,
    CloudRefused,
    CloudUnreachable,
    LoginRejected,
    MalformedAnswer,
    QrCodeExpired,
    VerificationNeeded,
    WrongAccount,
    XiaomiError,
)
from migpt_shared.xiaomi.login import Login
from migpt_shared.xiaomi.login_answers import Granted, PasswordForm
from migpt_shared.xiaomi.login_steps import CaptchaAnswer, LoginSteps
from migpt_shared.xiaomi.sign_in_answers import (
    PassTokenGrant,
    QrCode,
    VerificationChannel,
    check_sent,
    read_channels,
    read_masked_address,
    read_qr_code,
    read_scan,
    read_verified,
)
from migpt_shared.xiaomi.store import TokenStore
from migpt_shared.xiaomi.tokens import Sid, Tokens, new_device_id
from migpt_shared.xiaomi.transport import Transport

_QR_SID = "mijia"
"""The service that Xiaomi's own app confirms; the passToken that comes of it serves every other."""

_POLL_S = 120.0
"""Seen in the wild: the server ends a poll after about 30 s by itself."""
_SOONEST_POLL_S = 1.0
_FORGOTTEN_COOKIES = ("passToken", "userId", "cUserId")

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A login that is stored. `has_miot`: the speakers' MIoT interface has a session too, which some models need."""

    user_id: str
    has_miot: bool


@dataclass(frozen=True, slots=True)
class VerificationWay:
    """Where a code can be sent; `address` is mostly asterisks, and empty if Xiaomi does not tell."""

    channel: VerificationChannel
    address: str


class SignIn:
    """One person at one login. An async context manager; what succeeds is in `store` when the method returns.

    `account`: the configured one (numeric Xiaomi ID); None takes whichever account the person uses. A login by a
    person knows no cool-down, but nothing here repeats a password by itself: every call sends it once at most.
    `clock` gives Unix seconds. Beside what is said at each method, all raise CloudUnreachable, MalformedAnswer,
    CloudRefused and StoreUnusable, and those that return SignedIn raise LoginRejected, with WrongAccount among it.
    """

    def __init__(
        self,
        account: str | None,
        store: TokenStore,
        endpoints: Endpoints = Endpoints(),  # noqa: B008 - frozen
        *,
        timeout_s: float = 15.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._account = account
        self._store = store
        self._transport = Transport(endpoints, timeout_s)
        self._clock = clock
        self._stack = AsyncExitStack()
        self._pages: AccountPages | None = None
        self._device_id = ""
        self._password: SecretStr | None = None
        self._begun: tuple[LoginSteps, PasswordForm] | None = None
        self._captcha_cookies: dict[str, str] = {}

    async def __aenter__(self) -> Self:
        await self._stack.enter_async_context(self._transport)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    # By QR code

    async def qr_code(self) -> QrCode:
        """A code that a person scans with Xiaomi's app, where they are logged in, and confirms."""
        pages = await self._browser()
        page = await pages.read("/pass/serviceLogin", {"sid": _QR_SID, "_json": "true", "_locale": "zh_CN"})
        location = page.get("location") if isinstance(page, dict) else None
        query = dict(parse_qsl(urlsplit(location).query, keep_blank_values=True)) if isinstance(location, str) else {}
        look = {"_qrsize": "240", "_hasLogo": "false", "_dc": str(int(self._clock() * 1000))}
        return read_qr_code(await pages.read("/longPolling/loginUrl", {"sid": _QR_SID, **query, **look}))

    async def scanned(self, code: QrCode) -> SignedIn:
        """Returns when the person has scanned and confirmed. Raises QrCodeExpired when that took too long."""
        pages = await self._browser()
        now = asyncio.get_running_loop().time
        try:
            async with asyncio.timeout(code.life_s):
                while True:
                    began = now()
                    if (grant := await _poll(pages, code)) is not None:
                        break
                    await asyncio.sleep(max(0.0, began + _SOONEST_POLL_S - now()))
        except TimeoutError:
            raise QrCodeExpired from None
        return await self._finish(grant)

    # By passToken

    async def with_pass_token(self, user_id: str, pass_token: SecretStr) -> SignedIn:
        """Logs in with the cookies of that name of a browser that is logged in at account.xiaomi.com."""
        await self._browser()
        return await self._finish(PassTokenGrant(user_id.strip(), pass_token.get_secret_value().strip()))

    # By password

    async def with_password(self, password: SecretStr, *, captcha: str | None = None) -> SignedIn:
        """Logs in with the password. Needs an `account`.

        Raises CaptchaNeeded: show `captcha_picture` and call this again with what the person read (again CaptchaNeeded:
        it was wrong). Raises VerificationNeeded: go on with `verification_ways`, unless it is ConsentNeeded.
        """
        if self._account is None:
            raise LoginRejected("A password needs the account that it belongs to.")
        await self._browser()
        self._password = password
        answer = None
        if captcha is None or self._begun is None:
            steps = LoginSteps(self._transport, self._device_id, None, None)
            form = await steps.begin(Sid.MINA)
            if isinstance(form, Granted):
                raise MalformedAnswer("Xiaomi's login page gave a session to nobody")
            self._begun = steps, form
        else:
            answer = CaptchaAnswer(captcha, dict(self._captcha_cookies))
        steps, form = self._begun
        granted = await steps.send_password(form, self._account, password, answer)
        if not granted.pass_token or not granted.user_id:
            raise MalformedAnswer("the login succeeded but lacks a passToken")
        self._begun = None
        # The account may be configured by phone number or mail address, which only the password proves to belong to it.
        return await self._finish(PassTokenGrant(granted.user_id, granted.pass_token), is_the_account=True)

    async def captcha_picture(self, needed: CaptchaNeeded) -> Picture:
        """The picture to read. A new one each time, which makes the earlier ones void."""
        if needed.url is None:
            raise MalformedAnswer("Xiaomi asks for a captcha and names no picture")
        pages = await self._browser()
        picture = await pages.picture(needed.url)
        self._captcha_cookies = {"ick": pages.cookies.get("ick", "")}
        return picture

    # The verification code

    async def verification_ways(self, needed: VerificationNeeded) -> tuple[VerificationWay, ...]:
        """Where Xiaomi would send a code, its own proposal first."""
        if needed.url is None:
            raise MalformedAnswer("Xiaomi wants a verification and names no page for it")
        pages = await self._browser()
        await pages.follow(needed.url)
        query = dict(parse_qsl(urlsplit(needed.url).query, keep_blank_values=True))
        channels = read_channels(await pages.read("/identity/list", query))
        ways = []
        for channel in channels:
            page = await pages.read(_verify_page(channel), {"_flag": str(channel.value), "_json": "true"})
            ways.append(VerificationWay(channel, read_masked_address(page)))
        return tuple(ways)

    async def send_code(self, way: VerificationWay) -> None:
        """Lets Xiaomi send a code there; earlier ones are void. Raises CloudRefused with Xiaomi's hint if it won't."""
        pages = await self._browser()
        kind = "Phone" if way.channel is VerificationChannel.PHONE else "Email"
        form = {"retry": "0", "icode": "", "_json": "true"}
        check_sent(await pages.read(f"/identity/auth/send{kind}Ticket", form=form))

    async def confirm(self, way: VerificationWay, code: str) -> SignedIn:
        """Ends the verification with the code that came, and the login with it. Raises WrongCode."""
        pages = await self._browser()
        for name in _FORGOTTEN_COOKIES:
            pages.cookies.pop(name, None)
        form = {"_flag": str(way.channel.value), "ticket": code.strip(), "trust": "true", "_json": "true"}
        await pages.follow(read_verified(await pages.read(_verify_page(way.channel), form=form)))
        user_id, pass_token = pages.cookies.get("userId"), pages.cookies.get("passToken")
        if user_id and pass_token:
            return await self._finish(PassTokenGrant(user_id, pass_token), is_the_account=True)
        if self._password is None:
            raise MalformedAnswer("the verification ended without a session")
        return await self.with_password(self._password)  # this device is trusted now

    # What all of them share

    async def _browser(self) -> AccountPages:
        if self._pages is None:
            async with self._store.lock():
                stored = self._store.load()
                self._device_id = stored.device_id if stored else new_device_id()
                if stored is None:  # the device id, before Xiaomi gets to know it
                    await self._store.save(Tokens(self._device_id, account=self._account))
            self._pages = AccountPages(self._transport, self._device_id)
        return self._pages

    async def _finish(self, grant: PassTokenGrant, *, is_the_account: bool = False) -> SignedIn:
        """Makes the sessions from the passToken and keeps all of it; nothing changes if the first cannot be made."""
        account = self._account or grant.user_id
        if not is_the_account and account.isdigit() and account != grant.user_id:
            raise WrongAccount(account, grant.user_id)
        async with self._store.lock():
            stored = self._store.load()
            if stored is None or not stored.belong_to(account):
                stored = Tokens(self._device_id)
            now = self._clock()
            tokens = replace(
                stored, account=account, user_id=grant.user_id, pass_token=grant.pass_token, pass_token_at=now
            )
            login = Login(Credentials(account), tokens, self._transport, now)
            await login.run(Sid.MINA, _no_password)
            try:
                await login.run(Sid.MIOT, _no_password)
                has_miot = True
            except XiaomiError as error:
                _log.warning("xiaomi_sign_in_without_miot", error=str(error))
                has_miot = False
            await self._store.save(replace(login.tokens, failure=None))
        _log.info("xiaomi_signed_in", user_id=grant.user_id)
        return SignedIn(grant.user_id, has_miot)


async def _poll(pages: AccountPages, code: QrCode) -> PassTokenGrant | None:
    """One look at the code: what came of it, None if nothing yet. Raises QrCodeExpired or CloudRefused."""
    try:
        answer = await pages.wait(code.poll_url, _POLL_S)
    except CloudUnreachable:
        return None  # the code is still good, and a poll may well end in silence
    if answer.status == 403:
        raise QrCodeExpired
    if answer.status >= 400:
        raise CloudRefused(f"{answer.host} answered HTTP {answer.status}", code=answer.status)
    return read_scan(content_of(answer))


def _verify_page(channel: VerificationChannel) -> str:
    return "/identity/auth/verifyPhone" if channel is VerificationChannel.PHONE else "/identity/auth/verifyEmail"


async def _no_password() -> None:
    raise LoginRejected("the passToken was not accepted")
