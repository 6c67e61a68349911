"""The waterfall of a turn on a terminal: the stages before the first sound, then the answer as it sounded."""

from __future__ import annotations

from collections.abc import Iterator

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from migpt_cli.story_view import LABEL_STYLE
from migpt_shared.language import Language, Phrase
from migpt_shared.story import Story
from migpt_shared.waterfall import SpokenBar, Stage, Waterfall, waterfall

_STAGES_TITLE = Phrase(zh="从听见到出声（毫秒）", en="from hearable to audible (ms)")
_BARS_TITLE = Phrase(zh="说出来的回答（秒）", en="the answer as it sounded (s)")
_GAP = Phrase(zh="停顿 {gap:.2f}", en="gap {gap:.2f}")
_BAR_WIDTH = 34
_NAME_WIDTH = 19


def waterfall_view(story: Story, language: Language) -> RenderableType | None:
    """Where the time went; None when nothing sounded that could be measured."""
    figures = waterfall(story)
    if not figures.bars or len(figures.stages) < 2:
        return None
    return Group(*_stage_rows(figures, language), Text(), *_bar_rows(figures, language))


def _stage_rows(figures: Waterfall, language: Language) -> Iterator[RenderableType]:
    yield Text(f"  {_STAGES_TITLE.in_(language)}", style="bold")
    ours = [stage for stage in figures.stages if stage.end_ms > 0]
    span_ms = max(stage.end_ms for stage in ours)
    grid = Table.grid(padding=(0, 1))
    grid.add_column(justify="right", no_wrap=True, min_width=_NAME_WIDTH, style=LABEL_STYLE)
    grid.add_column(no_wrap=True, width=_BAR_WIDTH)
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(justify="right", no_wrap=True, style="grey50")
    for stage in figures.stages:
        grid.add_row(stage.name.in_(language), _stage_bar(stage, span_ms), f"{stage.took_ms:.0f}", _total(stage))
    yield grid


def _total(stage: Stage) -> str:
    return f"→ {stage.end_ms:.0f}" if stage.end_ms > 0 else ""


def _stage_bar(stage: Stage, span_ms: float) -> Text:
    if stage.end_ms <= 0:
        return Text("◦", style="grey50")
    begin = round(stage.begin_ms / span_ms * _BAR_WIDTH)
    end = max(begin + 1, round(stage.end_ms / span_ms * _BAR_WIDTH))
    begin = min(begin, _BAR_WIDTH - 1)
    return Text(" " * begin + "━" * (min(end, _BAR_WIDTH) - begin), style="bright_cyan" if stage.is_ours else "grey50")


def _bar_rows(figures: Waterfall, language: Language) -> Iterator[RenderableType]:
    yield Text(f"  {_BARS_TITLE.in_(language)}", style="bold")
    span_s = max(bar.end_s for bar in figures.bars) or 1.0
    grid = Table.grid(padding=(0, 1))
    grid.add_column(justify="right", no_wrap=True, min_width=_NAME_WIDTH, style=LABEL_STYLE)
    grid.add_column(no_wrap=True, width=_BAR_WIDTH)
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(justify="right", no_wrap=True, style="grey50")
    for bar in figures.bars:
        gap = "" if bar.gap_s is None else _GAP.in_(language, gap=bar.gap_s)
        grid.add_row(_short(bar.text), _spoken_bar(bar, span_s), f"{bar.end_s - bar.begin_s:.1f}", gap)
    yield grid


def _spoken_bar(bar: SpokenBar, span_s: float) -> Text:
    begin = min(_BAR_WIDTH - 1, round(bar.begin_s / span_s * _BAR_WIDTH))
    end = max(begin + 1, round(bar.end_s / span_s * _BAR_WIDTH))
    return Text(" " * begin + "━" * (end - begin), style="red" if bar.was_cut else "green")


def _short(text: str, width: int = _NAME_WIDTH) -> str:
    if cell_len(text) <= width:
        return text
    shown = ""
    for character in text:
        if cell_len(shown + character) > width - 1:
            break
        shown += character
    return f"{shown}…"
