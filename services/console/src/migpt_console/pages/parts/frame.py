"""What is around every page: title, navigation, colours; dark mode as the browser chooses, or as was chosen here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from nicegui import ui

from migpt_console.console import Console
from migpt_console.pages.parts.marks import mark
from migpt_shared.language import Phrase

_STYLE = (Path(__file__).parents[2] / "static" / "console.css").read_text(encoding="utf-8")

# Kept in the browser; applied before the page is drawn, so that it does not flash.
_DARK_AT_START = """<script>
try { const d = localStorage.getItem('migpt-dark');
  if (d !== null) addEventListener('DOMContentLoaded', () => setTimeout(() => Quasar.Dark.set(d === '1'), 0));
} catch {}
</script>"""
_TOGGLE_DARK = """() => { Quasar.Dark.toggle();
  try { localStorage.setItem('migpt-dark', Quasar.Dark.isActive ? '1' : '0') } catch {} }"""
_LEAVE = """() => { const form = document.createElement('form'); form.method = 'post';
  form.action = (window.path_prefix || '') + '/leave'; document.body.append(form); form.submit() }"""


@dataclass(frozen=True, slots=True)
class Place:
    """A page in the navigation."""

    key: str
    path: str
    icon: str
    name: Phrase


PLACES = (
    Place("talk", "/", "forum", Phrase(zh="对话", en="Talk")),
    Place("speakers", "/speakers", "speaker_group", Phrase(zh="音箱", en="Speakers")),
    Place("history", "/history", "history", Phrase(zh="历史", en="History")),
    Place("health", "/health", "monitor_heart", Phrase(zh="健康", en="Health")),
    Place("login", "/login", "qr_code_2", Phrase(zh="登录", en="Login")),
    Place("settings", "/settings", "settings", Phrase(zh="设置", en="Settings")),
)

_DARK = Phrase(zh="深色 / 浅色", en="Dark / light")
_LOG_OUT = Phrase(zh="退出登录", en="Log out")
_BROKER_AWAY = Phrase(
    zh="和消息服务器的连接断了，正在重连；下面看到的可能已经过时。",
    en="The connection to the broker is lost; reconnecting. What is shown may be out of date.",
)


@contextmanager
def frame(console: Console, key: str, *, wide: bool = False) -> Iterator[None]:
    """Draw what is inside as the page of that key."""
    language = console.language
    ui.add_css(_STYLE)
    ui.add_head_html(_DARK_AT_START)
    ui.colors(primary="#4456d6", secondary="#1c7f76", accent="#8b5cf6", positive="#1c8f5a", negative="#c0262d")
    ui.page_title(f"{next(place for place in PLACES if place.key == key).name.in_(language)} · migpt")
    with ui.element("header").classes("top"):
        ui.label("migpt").classes("brand")
        with ui.element("nav").classes("places"):
            for place in PLACES:
                link = ui.link(target=place.path).classes("place").props(mark(f"nav-{place.key}"))
                link.props(f'aria-label="{place.name.in_(language)}"')
                if place.key == key:
                    link.classes("is-here").props('aria-current="page"')
                with link:
                    ui.icon(place.icon)
                    ui.label(place.name.in_(language))
        with ui.element("div").classes("tools"):
            dark = ui.button(icon="contrast").props("flat round dense").on("click", js_handler=_TOGGLE_DARK)
            dark.tooltip(_DARK.in_(language)).props(f'aria-label="{_DARK.in_(language)}"')
            leave = ui.button(icon="logout").props("flat round dense").on("click", js_handler=_LEAVE)
            leave.tooltip(_LOG_OUT.in_(language)).props(f'aria-label="{_LOG_OUT.in_(language)}"')
    away = ui.label(_BROKER_AWAY.in_(language)).classes("banner")
    away.set_visibility(not console.link.is_connected)
    ui.timer(1.0, lambda: away.set_visibility(not console.link.is_connected))
    with ui.element("div").classes("content wide" if wide else "content"):
        yield
