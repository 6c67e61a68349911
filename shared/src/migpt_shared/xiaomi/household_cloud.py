"""The cloud of one configured household: the same login and the same stored session for every service."""

from __future__ import annotations

from pathlib import Path

from migpt_shared.settings import HouseholdSettings
from migpt_shared.xiaomi.cloud import XiaomiCloud
from migpt_shared.xiaomi.credentials import Credentials
from migpt_shared.xiaomi.endpoints import Endpoints
from migpt_shared.xiaomi.store import TokenStore


def household_cloud(name: str, household: HouseholdSettings, data_dir: Path) -> XiaomiCloud:
    """A cloud, not yet open, for the household of that name. Its tokens are kept in `data_dir`/xiaomi/`name`.json."""
    endpoints = household.endpoints
    return XiaomiCloud(
        Credentials(household.account, household.password, household.pass_token),
        TokenStore(data_dir / "xiaomi" / f"{name}.json"),
        Endpoints(endpoints.account, endpoints.mina, endpoints.conversation, endpoints.miot),
    )
