"""The three requests of a login, made by miservice's own code over our transport."""

import hashlib
import logging
from types import SimpleNamespace
from typing import Any

from miservice import MiAccount
from pydantic import SecretStr

from migpt_shared.xiaomi.errors import CloudRefused, MalformedAnswer
from migpt_shared.xiaomi.login_answers import (
    Granted,
    PasswordForm,
    read_password_answer,
    read_session_answer,
)
from migpt_shared.xiaomi.tokens import Sid
from migpt_shared.xiaomi.transport import LoginSession, Transport

LOGIN_TIMEOUT_S = 15.0
"""Longer than for commands: a login that is given up half-way costs a cool-down."""

_SYSTEMS = (
    "Windows NT 10.0; Win64; x64",
    "Macintosh; Intel Mac OS X 10_15_7",
    "X11; Linux x86_64",
)
_CHROME_VERSIONS = range(122, 142)

# miservice logs whole login answers, tokens included; what matters is logged by those who call this.
logging.getLogger("miservice").addFilter(lambda record: False)


class StsRejected(CloudRefused):
    """The login itself succeeded but the token service does not give a token for it."""


def user_agent_of(device_id: str) -> str:
    """A browser's user agent, always the same for one device id.

    One agent for everybody was flagged by Xiaomi, and one that changes with every login is no browser.
    """
    number = int.from_bytes(hashlib.sha256(device_id.encode()).digest()[:4])
    system, version = _SYSTEMS[number % len(_SYSTEMS)], _CHROME_VERSIONS[number // 3 % len(_CHROME_VERSIONS)]
    return f"Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{version}.0.0.0 Safari/537.36"


def password_fields(form: PasswordForm, account: str, password: SecretStr) -> dict[str, str]:
    """What step 2 posts. Holds a hash of the password."""
    digest = hashlib.md5(password.get_secret_value().encode(), usedforsecurity=False).hexdigest().upper()
    return {
        "_json": "true",
        "qs": form.qs,
        "sid": form.sid,
        "_sign": form.sign,
        "callback": form.callback,
        "user": account,
        "hash": digest,
    }


class LoginSteps:
    """One login under way. Every step raises CloudUnreachable, MalformedAnswer or a LoginFailed."""

    def __init__(self, transport: Transport, device_id: str, user_id: str | None, pass_token: str | None) -> None:
        """With `user_id` and `pass_token` step 1 asks for a session by passToken."""
        token = {"deviceId": device_id}
        if user_id and pass_token:
            token |= {"userId": user_id, "passToken": pass_token}
        # Its __init__ parses a user-agent file of 2.6 MB (35 ms, 11 MB per account); the steps need these fields only.
        self._library: Any = MiAccount.__new__(MiAccount)
        self._library.session = LoginSession(transport, LOGIN_TIMEOUT_S)
        self._library.token = token
        self._library.ua = SimpleNamespace(random=user_agent_of(device_id))

    async def begin(self, sid: Sid) -> Granted | PasswordForm:
        """Step 1: the session by passToken, or the form for the password."""
        return read_session_answer(await self._page(f"serviceLogin?sid={sid}&_json=true"))

    async def send_password(self, form: PasswordForm, account: str, password: SecretStr) -> Granted:
        """Step 2."""
        fields = password_fields(form, account, password)
        return read_password_answer(await self._page("serviceLoginAuth2", fields))

    async def fetch_service_token(self, location: str, nonce: str, ssecurity: str) -> str:
        """Step 3: the service token. Raises StsRejected if none is given."""
        if "?" not in location:
            location += "?"
        try:
            token = await self._library._securityTokenService(location, nonce, ssecurity)
        except KeyError:
            raise StsRejected("Xiaomi accepted the login but gave no token for it") from None
        return str(token)

    async def _page(self, path: str, fields: dict[str, str] | None = None) -> object:
        try:
            return await self._library._serviceLogin(path, fields)
        except ValueError:  # its text would quote nothing, but its `doc` holds the answer
            raise MalformedAnswer("the login page answered with something that is not JSON") from None
