"""`migpt install`: everything that a start would otherwise get first. The environment is there when this runs."""

from __future__ import annotations

import sys

from migpt_cli.checkout import ROOT
from migpt_cli.ending import ends_properly
from migpt_cli.outcome import EXIT_OK, say_err, say_out
from migpt_cli.wording import help_language
from migpt_shared.language import Phrase

_DONE = Phrase(
    zh="✓ 环境：{environment}\n✓ mosquitto：{mosquitto}\n现在可以登录（./migpt login）和启动（./migpt up）。",
    en="✓ environment: {environment}\n✓ mosquitto: {mosquitto}\nNow log in (./migpt login) and start (./migpt up).",
)


@ends_properly
def install() -> int:
    from migpt_cli.mosquitto_program import Command, ensure_mosquitto

    language = help_language()

    def announce(phrase: Phrase, command: Command) -> None:
        say_err(phrase.in_(language, command=" ".join(command)))

    mosquitto = ensure_mosquitto(announce)
    environment = sys.prefix if sys.prefix != sys.base_prefix else ROOT
    say_out(_DONE.in_(language, environment=environment, mosquitto=mosquitto))
    return EXIT_OK
