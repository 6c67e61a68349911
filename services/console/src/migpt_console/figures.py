"""How long the stages of turns took lately: percentiles over time, for charts and metrics; pure and bounded."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from migpt_shared.story import Story
from migpt_shared.waterfall import Waterfall, waterfall

#: So many turns are remembered.
_MOST_SAMPLES = 5000


@dataclass(frozen=True, slots=True)
class Sample:
    """One stage of one turn. `at`: Unix seconds of the turn's end."""

    at: float
    stage: str
    took_ms: float


@dataclass(frozen=True, slots=True)
class Point:
    """The percentiles of one stage in one stretch of time that begins at `at`."""

    at: float
    p50_ms: float
    p95_ms: float
    count: int


class Figures:
    """Collects what the waterfalls of ended turns say."""

    def __init__(self) -> None:
        self._samples: deque[Sample] = deque(maxlen=_MOST_SAMPLES)
        self.turns: dict[tuple[str, str], int] = {}
        """turns by route and how they ended"""

        self.failures_by_preset: dict[str, int] = {}
        """turns that failed at a language model, by the one that was asked"""

    def turn_ended(self, story: Story, at: float) -> None:
        if story.turn is not None:
            preset = story.turn.preset
            if story.turn.phase == "failed" and story.turn.route == "llm" and preset is not None:
                self.failures_by_preset[preset] = self.failures_by_preset.get(preset, 0) + 1
            key = (story.turn.route, story.turn.phase)
            self.turns[key] = self.turns.get(key, 0) + 1
        for stage, took_ms in _stages(waterfall(story)):
            self._samples.append(Sample(at, stage, took_ms))

    def stages(self) -> list[str]:
        """The stages of which something is known, in the order in which they first came."""
        return list(dict.fromkeys(sample.stage for sample in self._samples))

    def of(self, stage: str, since: float = 0.0) -> list[Sample]:
        return [sample for sample in self._samples if sample.stage == stage and sample.at >= since]

    def over_time(self, stage: str, *, since: float, stretch_s: float) -> list[Point]:
        """Percentiles for each stretch of time in which something happened."""
        stretches: dict[int, list[float]] = {}
        for sample in self.of(stage, since):
            stretches.setdefault(int(sample.at // stretch_s), []).append(sample.took_ms)
        return [
            Point(number * stretch_s, percentile(values, 0.5), percentile(values, 0.95), len(values))
            for number, values in sorted(stretches.items())
        ]


def percentile(values: Iterable[float], share: float) -> float:
    """The smallest value that at least `share` of all values do not exceed. Raises ValueError without values."""
    ranked = sorted(values)
    if not ranked:
        raise ValueError("no values")
    return ranked[max(0, math.ceil(share * len(ranked)) - 1)]


def _stages(fall: Waterfall) -> list[tuple[str, float]]:
    stages = [(stage.name.en, stage.took_ms) for stage in fall.stages if stage.is_ours]
    if fall.first_sound_ms is not None:
        stages.append(("heard to first sound", fall.first_sound_ms))
    return stages
