"""`migpt doctor`: what works and what does not, in plain words."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Annotated

import typer

from migpt_cli.configuration import read_settings
from migpt_cli.ending import ends_properly
from migpt_cli.options import ConfigOption, JsonOption
from migpt_cli.outcome import EXIT_FAILED, EXIT_OK, ConfigUnusableError, say_out
from migpt_cli.wording import help_language, words
from migpt_shared.language import Language, Phrase

if TYPE_CHECKING:
    from migpt_cli.doctor.report import Report

_HEALTHY = Phrase(zh="一切正常。", en="All is well.")
_ILL = Phrase(zh="有 {number} 个问题。", en="{number} things are wrong.")
_NOT_ALOUD = Phrase(
    zh="音箱没有出声；要检查朗读和打断：./migpt doctor --speak",
    en="No speaker was heard; ./migpt doctor --speak tries.",
)


@ends_properly
def doctor(
    may_speak: Annotated[
        bool,
        typer.Option(
            "--speak", help=words("让每台音箱出声试一试（各约五秒）", "try every speaker aloud for five seconds")
        ),
    ] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> int:
    from migpt_cli.doctor.configured import unusable_config
    from migpt_cli.doctor.running import diagnose

    try:
        settings = read_settings(config)
    except ConfigUnusableError as error:
        return asyncio.run(_tell(_these(unusable_config(error.problems)), help_language(), as_json=as_json))
    reports = diagnose(settings, config, may_speak=may_speak)
    return asyncio.run(_tell(reports, settings.language, as_json=as_json, was_silent=not may_speak))


async def _these(reports: list[Report]) -> AsyncGenerator[Report, None]:
    for report in reports:
        yield report


async def _tell(
    reports: AsyncGenerator[Report, None], language: Language, *, as_json: bool, was_silent: bool = False
) -> int:
    from contextlib import aclosing

    from migpt_cli.doctor.report import AREAS, MARKS, is_healthy

    told: list[Report] = []
    heading = ""
    async with aclosing(reports):
        async for report in reports:
            told.append(report)
            if as_json:
                continue
            title = AREAS[report.area].in_(language) + (f"  {report.subject}" if report.subject else "")
            if title != heading:
                heading = title
                say_out(title)
            say_out(f"  {MARKS[report.verdict]} {report.in_(language)}")
    good = is_healthy(told)
    if as_json:
        content = {"ok": good, "reports": [report.as_json(language) for report in told]}
        say_out(json.dumps(content, ensure_ascii=False, indent=2))
    else:
        say_out("")
        number = sum(report.verdict == "bad" for report in told)
        say_out(_HEALTHY.in_(language) if good else _ILL.in_(language, number=number))
        if was_silent and any(report.area == "speaker" for report in told):
            say_out(_NOT_ALOUD.in_(language))
    return EXIT_OK if good else EXIT_FAILED
