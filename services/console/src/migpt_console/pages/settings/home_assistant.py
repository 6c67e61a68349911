"""The tab HomeAssistant: where it is, its token, names of devices, and whether it answers."""

from __future__ import annotations

from nicegui import ui

from migpt_console.console import Console
from migpt_console.pages.parts.acting import complain, tell
from migpt_console.pages.parts.marks import mark
from migpt_console.pages.settings import words
from migpt_console.pages.settings.form import Form
from migpt_console.pages.settings.sections import section_paths

_WITHIN_S = 8.0


def home_assistant_tab(console: Console) -> None:
    """Draw it."""
    Form(console, words.SECTIONS["home_assistant"], section_paths("home_assistant"), can_reset=False)

    async def test() -> None:
        await _test(console)

    button = ui.button(words.HOME_TEST.in_(console.language), icon="bolt", on_click=test)
    button.props("outline no-caps").props(mark("test-home"))


async def _test(console: Console) -> None:
    import httpx2

    language, home = console.language, console.settings.home_assistant
    token = home.token if home else None
    if home is None or home.url is None or token is None:
        complain(words.HOME_MISSING.in_(language))
        return
    headers = {"Authorization": f"Bearer {token.get_secret_value()}"}
    try:
        async with httpx2.AsyncClient(timeout=_WITHIN_S, headers=headers) as client:
            answer = await client.get(f"{home.url.rstrip('/')}/api/config")
            content = answer.json() if answer.status_code == 200 else {}
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
        complain(words.HOME_UNREACHABLE.in_(language, reason=type(error).__name__))
        return
    if answer.status_code == 401:
        complain(words.HOME_REFUSED.in_(language))
    elif answer.status_code != 200 or not isinstance(content, dict):
        complain(words.HOME_ANSWERED.in_(language, status=answer.status_code))
    else:
        version, location = content.get("version", "?"), content.get("location_name", "")
        tell(words.HOME_WORKS, language, version=version, location=location)
