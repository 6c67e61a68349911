"""What the configuration itself tells; pure but for the folders that it names."""

from __future__ import annotations

from collections.abc import Iterator

from migpt_cli.config_findings import examine
from migpt_cli.doctor.report import Report
from migpt_shared.language import Phrase
from migpt_shared.settings import Settings

_GOOD = Phrase(zh="没有问题", en="nothing is wrong with it")
_TEXT = Phrase(zh="{text}", en="{text}")


def unusable_config(problems: tuple[str, ...]) -> list[Report]:
    """The configuration cannot be loaded."""
    return [Report("config", "bad", _TEXT, {"text": problem}) for problem in problems]


def check_config(settings: Settings) -> Iterator[Report]:
    """Everything that can be said without a network."""
    findings = examine(settings)
    for one in findings.problems:
        yield Report("config", "bad", one.phrase, one.values)
    for one in findings.warnings:
        yield Report("config", "warning", one.phrase, one.values)
    if not findings.problems:
        yield Report("config", "good", _GOOD)
