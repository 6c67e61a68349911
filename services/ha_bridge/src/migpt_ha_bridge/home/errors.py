"""What can go wrong on the way to Home Assistant. The texts are for logs and never hold the token."""

from __future__ import annotations


class HomeAssistantError(Exception):
    """Home Assistant did not do what was asked."""


class HomeUnreachable(HomeAssistantError):  # noqa: N818 - named for what happened
    """It is down, restarting, behind a wrong address, or the connection was lost."""


class NotAuthorised(HomeAssistantError):  # noqa: N818
    """It refuses the token or our address. Asking again with the same token makes it worse: it may ban us."""


class HomeSlow(HomeAssistantError):  # noqa: N818
    """It is there but did not answer in time. What was asked may still happen."""


class Refused(HomeAssistantError):  # noqa: N818
    """It answered with an error. `code` is Home Assistant's word for it, such as `not_found`."""

    __match_args__ = ("code", "message")

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
