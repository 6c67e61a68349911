"""The console's own way to Xiaomi: the stored session that all services share, opened when a page needs it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from migpt_shared.settings import Settings

if TYPE_CHECKING:
    from migpt_shared.xiaomi import XiaomiCloud


class NoSuchHouseholdError(LookupError):
    """The configuration has no household of that name."""


@asynccontextmanager
async def open_cloud(settings: Settings, household: str) -> AsyncIterator[XiaomiCloud]:
    """The cloud of a household, open. Xiaomi's code is loaded here, as most visits do not need it.

    Raises NoSuchHouseholdError.
    """
    from migpt_shared.xiaomi.household_cloud import household_cloud

    if household not in settings.households:
        raise NoSuchHouseholdError(household)
    async with household_cloud(household, settings.households[household], settings.data_dir) as cloud:
        yield cloud
