"""`migpt console`: opens the web console in the browser."""

from __future__ import annotations

import ipaddress
import socket
import webbrowser
from typing import TYPE_CHECKING, Annotated

import typer

from migpt_cli.configuration import read_settings
from migpt_cli.ending import ends_properly
from migpt_cli.options import ConfigOption
from migpt_cli.outcome import EXIT_OK, EXIT_UNUSABLE, CommandFailedError, say_err, say_out
from migpt_cli.wording import words
from migpt_shared.language import Phrase

if TYPE_CHECKING:
    from migpt_shared.settings import ConsoleSettings

_ANSWERS_WITHIN_S = 2.0

_OFF = Phrase(zh="网页控制台已关闭（console.enabled = false）。", en="the web console is off (console.enabled).")
_ANY_PORT = Phrase(
    zh="console.port = 0：地址每次不同，请看 ./migpt up 的输出。",
    en="console.port is 0, so its address is different each time; ./migpt up shows it.",
)
_AWAY = Phrase(
    zh="{address} 没有应答：网页控制台在运行吗（./migpt up）？",
    en="{address} does not answer: does the web console run (./migpt up)?",
)
_BY_HAND = Phrase(zh="打不开浏览器，请自己打开这个地址。", en="no browser could be opened; open this address yourself.")


@ends_properly
def console(
    is_shown_only: Annotated[
        bool, typer.Option("--no-open", help=words("只显示地址", "show the address only"))
    ] = False,
    config: ConfigOption = None,
) -> int:
    settings = read_settings(config)
    if not settings.console.enabled:
        raise CommandFailedError(_OFF, exit_code=EXIT_UNUSABLE)
    if settings.console.port == 0:
        raise CommandFailedError(_ANY_PORT, exit_code=EXIT_UNUSABLE)
    host, port = console_place(settings.console)
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}/"
    try:
        socket.create_connection((host, port), _ANSWERS_WITHIN_S).close()
    except OSError as error:
        raise CommandFailedError(_AWAY, address=address) from error
    say_out(address)
    if not is_shown_only and not webbrowser.open(address):
        say_err(_BY_HAND.in_(settings.language))
    return EXIT_OK


def console_place(settings: ConsoleSettings) -> tuple[str, int]:
    """Host and port under which the console is reached from this machine."""
    try:
        address = ipaddress.ip_address(settings.host)
    except ValueError:
        return settings.host, settings.port
    if not address.is_unspecified:
        return settings.host, settings.port
    return ("127.0.0.1" if address.version == 4 else "::1"), settings.port
