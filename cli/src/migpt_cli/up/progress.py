"""What is told while everything starts: the broker, the accounts, the speakers, and that all is ready; pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from migpt_cli.directory import Directory, KnownSpeaker
from migpt_shared.language import Phrase
from migpt_shared.messages import Account, Address
from migpt_shared.settings import Settings

Mark = Literal["good", "bad", "ready"]

_ACCOUNT_GOOD = Phrase(zh="小米账号 {household}：已登录", en="Xiaomi account {household}: logged in")
_ACCOUNT_BAD = Phrase(zh="小米账号 {household}：{reason}", en="Xiaomi account {household}: {reason}")
_NO_REASON = Phrase(zh="没有登录", en="not logged in")
_FOUND = Phrase(zh="音箱 {address}：{name}（{hardware}）{area}", en="speaker {address}: {name} ({hardware}) {area}")
_OFFLINE = Phrase(zh="音箱 {address} 不在线", en="speaker {address} is offline")
_ONLINE = Phrase(zh="音箱 {address} 上线了", en="speaker {address} is online")
_READY = Phrase(
    zh="就绪，{speakers}。对音箱说“{keyword}……”就由大模型 {preset} 回答（关键词：{keywords}）。Ctrl+C 停止。",
    en='Ready: {speakers}. Say "{keyword} ..." and {preset} answers (keywords: {keywords}). Ctrl+C stops.',
)
_READY_AI = Phrase(
    zh="就绪，{speakers}。直接对音箱说话，由大模型 {preset} 回答。Ctrl+C 停止。",
    en="Ready: {speakers}. Just talk to a speaker, {preset} answers. Ctrl+C stops.",
)
_WAITING_BROKER = Phrase(zh="连接消息服务器", en="connecting to the broker")
_WAITING_ACCOUNT = Phrase(zh="登录小米账号", en="logging in at Xiaomi")
_WAITING_SPEAKERS = Phrase(zh="寻找音箱", en="looking for speakers")
_WAITING_SERVICES = Phrase(zh="服务正在接管音箱", en="the services are taking over the speakers")


@dataclass(frozen=True, slots=True)
class Note:
    """A line worth telling."""

    mark: Mark
    text: str


@dataclass(slots=True)
class Progress:
    """Compares what is known with what was told."""

    settings: Settings
    _accounts: dict[str, str | None] = field(default_factory=dict)
    _online: dict[Address, bool] = field(default_factory=dict)
    is_ready: bool = False

    def news(self, directory: Directory) -> list[Note]:
        """What has changed since the last call."""
        notes = [
            note
            for household, account in sorted(directory.accounts.items())
            if household in self.settings.households and (note := self._account(household, account))
        ]
        for speaker in directory.sorted():
            notes += self._speaker(speaker)
        if not self.is_ready and self._all_served(directory):
            self.is_ready = True
            notes.append(Note("ready", self._ready_line(directory)))
        return notes

    def waiting_for(self, directory: Directory, *, is_connected: bool) -> str:
        """What the start hangs on at the moment."""
        phrase = _WAITING_SERVICES
        if not is_connected:
            phrase = _WAITING_BROKER
        elif any(not self._is_logged_in(directory, household) for household in self.settings.households):
            phrase = _WAITING_ACCOUNT
        elif not directory.sorted():
            phrase = _WAITING_SPEAKERS
        return phrase.in_(self.settings.language)

    def _account(self, household: str, account: Account) -> Note | None:
        language = self.settings.language
        trouble = None if account.ok else (account.reason or _NO_REASON.in_(language))
        if household in self._accounts and self._accounts[household] == trouble:
            return None
        self._accounts[household] = trouble
        if trouble is None:
            return Note("good", _ACCOUNT_GOOD.in_(language, household=household))
        return Note("bad", _ACCOUNT_BAD.in_(language, household=household, reason=trouble))

    def _speaker(self, speaker: KnownSpeaker) -> list[Note]:
        language, info = self.settings.language, speaker.info
        if info is None:
            return []
        notes = []
        is_online = speaker.hearing is None or speaker.hearing.online is not False
        if speaker.address not in self._online:
            text = _FOUND.in_(
                language, address=speaker.address, name=info.name, hardware=info.hardware, area=info.area or ""
            )
            notes.append(Note("good", text.rstrip()))
            if not is_online:
                notes.append(Note("bad", _OFFLINE.in_(language, address=speaker.address)))
        elif self._online[speaker.address] != is_online:
            phrase = _ONLINE if is_online else _OFFLINE
            notes.append(Note("good" if is_online else "bad", phrase.in_(language, address=speaker.address)))
        self._online[speaker.address] = is_online
        return notes

    def _is_logged_in(self, directory: Directory, household: str) -> bool:
        account = directory.accounts.get(household)
        return account is not None and account.ok

    def _all_served(self, directory: Directory) -> bool:
        """Every household has a speaker, and every speaker that was found is served."""
        speakers = directory.sorted()
        having = {speaker.address.household for speaker in speakers}
        return having >= set(self.settings.households) and all(speaker.is_served for speaker in speakers)

    def _ready_line(self, directory: Directory) -> str:
        settings = self.settings
        names = "、" if settings.language == "zh" else ", "
        speakers = names.join(speaker.name for speaker in directory.sorted())
        keywords = settings.routing.ai_keywords
        phrase = _READY if keywords and settings.routing.mode != "ai" else _READY_AI
        return phrase.in_(
            settings.language,
            speakers=speakers,
            preset=settings.llm.preset,
            keyword=keywords[0] if keywords else "",
            keywords=names.join(keywords),
        )
