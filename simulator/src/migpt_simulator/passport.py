"""The login rules of account.xiaomi.com: password, passToken, captcha, step 3, and the tokens that come out of it.

Times come in as monotonic seconds; nothing here knows HTTP. Identity verification is in `verification`, QR codes in
`qr_login`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import random
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from .home import AccountBehaviour, SimulatedAccount
from .login_answers import (
    CaptchaWanted,
    ConsentWanted,
    LoggedIn,
    LoginAnswer,
    LoginForm,
    LoginPage,
    Rejected,
    ServiceToken,
    VerificationWanted,
    WrongCredentials,
)
from .verification import Verifications

__all__ = ["CALLBACKS", "AccountState", "LoginEvent", "LoginStep", "Passport", "Swap", "client_sign"]

CALLBACKS = {
    "micoapi": "https://api2.mina.mi.com/sts",
    "xiaomiio": "https://sts.api.io.mi.com/sts",
    "mijia": "https://sts.api.io.mi.com/sts",
}
_TICKET_LIFE_S = 300.0


class LoginStep(StrEnum):
    """What a client asked the account pages for."""

    SERVICE_LOGIN = "service_login"
    PASSWORD = "password"  # noqa: S105  # the name of a step, not a secret
    STS = "sts"


@dataclass(frozen=True, slots=True)
class LoginEvent:
    """One step of a login at `at` (monotonic seconds); `outcome` is a word such as `ok` or `captcha`."""

    at: float
    step: LoginStep
    sid: str
    outcome: str


@dataclass(frozen=True, slots=True)
class _Ticket:
    account: str
    sid: str
    nonce: int
    ssecurity: str = field(repr=False)
    expires_at: float


@dataclass(frozen=True, slots=True)
class Swap:
    """What step 3 gives: an HTTP status and, if that is 200, a service token."""

    status: int
    sid: str = ""
    user_id: str = ""
    c_user_id: str = ""
    token: str | None = field(default=None, repr=False)


def client_sign(nonce: int, ssecurity: str) -> str:
    """What step 3 must send as `clientSign`."""
    digest = hashlib.sha1(f"nonce={nonce}&{ssecurity}".encode(), usedforsecurity=False).digest()
    return base64.b64encode(digest).decode()


@dataclass(slots=True)
class AccountState:
    """One account as it is now."""

    account: str
    password: str = field(repr=False)
    behaviour: AccountBehaviour
    c_user_id: str
    log: list[LoginEvent] = field(default_factory=list)
    trusted_devices: set[str] = field(default_factory=set)
    pass_tokens: dict[str, float] = field(default_factory=dict, repr=False)  # token → expires at

    def count(self, step: LoginStep) -> int:
        """How many requests of one login step named this account (a step 1 without cookies names none)."""
        return Counter(event.step for event in self.log)[step]


class Passport:
    """All accounts, their tokens and their open logins."""

    def __init__(self, accounts: tuple[SimulatedAccount, ...], rng: random.Random) -> None:
        self._rng = rng
        self._sign_key = rng.randbytes(16)
        self.verifications = Verifications(rng)
        self.accounts = {
            spec.account: AccountState(spec.account, spec.password, spec.behaviour, self._text(24)) for spec in accounts
        }
        self._service_tokens: dict[str, ServiceToken] = {}
        self._tickets: dict[str, _Ticket] = {}
        self._captchas: dict[str, str] = {}  # key (cookie `ick`) → what the picture shows

    # Step 1

    def service_login(self, now: float, sid: str, *, user_id: str, pass_token: str, device_id: str) -> LoginAnswer:
        """A passToken login if the cookies hold one that is alive, else the page for a password."""
        callback = CALLBACKS.get(sid)
        if callback is None:
            return Rejected(70016)
        state = self.accounts.get(user_id)
        alive = state is not None and state.pass_tokens.get(pass_token, float("-inf")) > now
        if state is not None:
            state.log.append(LoginEvent(now, LoginStep.SERVICE_LOGIN, sid, "ok" if alive else "no_session"))
        if state is None or not alive:
            qs = f"%3Fsid%3D{sid}%26_json%3Dtrue"
            return LoginPage(sid, qs, self._sign(sid, qs, callback), callback)
        if state.behaviour.needs_consent:
            return self._consent(sid)
        return self.issue(now, state, sid, device_id, pass_token=pass_token)

    # Step 2

    def password_login(self, now: float, form: LoginForm) -> LoginAnswer:
        """Check sign, captcha and password; every submission is counted, whatever becomes of it."""
        state = self.accounts.get(form.user)
        answer = self._judge_password(now, form, state)
        if state is not None:
            outcome = "ok" if isinstance(answer, LoggedIn) else type(answer).__name__
            state.log.append(LoginEvent(now, LoginStep.PASSWORD, form.sid, outcome))
        return answer

    def _judge_password(self, now: float, form: LoginForm, state: AccountState | None) -> LoginAnswer:
        if form.sign != self._sign(form.sid, form.qs, form.callback) or CALLBACKS.get(form.sid) != form.callback:
            return WrongCredentials()
        if state is None:
            return WrongCredentials()
        rules = state.behaviour
        if rules.password_code is not None:
            url = self._start_verification(now, state, form) if rules.needs_verification else None
            return Rejected(rules.password_code, url)
        if rules.needs_captcha:
            shown = self._captchas.pop(form.captcha_key, None)
            if shown is None or form.captcha_answer.strip().lower() != shown:
                return CaptchaWanted(f"/pass/getCode?icodeType=login&{self._rng.random()}", bool(form.captcha_answer))
        expected = hashlib.md5(state.password.encode(), usedforsecurity=False).hexdigest().upper()
        if not hmac.compare_digest(form.password_hash.encode(), expected.encode()) or rules.rejects_password:
            return WrongCredentials()
        if rules.needs_consent:
            return self._consent(form.sid)
        known = form.device_id in state.trusted_devices
        is_first = not state.trusted_devices
        if not known and (rules.needs_verification or (rules.new_device_needs_verification and not is_first)):
            return VerificationWanted(self._start_verification(now, state, form))
        state.trusted_devices.add(form.device_id)
        return self.issue(now, state, form.sid, form.device_id, by_password=True)

    def _start_verification(self, now: float, state: AccountState, form: LoginForm) -> str:
        form_of_url = state.behaviour.notification_form
        return self.verifications.start(now, state.account, form.sid, form.device_id, form_of_url)

    def draw_captcha(self) -> tuple[str, str]:
        """A new captcha: the key for the cookie `ick`, and what the picture shows."""
        key, shown = self._text(18), f"{self._rng.randrange(10_000):04d}"
        self._captchas[key] = shown
        return key, shown

    def captcha_texts(self) -> tuple[str, ...]:
        """What the pictures show that were asked for and not yet answered, oldest first."""
        return tuple(self._captchas.values())

    # Step 3

    def swap_ticket(self, now: float, ticket: str, sign: str) -> Swap:
        """A service token for the ticket of a finished login and its client sign."""
        login = self._tickets.get(ticket)
        if login is None:
            return Swap(401)
        state = self.accounts[login.account]
        status = state.behaviour.sts_status
        if status is None and (login.expires_at <= now or sign != client_sign(login.nonce, login.ssecurity)):
            status = 401
        state.log.append(LoginEvent(now, LoginStep.STS, login.sid, "ok" if status is None else f"http_{status}"))
        if status is not None:
            return Swap(status)
        token = self._text(96)
        expires_at = now + state.behaviour.service_token_life_s
        self._service_tokens[token] = ServiceToken(state.account, login.sid, login.ssecurity, expires_at)
        return Swap(200, login.sid, state.account, state.c_user_id, token)

    # Tokens

    def session(self, now: float, *, sid: str, user_id: str, token: str) -> ServiceToken | None:
        """The living service token of these cookies for one sid, if it is one."""
        held = self._service_tokens.get(token)
        if held is None or held.account != user_id or held.sid != sid or held.expires_at <= now:
            return None
        return held

    def kill(self, token: str) -> None:
        """This service token is dead from now on."""
        self._service_tokens.pop(token, None)

    def expire_service_tokens(self, account: str, sid: str | None = None) -> int:
        """Let all service tokens of an account (of one sid, if given) be dead from now on; returns how many."""
        dead = [t for t, held in self._service_tokens.items() if held.account == account and sid in (None, held.sid)]
        for token in dead:
            del self._service_tokens[token]
        return len(dead)

    def expire_pass_tokens(self, account: str) -> int:
        """Let all passTokens of an account be dead from now on; returns how many."""
        tokens = self.accounts[account].pass_tokens
        count = len(tokens)
        tokens.clear()
        return count

    def new_pass_token(self, now: float, account: str) -> str:
        """A passToken as a browser that is logged in has it in its cookies."""
        state = self.accounts[account]
        token = f"V1:{self._text(96)}"
        state.pass_tokens[token] = now + state.behaviour.pass_token_life_s
        return token

    def trust(self, account: str, device_id: str) -> None:
        """This device has been verified."""
        self.accounts[account].trusted_devices.add(device_id)

    def issue(
        self,
        now: float,
        state: AccountState,
        sid: str,
        device_id: str,
        *,
        pass_token: str | None = None,
        by_password: bool = False,
    ) -> LoggedIn:
        """A finished login: a ticket for step 3, and a new passToken unless one was used."""
        login = LoggedIn(
            sid=sid,
            user_id=state.account,
            c_user_id=state.c_user_id,
            pass_token=pass_token or self.new_pass_token(now, state.account),
            ssecurity=base64.b64encode(self._rng.randbytes(16)).decode(),
            psecurity=base64.b64encode(self._rng.randbytes(16)).decode(),
            nonce=2**62 + self._rng.getrandbits(62),  # far above 2^53, where JavaScript's numbers end
            ticket=self._text(48),
            device_id=device_id,
            by_password=by_password,
            omitted=() if pass_token is None else state.behaviour.omitted_fields,
        )
        self._tickets[login.ticket] = _Ticket(state.account, sid, login.nonce, login.ssecurity, now + _TICKET_LIFE_S)
        return login

    def _consent(self, sid: str) -> ConsentWanted:
        return ConsentWanted(f"https://account.xiaomi.com/pass2/redirect?sid={sid}&context={self._rng.getrandbits(64)}")

    def _sign(self, sid: str, qs: str, callback: str) -> str:
        text = "\n".join((sid, qs, callback)).encode()
        return base64.b64encode(hmac.new(self._sign_key, text, hashlib.sha1).digest()).decode()

    def _text(self, size: int) -> str:
        # "/", "+" and "=" make clients quote the cookie; each token has them, not only lucky ones.
        return base64.b64encode(b"\xff\xef\xbe" + self._rng.randbytes(size - size % 3 + 1)).decode()
