"""The pages of account.xiaomi.com as one browser would see them: cookies kept from page to page, one user agent."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode, urljoin

from migpt_shared.xiaomi.endpoints import ACCOUNT_URL
from migpt_shared.xiaomi.errors import MalformedAnswer
from migpt_shared.xiaomi.login_steps import LOGIN_TIMEOUT_S, user_agent_of
from migpt_shared.xiaomi.transport import Answer, Transport

_PREFIX = b"&&&START&&&"
_MAX_REDIRECTS = 8


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture for a person to look at, such as a captcha. `media_type`: image/png or the like."""

    content: bytes = field(repr=False)
    media_type: str


class AccountPages:
    """Every method raises CloudUnreachable or MalformedAnswer."""

    def __init__(self, transport: Transport, device_id: str) -> None:
        self._transport = transport
        self._headers = {"User-Agent": user_agent_of(device_id)}
        self.cookies: dict[str, str] = {"sdkVersion": "3.9", "deviceId": device_id}

    async def read(
        self,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        form: Mapping[str, str] | None = None,
    ) -> object:
        """The JSON of a page; `form`: posted."""
        url = f"{ACCOUNT_URL}{path}" + (f"?{urlencode(query)}" if query else "")
        return content_of(await self._send("GET" if form is None else "POST", url, form=form))

    async def picture(self, url: str) -> Picture:
        """A picture that a page names."""
        answer = await self._send("GET", url)
        media_type = answer.headers.get("Content-Type", "").partition(";")[0].strip()
        if answer.status != 200 or not media_type.startswith("image/") or not answer.body:
            raise MalformedAnswer(f"there is no picture where the captcha should be (HTTP {answer.status})")
        return Picture(answer.body, media_type)

    async def follow(self, url: str) -> None:
        """Goes to the end of a chain of redirects and keeps the cookies of every hop."""
        for _ in range(_MAX_REDIRECTS):
            answer = await self._send("GET", url)
            if answer.status not in (301, 302, 303, 307, 308) or "Location" not in answer.headers:
                return
            url = urljoin(url, answer.headers["Location"])

    async def wait(self, url: str, within_s: float) -> Answer:
        """The answer of a page that answers only when something has happened, or after a while."""
        return await self._send("GET", url, timeout_s=within_s)

    async def _send(
        self, method: str, url: str, *, form: Mapping[str, str] | None = None, timeout_s: float = LOGIN_TIMEOUT_S
    ) -> Answer:
        answer = await self._transport.send(
            method, url, data=form, cookies=self.cookies, headers=self._headers, timeout_s=timeout_s
        )
        self.cookies.update({name: morsel.value for name, morsel in answer.cookies.items() if morsel.value})
        return answer


def content_of(answer: Answer) -> object:
    """The JSON behind the prefix that Xiaomi puts before it. Raises MalformedAnswer, which quotes nothing."""
    try:
        content: object = json.loads(answer.body.removeprefix(_PREFIX))
    except ValueError:
        raise MalformedAnswer(f"{answer.host} answered HTTP {answer.status} without JSON") from None
    return content
