"""Points whose coordinates are shares as a picture: for the terminal, and as SVG."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

_COLUMNS, _ROWS = 51, 17
_SIDE, _MARGIN, _POINT = 360, 48, 3.5
_QUARTERS = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True, slots=True)
class UnitChart:
    """Points whose coordinates are both 0 to 1.

    diagonal: where both are alike is drawn as well. lowest: where the upright axis begins.
    """

    title: str
    across: str
    """what the horizontal axis shows"""
    up: str
    points: tuple[tuple[float, float], ...]
    diagonal: bool = False
    lowest: float = 0.0

    def lines(self) -> Iterator[str]:
        """The picture for a terminal, line by line, the title left out."""
        cells = [[" "] * _COLUMNS for _ in range(_ROWS)]
        if self.diagonal:
            for column in range(_COLUMNS):
                cells[self._row(column / (_COLUMNS - 1))][column] = "·"
        for x, y in self.points:
            cells[self._row(y)][round(x * (_COLUMNS - 1))] = "●"
        yield f"  {self.up}"
        labels = {self._row(tick): f"{tick:.2f}" for tick in self._upright_ticks()}
        for number, row in enumerate(cells):
            yield f"{labels.get(number, ''):>5} {'┤' if number in labels else '│'}{''.join(row).rstrip()}"
        axis, numbers = ["─"] * _COLUMNS, [" "] * (_COLUMNS + 4)
        for tick in _QUARTERS:
            column = round(tick * (_COLUMNS - 1))
            axis[column] = "┴"
            numbers[column : column + 4] = f"{tick:.2f}"
        yield f"      └{''.join(axis)}"
        yield f"     {''.join(numbers)} {self.across}"

    def svg(self) -> str:
        """The picture as an SVG document."""
        size = _SIDE + 2 * _MARGIN
        head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}"'
        paper = f'<rect width="{size}" height="{size}" fill="white"/>'
        return "\n".join([f'{head} font-family="sans-serif" font-size="12">', paper, *self._svg_parts(), "</svg>\n"])

    def _svg_parts(self) -> Iterator[str]:
        left, bottom, middle = _MARGIN, _MARGIN + _SIDE, _MARGIN + _SIDE / 2
        yield f'<text x="{middle}" y="24" text-anchor="middle" font-size="14">{escape(self.title)}</text>'
        yield f'<text x="{middle}" y="{bottom + 38}" text-anchor="middle">{escape(self.across)}</text>'
        yield f'<text transform="translate(14 {middle}) rotate(-90)" text-anchor="middle">{escape(self.up)}</text>'
        grid = 'stroke="#dddddd"'
        for tick, upright in zip(_QUARTERS, self._upright_ticks(), strict=True):
            x, y = self._place(tick, upright)
            yield f'<line x1="{x:.1f}" y1="{bottom}" x2="{x:.1f}" y2="{_MARGIN}" {grid}/>'
            yield f'<line x1="{left}" y1="{y:.1f}" x2="{left + _SIDE}" y2="{y:.1f}" {grid}/>'
            yield f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{tick:g}</text>'
            yield f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{upright:g}</text>'
        if self.diagonal:
            yield f'<line x1="{left}" y1="{bottom}" x2="{left + _SIDE}" y2="{_MARGIN}" stroke="#999999"/>'
        places = [self._place(x, y) for x, y in self.points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        yield f'<polyline points="{path}" fill="none" stroke="#1f6feb" stroke-width="1.5"/>'
        for x, y in places:
            yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{_POINT}" fill="#1f6feb"/>'

    def _upright_ticks(self) -> tuple[float, ...]:
        return tuple(self.lowest + tick * (1 - self.lowest) for tick in _QUARTERS)

    def _height(self, y: float) -> float:
        """How high the point is in the picture, 0 to 1."""
        return max(0.0, (y - self.lowest) / (1 - self.lowest))

    def _row(self, y: float) -> int:
        """The line of a value, counted from the top."""
        return round((1 - self._height(y)) * (_ROWS - 1))

    def _place(self, x: float, y: float) -> tuple[float, float]:
        return _MARGIN + x * _SIDE, _MARGIN + (1 - self._height(y)) * _SIDE
