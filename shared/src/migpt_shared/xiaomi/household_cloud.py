"""The cloud of one configured household: the same login and the same stored session for every service."""

from __future__ import annotations

from pathlib import Path

from migpt_shared.settings import HouseholdSettings
from migpt_shared.xiaomi.cloud import XiaomiCloud
from migpt_shared.xiaomi.credentials import Credentials
from migpt_shared.xiaomi.endpoints import Endpoints
from migpt_shared.xiaomi.sign_in import SignIn
from migpt_shared.xiaomi.store import TokenStore


def household_cloud(name: str, household: HouseholdSettings, data_dir: Path) -> XiaomiCloud:
    """A cloud, not yet open, for the household of that name. Its tokens are kept in `data_dir`/xiaomi/`name`.json."""
    credentials = Credentials(household.account, household.password, household.pass_token)
    return XiaomiCloud(credentials, household_store(name, data_dir), _endpoints(household))


def household_sign_in(name: str, household: HouseholdSettings | None, data_dir: Path) -> SignIn:
    """A login of that household with a person at hand, not yet open; into the same token file.

    `household` None: it is not configured yet, and whichever account the person uses is the right one.
    """
    if household is None:
        return SignIn(None, household_store(name, data_dir))
    return SignIn(household.account, household_store(name, data_dir), _endpoints(household))


def household_store(name: str, data_dir: Path) -> TokenStore:
    """Where the tokens of the household of that name are kept."""
    return TokenStore(data_dir / "xiaomi" / f"{name}.json")


def _endpoints(household: HouseholdSettings) -> Endpoints:
    given = household.endpoints
    return Endpoints(given.account, given.mina, given.conversation, given.miot)
