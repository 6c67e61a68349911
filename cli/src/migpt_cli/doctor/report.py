"""What the doctor says of one thing; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from migpt_shared.language import Language, Phrase

Area = Literal["config", "broker", "services", "account", "speaker", "model", "home"]
Verdict = Literal["good", "warning", "bad"]

AREAS: dict[Area, Phrase] = {
    "config": Phrase(zh="配置", en="Configuration"),
    "broker": Phrase(zh="消息服务器", en="Broker"),
    "services": Phrase(zh="服务", en="Services"),
    "account": Phrase(zh="小米账号", en="Xiaomi account"),
    "speaker": Phrase(zh="音箱", en="Speaker"),
    "model": Phrase(zh="大模型", en="Language model"),
    "home": Phrase(zh="Home Assistant", en="Home Assistant"),
}
MARKS: dict[Verdict, str] = {"good": "✓", "warning": "⚠", "bad": "✗"}


@dataclass(frozen=True, slots=True)
class Report:
    """One result. `subject`: which one of its kind, such as the speaker's address; empty where there is only one."""

    area: Area
    verdict: Verdict
    phrase: Phrase
    values: Mapping[str, object] = field(default_factory=dict)
    subject: str = ""

    def in_(self, language: Language) -> str:
        return self.phrase.in_(language, **self.values)

    def as_json(self, language: Language) -> dict[str, str]:
        """What scripts are told."""
        return {
            "area": self.area,
            "subject": self.subject,
            "verdict": self.verdict,
            "text": self.in_(language),
        }


def is_healthy(reports: Iterable[Report]) -> bool:
    """Whether nothing is wrong; warnings are not."""
    return all(report.verdict != "bad" for report in reports)
