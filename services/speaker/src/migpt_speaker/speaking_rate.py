"""How long a text takes to speak: a rate learned from what was measured, with an honest uncertainty."""

from __future__ import annotations

import math
import unicodedata
from dataclasses import dataclass, replace

__all__ = ["Extent", "Prediction", "SpeakingRate", "extent_of"]

_KINDS = 3
#: Seconds per syllable, per Latin letter, per punctuation mark or space, before anything was measured. Programs of
#: others assume 4.5 to 6 Chinese characters per second; speakers were seen between 0.12 and 0.35 s per character.
_PRIOR_S = (0.22, 0.10, 0.12)
_PRIOR_SPREAD_S = (0.05, 0.06, 0.10)
_PRIOR_COVARIANCE = tuple(
    spread * spread if row == column else 0.0 for row, spread in enumerate(_PRIOR_SPREAD_S) for column in range(_KINDS)
)
#: How much the time of equal texts differs: deviations of single syllables add up as random steps do, with the square
#: root of the duration. In seconds per root of a second.
_PRIOR_ROUGHNESS = 0.06
_LEAST_ROUGHNESS = 0.01
_GREATEST_ROUGHNESS = 0.4
#: Requests do not take equally long: no moment is known better than this.
_LEAST_NOISE_S = 0.03
#: A measurement further off than this many standard deviations counts only as if it were this far.
_CLIP = 3.5
#: So many outliers in a row are a change of the voice: everything is learned anew.
_CHANGED_AFTER = 3
#: Old measurements fade a little with every new one, so that a change of the voice is followed.
_FADING = 1.02


@dataclass(frozen=True, slots=True)
class Extent:
    """What there is to speak: syllables (characters, digits), Latin letters, and marks where the voice may rest."""

    syllables: int
    letters: int
    marks: int

    @property
    def least_s(self) -> float:
        """No speaker is faster than this, seconds."""
        return 0.1 * self.syllables + 0.03 * self.letters


def extent_of(text: str) -> Extent:
    """Counts what is spoken in `text`."""
    syllables = letters = marks = 0
    for character in text:
        category = unicodedata.category(character)
        if category == "Lo" or category[0] == "N":
            syllables += 1
        elif category[0] == "L":
            letters += 1
        else:
            marks += 1
    return Extent(syllables, letters, marks)


@dataclass(frozen=True, slots=True)
class Prediction:
    """An expected duration and its standard deviation, seconds."""

    duration_s: float
    spread_s: float


@dataclass(frozen=True, slots=True)
class SpeakingRate:
    """Seconds per kind of character with their covariance: a recursive least-squares fit that outliers cannot upset."""

    seconds: tuple[float, ...] = _PRIOR_S
    covariance: tuple[float, ...] = _PRIOR_COVARIANCE
    roughness: float = _PRIOR_ROUGHNESS
    measured: int = 0
    outliers: int = 0
    """in a row"""

    @classmethod
    def assumed(cls, seconds_per_character: float) -> SpeakingRate:
        """The rate before anything was measured."""
        return cls(seconds=(seconds_per_character, *_PRIOR_S[1:]))

    @property
    def seconds_per_character(self) -> float:
        return self.seconds[0]

    def predict(self, extent: Extent) -> Prediction:
        """How long `extent` will take; never shorter than any speaker could be."""
        counts = _counts(extent)
        duration_s = max(extent.least_s, _dot(self.seconds, counts))
        return Prediction(duration_s, math.sqrt(self._variance(counts, duration_s, _LEAST_NOISE_S)))

    def learned(self, extent: Extent, duration_s: float, noise_s: float) -> SpeakingRate:
        """The rate after `extent` took `duration_s`, measured to within `noise_s` (standard deviation)."""
        counts = _counts(extent)
        if duration_s <= 0 or not any(counts):
            return self
        noise_s = max(noise_s, _LEAST_NOISE_S)
        surprise = duration_s - _dot(self.seconds, counts)
        variance = self._variance(counts, duration_s, noise_s)
        limit = _CLIP * math.sqrt(variance)
        is_outlier = abs(surprise) > limit
        if is_outlier and self.outliers + 1 >= _CHANGED_AFTER:
            anew = replace(self, covariance=_PRIOR_COVARIANCE, roughness=_PRIOR_ROUGHNESS, outliers=0)
            return anew.learned(extent, duration_s, noise_s)
        surprise = max(-limit, min(limit, surprise))
        spread = tuple(_dot(self._row(row), counts) for row in range(_KINDS))
        gain = tuple(value / variance for value in spread)
        seconds = tuple(max(0.0, value + weight * surprise) for value, weight in zip(self.seconds, gain, strict=True))
        covariance = tuple(
            _FADING * (self.covariance[row * _KINDS + column] - gain[row] * spread[column])
            for row in range(_KINDS)
            for column in range(_KINDS)
        )
        roughness = self.roughness
        if not is_outlier:
            beyond_noise = max(0.0, (duration_s - _dot(seconds, counts)) ** 2 - noise_s**2)
            residual = math.sqrt(beyond_noise / duration_s)
            roughness += 0.3 * (min(residual, _GREATEST_ROUGHNESS) - roughness)
        return replace(
            self,
            seconds=seconds,
            covariance=covariance,
            roughness=max(_LEAST_ROUGHNESS, roughness),
            measured=self.measured + 1,
            outliers=self.outliers + 1 if is_outlier else 0,
        )

    def _row(self, row: int) -> tuple[float, ...]:
        return self.covariance[row * _KINDS : (row + 1) * _KINDS]

    def _variance(self, counts: tuple[float, ...], duration_s: float, noise_s: float) -> float:
        by_parameters = sum(count * _dot(self._row(row), counts) for row, count in enumerate(counts))
        return by_parameters + self.roughness**2 * duration_s + noise_s * noise_s


def _counts(extent: Extent) -> tuple[float, ...]:
    return (float(extent.syllables), float(extent.letters), float(extent.marks))


def _dot(left: tuple[float, ...], right: tuple[float, ...]) -> float:
    return sum(one * other for one, other in zip(left, right, strict=True))
