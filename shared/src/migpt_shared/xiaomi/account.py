"""The session of one account: one login at a time, however many ask, in however many processes."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import structlog

from migpt_shared.xiaomi.account_state import AccountState
from migpt_shared.xiaomi.answers import mina_content, miot_content
from migpt_shared.xiaomi.credentials import Credentials
from migpt_shared.xiaomi.errors import (
    CloudUnreachable,
    LoginCoolingDown,
    LoginFailed,
    MalformedAnswer,
    StoreUnusable,
    TokenExpired,
    XiaomiError,
)
from migpt_shared.xiaomi.failures import error_of, failure_kind_of
from migpt_shared.xiaomi.login import Login
from migpt_shared.xiaomi.login_gate import LoginGate
from migpt_shared.xiaomi.login_steps import user_agent_of
from migpt_shared.xiaomi.store import Stamp, TokenStore
from migpt_shared.xiaomi.tokens import Failure, FailureKind, Sid, Tokens, mark_of, new_device_id
from migpt_shared.xiaomi.transport import Transport

T = TypeVar("T")

_ATTEMPTS = 3
"""A token may expire again between its renewal and its use, when others renew at the same time."""

_END_OF_LOGIN_S = 3.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Session:
    """What one request is made with."""

    device_id: str
    user_id: str
    service_token: str = field(repr=False)
    ssecurity: str = field(repr=False)


class Account:
    """Runs requests with a live session. Stored service token first, then passToken, then password.

    `clock` gives Unix seconds: token ages and cool-downs outlive the process.
    """

    def __init__(
        self,
        credentials: Credentials,
        store: TokenStore,
        transport: Transport,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._credentials = credentials
        self._store = store
        self._transport = transport
        self._clock = clock
        self._gate = LoginGate()
        self._tokens: Tokens | None = None
        self._settled: Stamp = None  # the file as last seen while nobody else was in the middle of a login
        self._refused: dict[Sid, str] = {}
        self._renewals: dict[Sid, asyncio.Task[None]] = {}
        self._one_login = asyncio.Lock()
        self._problems: dict[Sid, XiaomiError] = {}

    async def close(self) -> None:
        """Lets a login under way finish for a moment: half a password login is a password wasted."""
        tasks = tuple(self._renewals.values())
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=_END_OF_LOGIN_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def read_store(self) -> Tokens:
        """Takes over what the token file holds. Raises StoreUnusable."""
        stored = self._store.load()
        if stored is None:
            stored = self._tokens or Tokens(device_id=new_device_id())
        elif not stored.belong_to(self._credentials.account):
            stored = Tokens(device_id=stored.device_id)
        self._tokens = stored
        return stored

    @property
    def state(self) -> AccountState:
        """How the login stands now."""
        now, tokens = self._clock(), self._tokens
        if tokens is None:
            problem = next(iter(self._problems.values()), None)
            return AccountState(reason=str(problem)) if problem else AccountState()
        pause = self._gate.pause(Sid.MINA, tokens.failure, self._mark(tokens), now)
        problem = next(iter(self._problems.values()), None)
        session = tokens.mina or tokens.miot
        if problem is None and tokens.failure and session is None:
            problem = error_of(tokens.failure)
        failed = problem if isinstance(problem, LoginFailed) else None
        return AccountState(
            ok=problem is None and session is not None,
            needs_captcha=failed is not None and failed.needs_captcha,
            needs_verification=failed is not None and failed.needs_verification,
            needs_login=failed is not None and failed.needs_login,
            reason=str(problem) if problem else "" if session else "not logged in yet",
            service_token_age_s=max(0.0, now - session.obtained_at) if session else None,
            pass_token_age_s=max(0.0, now - tokens.pass_token_at) if tokens.pass_token_at else None,
            retry_in_s=pause.left_s if pause else None,
            url=failed.url if failed else None,
        )

    async def login_again(self, probe: Callable[[], Awaitable[object]]) -> AccountState:
        """Leaves the cool-down for once: reads the store and lets `probe`, a cheap request, show whether it works."""
        self._gate.permit(self._clock())
        try:
            self.read_store()
            await probe()
        except XiaomiError as error:
            self._problems.setdefault(Sid.MINA, error)
        else:
            self._problems.clear()
        finally:
            self._gate.end_permit()
        return self.state

    async def call(self, sid: Sid, send: Callable[[Session], Awaitable[T]]) -> T:
        """What `send` returns, called with a live session; again with a renewed one if it raises TokenExpired.

        Raises what `send` raises, LoginFailed or CloudUnreachable if no session can be had, and TokenExpired if renewed
        ones are refused too.
        """
        code: int | None = None
        for _ in range(_ATTEMPTS):
            session = await self._session(sid)
            try:
                result = await send(session)
            except TokenExpired as error:
                code = error.code
                self._refused[sid] = session.service_token
            except (CloudUnreachable, MalformedAnswer):
                raise
            except XiaomiError:  # refused for another reason: the token is good
                self._gate.token_works(sid)
                raise
            else:
                self._gate.token_works(sid)
                return result
        raise TokenExpired("Xiaomi refuses the session although it was renewed", code=code)

    async def mi_request(
        self, sid: str, url: str, data: Any, headers: Mapping[str, str], relogin: bool = True
    ) -> dict[str, Any]:
        """The one method by which miservice's MiNAService and MiIOService reach their account. Raises typed errors."""
        service = Sid(sid)

        async def send(session: Session) -> dict[str, Any]:
            cookies = {"userId": session.user_id, "serviceToken": session.service_token}
            content = data
            if callable(data):  # MiIOService signs with the session and adds a cookie
                content = data(
                    {"deviceId": session.device_id, sid: (session.ssecurity, session.service_token)}, cookies
                )
            answer = await self._transport.send(
                "GET" if data is None else "POST",
                url,
                data=content,
                cookies=cookies,
                headers={**headers, "User-Agent": user_agent_of(session.device_id)},
            )
            return mina_content(answer) if service is Sid.MINA else miot_content(answer)

        return await self.call(service, send)

    async def _session(self, sid: Sid) -> Session:
        session = self._live(sid)
        if session is None:
            renewal = self._renewals.get(sid)
            if renewal is None:
                renewal = asyncio.create_task(self._renew(sid), name=f"xiaomi-login-{sid}")
                self._renewals[sid] = renewal
                renewal.add_done_callback(lambda done: self._renewal_ended(sid, done))
            # A caller that is cancelled must not cut off a login: the next one would send the password again.
            await asyncio.shield(renewal)
            session = self._live(sid)
            if session is None:
                raise TokenExpired("the renewed session was refused at once")
        return session

    def _renewal_ended(self, sid: Sid, renewal: asyncio.Task[None]) -> None:
        self._renewals.pop(sid, None)
        if not renewal.cancelled():
            renewal.exception()  # seen by whoever waits, if anybody still does

    def _live(self, sid: Sid) -> Session | None:
        tokens = self._tokens
        token = tokens.of(sid) if tokens else None
        if tokens is None or token is None or token.service_token == self._refused.get(sid):
            return None
        return Session(
            tokens.device_id, tokens.user_id or self._credentials.account, token.service_token, token.ssecurity
        )

    async def _renew(self, sid: Sid) -> None:
        try:
            if self._tokens is not None and self._store.stamp() == self._settled:
                self._raise_if_paused(sid, self._tokens)
            async with self._one_login, self._store.lock():
                tokens = self.read_store()
                self._settled = self._store.stamp()
                if self._live(sid) is None:
                    self._raise_if_paused(sid, tokens)
                    await self._log_in(sid, tokens)
                else:
                    _log.info("xiaomi_session_taken_over", sid=sid)
        except LoginCoolingDown:
            raise
        except XiaomiError as error:
            self._problems[sid] = error
            raise
        self._problems.pop(sid, None)

    async def _log_in(self, sid: Sid, tokens: Tokens) -> None:
        if self._settled is None:
            await self._save(tokens)  # the device id, before Xiaomi gets to know it
        now = self._clock()
        login = Login(self._credentials, tokens, self._transport, now)

        async def before_password() -> None:
            pause = self._gate.password_pause(now)
            if pause is not None:
                raise LoginCoolingDown(pause.left_s, pause.reason)
            # Written first, so that a crash in the middle is not followed by the same password at once.
            await self._remember(tokens, tokens, CloudUnreachable("the password was sent and no answer came"))

        try:
            await login.run(sid, before_password)
        except LoginCoolingDown:
            raise
        except LoginFailed as error:
            await self._remember(tokens, login.tokens, error)
            raise
        except (CloudUnreachable, MalformedAnswer) as error:
            if login.password_sent:
                await self._remember(tokens, login.tokens, error)
            else:
                self._gate.unreachable(now)
            raise
        self._gate.logged_in(sid, by_password=login.password_sent, now=now)
        self._tokens = login.tokens
        _log.info("xiaomi_logged_in", sid=sid, by="password" if login.password_sent else "pass_token")
        try:
            await self._save(login.tokens)
        except StoreUnusable as error:
            _log.error("xiaomi_session_not_stored", error=str(error))  # it serves until the process ends

    async def _remember(self, before: Tokens, after: Tokens, error: XiaomiError) -> None:
        """Keeps what the login came to together with its failure, the next in a row if the means are the same."""
        earlier = before.failure if before.failure and before.failure.mark == self._mark(before) else None
        kind = failure_kind_of(error)
        failure = Failure(
            kind=kind,
            at=self._clock(),
            count=earlier.count + 1 if earlier else 1,
            mark=self._mark(after),
            reason=str(error),
            code=error.code,
            url=error.url if isinstance(error, LoginFailed) else None,
        )
        if kind is not FailureKind.UNCERTAIN:
            _log.warning("xiaomi_login_failed", kind=kind, code=failure.code, failures_in_a_row=failure.count)
        await self._save(replace(after, failure=failure))

    async def _save(self, tokens: Tokens) -> None:
        await self._store.save(tokens)
        self._tokens = tokens
        self._settled = self._store.stamp()

    def _raise_if_paused(self, sid: Sid, tokens: Tokens) -> None:
        pause = self._gate.pause(sid, tokens.failure, self._mark(tokens), self._clock())
        if pause is None:
            return
        if pause.by_failure and tokens.failure:
            self._problems[sid] = error_of(tokens.failure)
        raise LoginCoolingDown(pause.left_s, pause.reason)

    def _mark(self, tokens: Tokens) -> str:
        password, configured = self._credentials.password, self._credentials.pass_token
        return mark_of(
            self._credentials.account,
            password.get_secret_value() if password else None,
            configured.get_secret_value() if configured else None,
            tokens.pass_token,
        )
