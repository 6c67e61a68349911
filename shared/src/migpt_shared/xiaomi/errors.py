# ruff: noqa: N818 - they are named for what has happened
"""What can go wrong between us and Xiaomi, one class per way in which a caller reacts.

    XiaomiError
    ├── CloudUnreachable     network, time-out, TLS, HTTP 5xx/429: try again later
    ├── MalformedAnswer      an answer that is not what the protocol says: HTML, cut JSON, null
    ├── CloudRefused         a refusal with a code nobody has explained yet
    ├── SpeakerBusy          the speaker did not answer in time: retry
    ├── SpeakerOffline       the speaker is not connected
    ├── Unsupported          this device has no such method, action or argument: do not retry
    ├── TokenExpired         the service token is refused and renewing it did not help
    ├── StoreUnusable        the token file cannot be read or written
    └── LoginFailed          nobody is logged in; a person may have to act
        ├── CaptchaNeeded
        ├── VerificationNeeded
        │   └── ConsentNeeded
        ├── LoginRejected
        └── LoginCoolingDown

No text or attribute of these carries a password or a token; `url` of the login errors is a page for a person to open
and is left out of `str()` and `repr()`, because it identifies a pending login.
"""

from typing import ClassVar


class XiaomiError(Exception):
    """Base of everything that `migpt_shared.xiaomi` raises on purpose.

    `code`: the cloud's or the device's own number, None where there was none.
    """

    def __init__(self, message: str, *, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code


class CloudUnreachable(XiaomiError):
    """No usable connection: DNS, TCP, TLS, time-out, HTTP 5xx or 429. Worth repeating after a pause."""


class MalformedAnswer(XiaomiError):
    """The cloud answered with something that is not the protocol (HTML, truncated JSON, null, wrong types)."""


class CloudRefused(XiaomiError):
    """A refusal with an unexplained `code` (the cloud's number, or an HTTP status below 500)."""


class SpeakerBusy(XiaomiError):
    """The cloud could not get an answer from the speaker in time (101/3012, 100): retry after 0.3-8 s.

    Seen in the wild right after a pause, while the speaker talks with somebody, and while it restarts.
    """


class SpeakerOffline(XiaomiError):
    """The speaker is not connected to the cloud."""


class Unsupported(XiaomiError):
    """The device has no such method or action, or refuses these arguments. Repeating does not help."""


class TokenExpired(XiaomiError):
    """The service token is refused, and so were the renewed ones."""


class StoreUnusable(XiaomiError):
    """The token file or its folder cannot be read or written; the text says which and what to do."""


class LoginFailed(XiaomiError):
    """No valid session and none to be had right now. `url`: a page a person may open, or None."""

    needs_captcha: ClassVar[bool] = False
    needs_verification: ClassVar[bool] = False
    needs_login: ClassVar[bool] = False

    def __init__(self, message: str, *, code: int | None = None, url: str | None = None) -> None:
        super().__init__(message, code=code)
        self.url = url


class CaptchaNeeded(LoginFailed):
    """Xiaomi wants a picture puzzle solved. `url` is the picture."""

    needs_captcha = True

    def __init__(self, url: str | None = None, *, code: int | None = None) -> None:
        super().__init__(
            "Xiaomi asks for a captcha. Log in at https://account.xiaomi.com in a browser on the same network, then "
            "give this household the cookie passToken (pass_token in the configuration) or try the login again later.",
            code=code,
            url=url,
        )


class VerificationNeeded(LoginFailed):
    """Xiaomi wants the login confirmed by text message or mail. `url` is the page where that is done."""

    needs_verification = True

    def __init__(self, url: str | None = None, *, code: int | None = None, message: str | None = None) -> None:
        super().__init__(
            message
            or "Xiaomi wants this login confirmed by a code (text message or mail). Confirm it on Xiaomi's page "
            "in a browser, wait a few minutes and try the login again, or give this household the browser's cookie "
            "passToken (pass_token in the configuration).",
            code=code,
            url=url,
        )


class ConsentNeeded(VerificationNeeded):
    """Xiaomi wants consent to moving personal data across borders (`securityStatus` 128). `url` is the page."""

    def __init__(self, url: str | None = None, *, code: int | None = None) -> None:
        super().__init__(
            url,
            code=code,
            message="Xiaomi wants your consent to a data-transfer page. Log in at https://account.xiaomi.com in a "
            "browser, accept it, then try the login again.",
        )


class LoginRejected(LoginFailed):
    """Account, password or passToken refused (70016, 20003, 70002), or there is nothing to log in with."""

    needs_login = True


class LoginCoolingDown(LoginFailed):
    """A login failed a short while ago; nothing is sent before `retry_in_s` seconds have passed.

    Logging in again and again locks accounts, so this holds for every process that shares the token store.
    `reason`: the failure that began the pause, in plain words.
    """

    def __init__(self, retry_in_s: float, reason: str) -> None:
        super().__init__(f"No login for another {max(1, round(retry_in_s))} s, because the last one failed: {reason}")
        self.retry_in_s = retry_in_s
        self.reason = reason
