"""With what a household logs in."""

from dataclasses import dataclass

from pydantic import SecretStr


@dataclass(frozen=True, slots=True)
class Credentials:
    """Xiaomi account of one household.

    `account`: the numeric Xiaomi ID (a phone number or mail address is accepted by Xiaomi less often, and not at all
    together with `pass_token`). `pass_token`: the cookie of that name of a browser that is logged in at
    account.xiaomi.com.
    Either secret may be missing; a valid stored session needs neither.
    """

    account: str
    password: SecretStr | None = None
    pass_token: SecretStr | None = None
