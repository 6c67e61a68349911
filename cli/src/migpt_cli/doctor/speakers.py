"""Examines every speaker of a household by Xiaomi's cloud itself, whether or not the services run."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from migpt_cli.directory import Directory
from migpt_cli.doctor.report import Report
from migpt_cli.login.meanings import meaning_of
from migpt_shared.doctor import Examination, examine
from migpt_shared.doctor.findings import SUBJECTS
from migpt_shared.language import Phrase
from migpt_shared.messages import Address
from migpt_shared.settings import Settings
from migpt_shared.xiaomi import XiaomiError
from migpt_shared.xiaomi.household_cloud import household_cloud
from migpt_shared.xiaomi.speaker_choice import ChosenSpeaker, SpeakerNamesError, choose, device_uid, wanted_speakers

_NO_CLOUD = Phrase(zh="小米云用不了：{reason}", en="Xiaomi's cloud cannot be used: {reason}")
_FOUND = Phrase(zh="小米云接受登录，有 {number} 台音箱", en="Xiaomi accepts the login; there are {number} speakers")
_NO_SPEAKER = Phrase(
    zh="账号下没有音箱：要由这个账号拥有（共享的不算），地区是中国大陆",
    en="the account has no speaker: it must own them (shared ones do not count), in the region China",
)
_MISNAMED = Phrase(zh="{reason}", en="{reason}")
_ABSENT = Phrase(
    zh="账号下没有配置的这台音箱：name 要和 App 里的一样，或者写 device_id",
    en="the account has no such speaker: `name` must be as in the app, or give device_id",
)
_FINDING = Phrase(zh="{subject}：{text}", en="{subject}: {text}")
#: Told for the whole account already.
_OF_THE_ACCOUNT = ("login",)


async def check_household(
    name: str, settings: Settings, directory: Directory, *, may_speak: bool
) -> AsyncGenerator[Report, None]:
    """The account's speakers one after the other, each finding as it is made. Never raises an XiaomiError."""
    household = settings.households[name]
    try:
        async with household_cloud(name, household, settings.data_dir) as cloud:
            try:
                choice = choose(await cloud.devices(), wanted_speakers(household.speakers))
            except SpeakerNamesError as error:
                yield Report("speaker", "bad", _MISNAMED, {"reason": error}, name)
                return
            if choice.speakers:
                yield Report("account", "good", _FOUND, {"number": len(choice.speakers)}, name)
            else:
                yield Report("account", "bad", _NO_SPEAKER, subject=name)
            for wanted in choice.absent:
                yield Report("speaker", "bad", _ABSENT, subject=f"{name}/{wanted.slug}")
            for speaker in choice.speakers:
                examination = _examination(name, speaker, settings, directory, may_speak=may_speak)
                subject = f"{name}/{speaker.slug}（{speaker.device.name}）"
                async with aclosing(examine(cloud, examination)) as findings:
                    async for finding in findings:
                        if finding.subject in _OF_THE_ACCOUNT and finding.verdict == "good":
                            continue
                        text = {
                            "subject": SUBJECTS[finding.subject].in_(settings.language),
                            "text": finding.in_(settings.language),
                        }
                        yield Report("speaker", finding.verdict, _FINDING, text, subject)
    except XiaomiError as error:
        yield Report("account", "bad", _NO_CLOUD, {"reason": meaning_of(error, settings.language)}, name)


def _examination(
    household: str, speaker: ChosenSpeaker, settings: Settings, directory: Directory, *, may_speak: bool
) -> Examination:
    known = directory.speakers.get(Address(household, speaker.slug))
    delay_s = known.hearing.transcript_delay_p50_s if known is not None and known.hearing is not None else None
    return Examination(device_uid(speaker.device), delay_s, settings.language, may_speak=may_speak)
