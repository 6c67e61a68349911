"""How the login of a household stands, for people to read."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class AccountState:
    """`ok`: a session exists and nothing is known against it. Otherwise `reason` says in plain words what to do.

    `needs_captcha`, `needs_verification`, `needs_login`: what kind of act by a person would help; all False while the
    cloud merely cannot be reached. `url`: Xiaomi's page for that act, if it named one; it identifies a pending login,
    so show it to the account's owner only. `retry_in_s`: the rest of the cool-down, None without one. Ages in seconds,
    None without such a token. Never holds a secret.
    """

    ok: bool = False
    needs_captcha: bool = False
    needs_verification: bool = False
    needs_login: bool = False
    reason: str = "not logged in yet"
    service_token_age_s: float | None = None
    pass_token_age_s: float | None = None
    retry_in_s: float | None = None
    url: str | None = field(default=None, repr=False)
