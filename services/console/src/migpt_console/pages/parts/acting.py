"""Sends a command from a page and says what became of it."""

from __future__ import annotations

from nicegui import ui

from migpt_console.console import Console
from migpt_console.link import CommandRefusedError, NobodyAnsweredError
from migpt_shared.language import Language, Phrase
from migpt_shared.messages import Address, Command

_NOBODY = Phrase(
    zh="{where} 没有服务应答。服务在运行吗？", en="No service answers for {where}. Are the services running?"
)
_REFUSED = Phrase(zh="没有成功：{reason}", en="It was not done: {reason}")


async def act(console: Console, command: Command, where: Address, done: Phrase | None = None) -> bool:
    """Send it and show a notice. True when it was done."""
    language = console.language
    try:
        await console.link.command(command, where.household, where.speaker)
    except NobodyAnsweredError:
        complain(_NOBODY.in_(language, where=where))
        return False
    except CommandRefusedError as error:
        complain(_REFUSED.in_(language, reason=error))
        return False
    if done is not None:
        tell(done, language)
    return True


def complain(text: str) -> None:
    """A notice of something that went wrong."""
    ui.notify(text, type="negative", multi_line=True, position="top", timeout=8000)


def tell(phrase: Phrase, language: Language, **values: object) -> None:
    """A notice of something that went well."""
    ui.notify(phrase.in_(language, **values), type="positive", position="top", timeout=2500)
