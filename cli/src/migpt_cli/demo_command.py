"""`migpt demo`: everything on this machine, with simulated speakers and a scripted model."""

from __future__ import annotations

import asyncio
import os
from typing import Annotated

import typer

from migpt_cli.configuration import read_settings
from migpt_cli.ending import ends_properly
from migpt_cli.wording import help_language, words
from migpt_shared.language import Language


@ends_properly
def demo(
    say: Annotated[
        str | None, typer.Option("--say", metavar="TEXT", help=words("先说这句话", "say this first"))
    ] = None,
    once: Annotated[
        bool,
        typer.Option(
            "--once",
            help=words(
                "只说一句；回答真的在房间里说完时退出码 0", "one utterance; exit code 0 if its answer was really spoken"
            ),
        ),
    ] = False,
    speaker: Annotated[
        str, typer.Option("--speaker", "-s", help=words("living_room 或 bedroom", "living_room or bedroom"))
    ] = "living_room",
    language: Annotated[
        str | None, typer.Option("--language", "-l", metavar="zh|en", help=words("语言", "language"))
    ] = None,
    beside: Annotated[
        str | None,
        typer.Option(
            "--beside",
            metavar="URL",
            help=words(
                "使用已在运行的模拟器（控制地址）和消息服务器（mqtt.url）",
                "use a simulator (its control address) and broker (mqtt.url) that run already",
            ),
        ),
    ] = None,
) -> int:
    chosen = _language(language)
    if beside is not None:
        from migpt_cli.demo.running import run_demo
        from migpt_cli.demo.stage import stage_beside

        with_stage = stage_beside(read_settings(None), beside)
        return asyncio.run(run_demo(chosen, speaker=speaker, first=say, only_once=once, given=with_stage))
    # What the user has set for the real thing has no place in the demo; how mosquitto is come by has.
    kept = ("MIGPT_NO_INSTALL", "MIGPT_MOSQUITTO")
    for name in [name for name in os.environ if name.startswith("MIGPT_") and name not in kept]:
        del os.environ[name]
    from migpt_cli.demo.running import run_demo

    return asyncio.run(run_demo(chosen, speaker=speaker, first=say, only_once=once))


def _language(given: str | None) -> Language:
    if given is None:
        return help_language()
    if given not in ("zh", "en"):
        raise typer.BadParameter("zh | en", param_hint="--language")
    return "en" if given == "en" else "zh"
