"""One login to one service: by passToken if there is one that still works, else once by password."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from pydantic import SecretStr

from migpt_shared.xiaomi.credentials import Credentials
from migpt_shared.xiaomi.errors import LoginRejected
from migpt_shared.xiaomi.login_answers import Granted, PasswordForm
from migpt_shared.xiaomi.login_steps import LoginSteps, StsRejected
from migpt_shared.xiaomi.tokens import ServiceToken, Sid, Tokens
from migpt_shared.xiaomi.transport import Transport


class Login:
    """`tokens` are the newest known at any time: after a failure too, when the half that succeeded is worth keeping."""

    def __init__(self, credentials: Credentials, tokens: Tokens, transport: Transport, now: float) -> None:
        self.tokens = tokens
        self.password_sent = False
        self._credentials = credentials
        self._transport = transport
        self._now = now

    async def run(self, sid: Sid, before_password: Callable[[], Awaitable[None]]) -> None:
        """Gets a service token for `sid` into `tokens`; the other service's session stays.

        `before_password` is awaited right before the password is sent; what it raises ends the login.
        Raises LoginFailed, CloudUnreachable or MalformedAnswer.
        """
        form: PasswordForm | None = None
        refusal: str | None = None
        steps: LoginSteps | None = None
        for user_id, pass_token in self._pass_tokens():
            steps = LoginSteps(self._transport, self.tokens.device_id, user_id, pass_token)
            answer = await steps.begin(sid)
            if isinstance(answer, PasswordForm):
                form = answer
                continue
            try:
                await self._finish(steps, sid, answer, user_id, pass_token)
            except StsRejected as error:
                form, refusal = None, str(error)
            else:
                return
        password = self._credentials.password
        if password is None or not password.get_secret_value():
            raise LoginRejected(self._nothing_to_log_in_with(refusal))
        if steps is None or form is None:
            steps = LoginSteps(self._transport, self.tokens.device_id, None, None)
            answer = await steps.begin(sid)
            if isinstance(answer, Granted):
                raise LoginRejected("Xiaomi's login page gave a session to nobody; try again later")
            form = answer
        await self._log_in_by_password(steps, sid, form, password, before_password)

    async def _log_in_by_password(
        self,
        steps: LoginSteps,
        sid: Sid,
        form: PasswordForm,
        password: SecretStr,
        before_password: Callable[[], Awaitable[None]],
    ) -> None:
        await before_password()
        self.password_sent = True
        granted = await steps.send_password(form, self._credentials.account, password)
        try:
            await self._finish(steps, sid, granted, None, None)
        except StsRejected as error:
            raise LoginRejected(f"{error}; it is tried again later", code=error.code) from None

    async def _finish(
        self, steps: LoginSteps, sid: Sid, granted: Granted, user_id: str | None, pass_token: str | None
    ) -> None:
        """Keeps what was granted, filled up with what it was asked with, and swaps it for the service token."""
        old = self.tokens
        new_pass_token = granted.pass_token or pass_token or old.pass_token
        self.tokens = replace(
            old,
            account=self._credentials.account,
            user_id=granted.user_id or user_id or old.user_id or self._credentials.account,
            pass_token=new_pass_token,
            pass_token_at=old.pass_token_at
            if new_pass_token == old.pass_token and not self.password_sent
            else self._now,
        )
        session = old.of(sid)
        ssecurity = granted.ssecurity or (session.ssecurity if session else None)
        if not granted.nonce or not ssecurity:
            raise StsRejected("Xiaomi's login answer lacks what the token is asked for with")
        token = await steps.fetch_service_token(granted.location, granted.nonce, ssecurity)
        self.tokens = replace(self.tokens.with_service(sid, ServiceToken(token, ssecurity, self._now)), failure=None)

    def _pass_tokens(self) -> list[tuple[str, str]]:
        """User id and passToken to try, the stored one first: Xiaomi replaces a configured one in time."""
        account, configured = self._credentials.account, self._credentials.pass_token
        pairs = []
        if self.tokens.pass_token:
            pairs.append((self.tokens.user_id or account, self.tokens.pass_token))
        if configured and configured.get_secret_value() not in ("", self.tokens.pass_token):
            user_id = account if account.isdigit() else self.tokens.user_id or account
            pairs.append((user_id, configured.get_secret_value()))
        return pairs

    def _nothing_to_log_in_with(self, refusal: str | None) -> str:
        what_to_do = (
            "Give it a password, or pass_token: the cookie passToken of a browser logged in at account.xiaomi.com."
        )
        if refusal is not None:
            return f"{refusal}. {what_to_do}"
        if self._pass_tokens():
            return f"Xiaomi no longer accepts the passToken of account {self._credentials.account}. {what_to_do}"
        return f"There is nothing to log in with for account {self._credentials.account}. {what_to_do}"
