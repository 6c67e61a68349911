"""One setting in a form. A secret is only ever typed; what is set never comes to the browser."""

from __future__ import annotations

from typing import Any

from nicegui import ui

from migpt_console.console import Console
from migpt_console.pages.parts.marks import mark
from migpt_console.pages.settings import words
from migpt_console.pages.settings.kinds import Kind, Shape, from_text, kind_of, to_text
from migpt_console.pages.settings.names import chinese_choice, chinese_name
from migpt_console.pages.settings.sections import value_at
from migpt_shared.editing import Path, field_at, is_secret


class Entry:
    """A label with something to type into or to choose from."""

    def __init__(self, console: Console, path: Path) -> None:
        field = field_at(path)
        kind = kind_of(field) if field is not None else None
        if field is None or kind is None:
            raise LookupError(f"{'.'.join(path)} cannot be shown in a form")
        self.path = path
        self._console = console
        self._kind: Kind = kind
        self._default = None if field.is_required() else field.get_default(call_default_factory=True)
        is_chinese = console.language == "zh"
        self._label = chinese_name(path) if is_chinese else path[-1]
        self._hint = "" if is_chinese else (field.description or "")
        self._shown: Any = None
        self._widget = self._make()
        self._widget.props(mark(f"set-{'-'.join(path)}")).classes(f"entry is-{kind.shape.value}")
        if self._hint:
            self._widget.tooltip(self._hint)
        self.show()

    @property
    def is_secret(self) -> bool:
        return self._kind.shape is Shape.SECRET

    @property
    def is_changed(self) -> bool:
        return bool(self._now() != self._shown)

    def value(self) -> object | None:
        """What is to be written; None: back to the default. Raises ValueError for what cannot be read."""
        now = self._now()
        match self._kind.shape:
            case Shape.SWITCH:
                return bool(now)
            case Shape.CHOICE:
                return str(now)
            case Shape.WORDS:
                return [str(word).strip() for word in now or () if str(word).strip()]
            case Shape.SECRET:
                return str(now).strip() or None
            case _:
                return from_text(self._kind, str(now or ""))

    def show(self) -> None:
        """Show what is set now."""
        current = value_at(self._console.settings, self.path)
        match self._kind.shape:
            case Shape.SECRET:
                is_set = current is not None
                state = (words.IS_SET if is_set else words.IS_NOT_SET).in_(self._console.language)
                self._widget.props(f'placeholder="{state}"')
                self._widget.value = ""
            case Shape.SWITCH | Shape.CHOICE:
                self._widget.value = self._default if current is None else current
            case Shape.WORDS:
                self._widget.value = [str(word) for word in current or ()]
            case _:
                hidden = is_secret(self.path, current)
                self._widget.value = "" if hidden else to_text(self._kind, current)
        self._shown = self._now()

    def complain(self, problem: str) -> None:
        """Mark it as wrong."""
        self._widget.props["error"] = True
        self._widget.props["error-message"] = problem
        self._widget.update()

    def _now(self) -> Any:
        value = self._widget.value
        return list(value) if isinstance(value, list) else value

    def _make(self) -> Any:
        kind, label = self._kind, self._label
        match kind.shape:
            case Shape.SWITCH:
                return ui.switch(label)
            case Shape.CHOICE:
                names = {one: self._name_of_choice(one) for one in kind.choices}
                return ui.select(names, label=label).props("dense outlined options-dense")
            case Shape.WORDS:
                return ui.input_chips(label).props("dense outlined new-value-mode=add-unique")
            case Shape.PAIRS:
                return ui.textarea(label).props("dense outlined autogrow")
            case Shape.SECRET:
                return ui.input(label).props("dense outlined type=password autocomplete=new-password stack-label")
            case Shape.CLOCK:
                return ui.input(label).props("dense outlined type=time stack-label")
            case Shape.WHOLE | Shape.NUMBER | Shape.NUMBERS:
                return ui.input(label, placeholder=self._bounds()).props("dense outlined inputmode=decimal")
            case _:
                area = ui.textarea(label) if self.path[-1] == "system_prompt" else ui.input(label)
                return area.props("dense outlined autogrow")

    def _name_of_choice(self, choice: str) -> str:
        return chinese_choice(self.path, choice) if self._console.language == "zh" else choice

    def _bounds(self) -> str:
        if self._kind.least is None or self._kind.most is None:
            return words.DEFAULT.in_(self._console.language) if self._kind.is_optional else ""
        return f"{self._kind.least:g} – {self._kind.most:g}"
