"""The page 历史: turns that are over, searched, filtered, exported."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime

from fastapi import FastAPI
from nicegui import ui
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from migpt_console.console import Console
from migpt_console.history import Filter, HistoryUnavailableError, PastTurn
from migpt_console.history.export import as_csv, as_json_lines
from migpt_console.pages.parts import turn_words as words
from migpt_console.pages.parts.acting import complain
from migpt_console.pages.parts.frame import frame
from migpt_console.pages.parts.marks import mark
from migpt_shared.language import Phrase

_PAGE = 50

_SEARCH = Phrase(zh="搜索问题和回答", en="Search questions and answers")
_SPEAKER = Phrase(zh="音箱", en="Speaker")
_ROUTE = Phrase(zh="谁回答", en="Who answered")
_ANY = Phrase(zh="全部", en="Any")
_FOUND = Phrase(zh="共 {count} 条", en="{count} turns")
_MORE = Phrase(zh="更多", en="More")
_KEPT = Phrase(zh="保存 {days:g} 天（设置 console.history_days）", en="Kept for {days:g} days (console.history_days)")
_NOT_KEPT = Phrase(zh="历史已关闭（console.history_days = 0）", en="The history is switched off (history_days = 0)")
_UNAVAILABLE = Phrase(zh="历史不可用：{reason}", en="The history is unavailable: {reason}")


def add(console: Console, application: FastAPI) -> None:
    """Register the page and its downloads."""

    @ui.page("/history")
    async def history() -> None:
        with frame(console, "history"):
            await _Past(console).search()

    async def export(request: Request) -> Response:
        wanted = Filter(
            words=request.query_params.get("words", ""),
            speaker=request.query_params.get("speaker") or None,
            route=request.query_params.get("route") or None,
        )
        store = console.history.store
        try:
            await store.count(wanted)  # an error now is an answer, one in the middle of a download is not
        except HistoryUnavailableError as error:
            return PlainTextResponse(str(error), 503)
        if request.path_params["kind"] == "csv":
            return _download(as_csv(store.every(wanted)), "text/csv; charset=utf-8", "migpt-history.csv")
        return _download(as_json_lines(store.every(wanted)), "application/x-ndjson", "migpt-history.jsonl")

    application.add_route("/history/export.{kind:str}", export, methods=["GET"])


class _Past:
    """Search fields and what was found."""

    def __init__(self, console: Console) -> None:
        self._console = console
        language = console.language
        any_one = _ANY.in_(language)
        self._shown = 0
        with ui.element("section").classes("box"):
            self._words = ui.input(placeholder=_SEARCH.in_(language)).props("dense outlined clearable debounce=300")
            self._words.classes("say").props(mark("history-words")).on_value_change(self.search)
            speakers = {"": any_one} | {str(one.address): one.name for one in console.house.sorted_speakers()}
            self._speaker = ui.select(speakers, value="", label=_SPEAKER.in_(language), on_change=self.search)
            self._speaker.props("dense outlined options-dense").classes("to").props(mark("history-speaker"))
            routes = {"": any_one} | {key: name.in_(language) for key, name in words.ROUTES.items()}
            self._route = ui.select(routes, value="", label=_ROUTE.in_(language), on_change=self.search)
            self._route.props("dense outlined options-dense").classes("to").props(mark("history-route"))
        with ui.element("div").classes("under-box"):
            self._found = ui.label().props(mark("history-found"))
            days = console.settings.console.history_days
            ui.label(_KEPT.in_(language, days=days) if days else _NOT_KEPT.in_(language)).classes("dim")
            for kind in ("csv", "jsonl"):
                button = ui.button(kind.upper(), icon="download", on_click=lambda kind=kind: self._export(kind))
                button.props("flat dense no-caps").props(mark(f"export-{kind}"))
        self._list = ui.element("section").classes("past")
        self._more = (
            ui.button(_MORE.in_(language), on_click=self._show_more).props("flat no-caps").props(mark("history-more"))
        )

    def _wanted(self) -> Filter:
        return Filter(
            words=self._words.value or "", speaker=self._speaker.value or None, route=self._route.value or None
        )

    async def search(self) -> None:
        """Show what fits now."""
        self._list.clear()
        self._shown = 0
        await self._show_more()

    async def _show_more(self) -> None:
        wanted, store = self._wanted(), self._console.history.store
        try:
            count = await store.count(wanted)
            turns = await store.find(wanted, limit=_PAGE, offset=self._shown)
        except HistoryUnavailableError as error:
            complain(_UNAVAILABLE.in_(self._console.language, reason=error))
            return
        if wanted != self._wanted():
            return  # somebody typed on meanwhile; that search is under way
        self._found.text = _FOUND.in_(self._console.language, count=count)
        with self._list:
            for turn in turns:
                self._row(turn)
        self._shown += len(turns)
        self._more.set_visibility(self._shown < count)

    def _row(self, turn: PastTurn) -> None:
        language = self._console.language
        speaker = self._console.house.speakers.get(turn.address)
        with ui.element("article").classes(f"turn is-{turn.phase}"):
            with ui.element("header"):
                ui.label(_clock(turn.at_ms)).classes("source")
                ui.label(speaker.name if speaker else str(turn.address)).classes("speaker")
                ui.label(words.PHASES[turn.phase].in_(language) if turn.phase in words.PHASES else "").classes("phase")
            ui.label(turn.text).classes("heard")
            with ui.element("div").classes("marks"):
                route = words.ROUTES.get(turn.route)
                ui.label(route.in_(language) if route else turn.route).classes(f"chip to-{turn.route}")
                if turn.preset and turn.route == "llm":
                    ui.label(turn.preset).classes("chip plain")
                ui.label(turn.reason_text or turn.reason).classes("reason")
            if turn.reply:
                ui.label(turn.reply).classes("answer")
            if turn.error:
                ui.label(turn.error).classes("error")

    def _export(self, kind: str) -> None:
        from urllib.parse import urlencode

        wanted = self._wanted()
        query = urlencode({"words": wanted.words, "speaker": wanted.speaker or "", "route": wanted.route or ""})
        ui.download.from_url(f"/history/export.{kind}?{query}")


def _clock(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000).astimezone().strftime("%m-%d %H:%M:%S")


def _download(content: AsyncIterator[str], media_type: str, name: str) -> Response:
    return StreamingResponse(
        content, media_type=media_type, headers={"content-disposition": f'attachment; filename="{name}"'}
    )
