"""The card of one turn: one element for the browser, whatever it shows, so that a busy house stays cheap."""

from __future__ import annotations

from nicegui import ui

from migpt_console.pages.parts.turn_view import TurnView


class TurnCard(ui.element, component="turn_card.js"):
    """Emits `stop`, `to-ai`, `to-xiaoai` and `forget`."""

    def __init__(self, view: TurnView) -> None:
        super().__init__()
        self._view = view
        self._props["turn"] = view

    def show(self, view: TurnView) -> None:
        """Draw this from now on."""
        if view != self._view:
            self._view = view
            self._props["turn"] = view
            self.update()
