"""Which real address stands behind each of Xiaomi's hosts: the only place that knows of other base URLs."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from migpt_shared.xiaomi.errors import MalformedAnswer

ACCOUNT_URL = "https://account.xiaomi.com"
MINA_URL = "https://api2.mina.mi.com"
CONVERSATION_URL = "https://userprofile.mina.mi.com"
MIOT_URL = "https://api.io.mi.com"

_REGION_OF_MIOT = re.compile(r"(?:(?:de|i2|ru|sg|us)\.)?api\.io\.mi\.com|sts\.api\.io\.mi\.com")
_XIAOMI = re.compile(r"(?:[a-z0-9-]+\.)+(?:mi|xiaomi)\.com")


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Base URLs that replace Xiaomi's hosts; None keeps the real one. Paths and queries stay.

    `account`: account.xiaomi.com. `mina`: api2.mina.mi.com, its `/sts` too. `conversation`: userprofile.mina.mi.com.
    `miot`: api.io.mi.com and sts.api.io.mi.com.
    """

    account: str | None = None
    mina: str | None = None
    conversation: str | None = None
    miot: str | None = None

    def resolve(self, url: str) -> str:
        """The address to connect to for `url`, which names one of Xiaomi's hosts.

        The login answer names the next address itself, so this is also the gate against being sent elsewhere: anything
        that is neither https on a Xiaomi host nor below one of these base URLs raises MalformedAnswer.
        """
        parts = urlsplit(url)
        host = parts.hostname or ""
        base = self._base_for(host)
        if base is not None:
            query = f"?{parts.query}" if parts.query else ""
            return f"{base.rstrip('/')}{parts.path}{query}"
        if parts.scheme == "https" and _XIAOMI.fullmatch(host):
            return url
        if any(_same_origin(url, base) for base in (self.account, self.mina, self.conversation, self.miot) if base):
            return url
        raise MalformedAnswer(f"the login answer points to {host or 'no host'!r}, which is not a Xiaomi host")

    def _base_for(self, host: str) -> str | None:
        match host:
            case "account.xiaomi.com":
                return self.account
            case "api2.mina.mi.com":
                return self.mina
            case "userprofile.mina.mi.com":
                return self.conversation
            case _ if _REGION_OF_MIOT.fullmatch(host):
                return self.miot
            case _:
                return None


def _same_origin(url: str, base: str) -> bool:
    first, second = urlsplit(url), urlsplit(base)
    return (first.scheme, first.hostname, first.port) == (second.scheme, second.hostname, second.port)
