"""All checks in their order, each report as soon as it is there."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

from migpt_cli.configuration import settings_with_broker
from migpt_cli.doctor.configured import check_config
from migpt_cli.doctor.homes import check_home
from migpt_cli.doctor.models import check_models
from migpt_cli.doctor.report import Report
from migpt_cli.doctor.speakers import check_household
from migpt_cli.doctor.together import Together, check_account, check_bridge, check_owners, check_services, meet
from migpt_cli.outcome import CommandFailedError
from migpt_cli.quiet import quiet_logs
from migpt_cli.up.supervisor import services_for
from migpt_shared.language import Phrase
from migpt_shared.settings import Settings

_TEXT = Phrase(zh="{text}", en="{text}")


async def diagnose(settings: Settings, config: Path | None, *, may_speak: bool) -> AsyncGenerator[Report, None]:
    """What is right and what is wrong. `may_speak`: the speakers may be heard."""
    quiet_logs()
    for report in check_config(settings):
        yield report
    together, report = await _met(settings, config)
    yield report
    if report.verdict == "good":
        for report in check_services(together.residents, services_for(settings)):
            yield report
        for household in settings.households:
            for report in check_account(household, together.directory.accounts.get(household)):
                yield report
        for report in check_owners(together.directory, settings):
            yield report
    for household in settings.households:
        checks = check_household(household, settings, together.directory, may_speak=may_speak)
        async with aclosing(checks) as reports:
            async for report in reports:
                yield report
    async with aclosing(check_models(settings)) as reports:
        async for report in reports:
            yield report
    for household in settings.households:
        if (home := settings.home_of(household)) is not None:
            yield await check_home(household, home)
            for report in check_bridge(household, together.homes.get(household)):
                yield report


async def _met(settings: Settings, config: Path | None) -> tuple[Together, Report]:
    try:
        settings = settings_with_broker(config)
    except CommandFailedError as error:
        return Together.nothing(), Report("broker", "bad", _TEXT, {"text": error.in_(settings.language)})
    return await meet(settings)
