"""Charts: median and 95th percentile of each stage over time."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

from nicegui import ui

from migpt_console.console import Console
from migpt_console.figures import percentile
from migpt_console.pages.health import words
from migpt_console.pages.parts.marks import mark

_BACK_S = 24 * 3600.0
_STRETCH_S = 300.0
_EVERY_S = 5.0


class Latency:
    """One stage at a time."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._drawn: object = None
        language = console.language
        with ui.element("section").classes("form"):
            with ui.element("header"):
                ui.label(words.LATENCY.in_(language)).classes("title")
                self._stage = ui.select({}, label=words.STAGE.in_(language), on_change=self._draw)
                self._stage.props("dense outlined options-dense").classes("to").props(mark("stage"))
            self._said = ui.label().classes("dim").props(mark("latency-summary"))
            self._chart = ui.echart(_options([], [], [])).classes("chart").props(mark("latency-chart"))
        self._draw()
        ui.timer(_EVERY_S, self._draw)

    def _draw(self) -> None:
        language, figures = self._console.language, self._console.figures
        names = {
            stage: words.STAGES[stage].in_(language) if stage in words.STAGES else stage for stage in figures.stages()
        }
        self._stage.set_visibility(bool(names))
        self._chart.set_visibility(bool(names))
        if not names:
            self._said.text = words.NO_FIGURES.in_(language)
            return
        chosen = self._stage.value if self._stage.value in names else list(names)[-1]
        if names != self._stage.options:
            self._stage.set_options(names, value=chosen)
        since = time.time() - _BACK_S
        samples = [sample.took_ms for sample in figures.of(str(chosen), since)]
        if not samples or self._drawn == (chosen, len(samples), samples[-1]):
            return
        self._drawn = (chosen, len(samples), samples[-1])
        p50, p95 = percentile(samples, 0.5), percentile(samples, 0.95)
        self._said.text = words.SUMMARY.in_(language, count=len(samples), p50=f"{p50:.0f} ms", p95=f"{p95:.0f} ms")
        points = figures.over_time(str(chosen), since=since, stretch_s=_STRETCH_S)
        self._chart.options.clear()
        self._chart.options.update(
            _options(
                [datetime.fromtimestamp(point.at).astimezone().strftime("%H:%M") for point in points],
                [round(point.p50_ms, 1) for point in points],
                [round(point.p95_ms, 1) for point in points],
            )
        )
        self._chart.update()


def _options(times: list[str], p50: list[float], p95: list[float]) -> dict[str, Any]:
    return {
        "animation": False,
        "grid": {"left": 60, "right": 20, "top": 30, "bottom": 30},
        "legend": {"top": 0, "data": ["p50", "p95"], "textStyle": {"color": "#8a90a6"}},
        "tooltip": {"trigger": "axis"},
        "xAxis": {"type": "category", "data": times},
        "yAxis": {"type": "value", "name": "ms", "min": 0, "splitLine": {"lineStyle": {"opacity": 0.3}}},
        "series": [
            {"name": "p50", "type": "line", "data": p50, "color": "#4f63e7", "symbolSize": 7},
            {"name": "p95", "type": "line", "data": p95, "color": "#e08a1e", "symbolSize": 7},
        ],
    }
