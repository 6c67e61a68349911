"""Asks a household's Home Assistant itself, with the configured token."""

from __future__ import annotations

import time

import aiohttp

from migpt_cli.doctor.report import Report
from migpt_shared.language import Phrase
from migpt_shared.settings import HomeAssistantSettings

_WITHIN_S = 8.0

_WORKS = Phrase(
    zh="{location} 的 Home Assistant {version} 接受令牌，用了 {took} 毫秒",
    en="Home Assistant {version} of {location} takes the token; it took {took} ms",
)
_NO_URL = Phrase(
    zh="没有配置 url：音箱会出现在 Home Assistant 里，但不能用语音控制家里",
    en="no url is configured: the speakers appear there, but the home cannot be commanded by voice",
)
_NO_TOKEN = Phrase(zh="没有配置 token", en="no token is configured")
_REFUSED = Phrase(
    zh="令牌不对：在 Home Assistant 的个人资料页 → 安全 里新建一个长期访问令牌",
    en="it refuses the token: make a new long-lived access token on your profile page there, under security",
)
_ANSWERED = Phrase(
    zh="{url} 回答了 HTTP {status}，不像 Home Assistant", en="{url} answers HTTP {status}, unlike Home Assistant"
)
_UNREACHABLE = Phrase(zh="连不上 {url}：{reason}", en="{url} cannot be reached: {reason}")


async def check_home(household: str, home: HomeAssistantSettings) -> Report:
    """Whether it answers and takes the token."""
    if not home.url:
        return Report("home", "warning", _NO_URL, subject=household)
    if home.token is None:
        return Report("home", "bad", _NO_TOKEN, subject=household)
    headers = {"Authorization": f"Bearer {home.token.get_secret_value()}"}
    began = time.monotonic()
    values: dict[str, object] = {"url": home.url}
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_WITHIN_S), headers=headers) as session,
            session.get(f"{home.url.rstrip('/')}/api/config", allow_redirects=False) as answer,
        ):
            status = answer.status
            content = await answer.json(content_type=None) if status == 200 else None
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
        return Report("home", "bad", _UNREACHABLE, {**values, "reason": type(error).__name__}, household)
    if status == 401:
        return Report("home", "bad", _REFUSED, subject=household)
    if not isinstance(content, dict) or "version" not in content:
        return Report("home", "bad", _ANSWERED, {**values, "status": status}, household)
    values |= {"version": content["version"], "location": content.get("location_name") or "?"}
    values["took"] = round((time.monotonic() - began) * 1000)
    return Report("home", "good", _WORKS, values, household)
