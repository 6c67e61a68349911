"""What was found out about one speaker's voice and status, and how new evidence changes it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from migpt_speaker.speaking_rate import Extent, Prediction, SpeakingRate

__all__ = ["Knowledge", "LagEvidence"]

#: A status that shows speech sooner than this after the request was accepted is an ordinary one.
_ORDINARY_ONSET_S = 0.9
#: A pause that shows in the status later than this was either not obeyed or is reported late.
_SUSPICIOUS_SILENCE_S = 0.5
_PROMPT_SILENCE_S = 0.3
#: A status that is later still is of no use, and rather something else.
_LONGEST_LAG_S = 3.0
#: Sound starts no sooner and no later than this after the request was accepted.
_SHORTEST_ONSET_S = 0.05
_LONGEST_ONSET_S = 0.9
#: Utterances in a row whose status made no sense, after which the status is not looked at any more.
_STRIKES = 2
#: After so many utterances without looking, the status gets another chance.
_BLIND_ENDINGS = 10


@dataclass(frozen=True, slots=True)
class LagEvidence:
    """A pause that the speaker accepted showed in its status between these two moments, seconds after it."""

    least_s: float
    most_s: float

    @property
    def is_suspicious(self) -> bool:
        return self.least_s >= _SUSPICIOUS_SILENCE_S and self.most_s <= _LONGEST_LAG_S

    def narrowed_by(self, other: LagEvidence) -> LagEvidence:
        """What both allow; where they exclude each other, the other alone."""
        least_s, most_s = max(self.least_s, other.least_s), min(self.most_s, other.most_s)
        return LagEvidence(least_s, most_s) if least_s <= most_s else other

    @property
    def is_prompt(self) -> bool:
        return self.most_s <= _PROMPT_SILENCE_S


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Rate, delays and faults of one speaker. All durations in seconds.

    A late status cannot be told from late sound by looking at utterances alone: both shift the same way. Only a
    command whose effect is immediate tells them apart: after a pause was accepted the sound is gone, and if the
    status still shows speech for as long as it is late in showing ours, the status lags.
    """

    rate: SpeakingRate = field(default_factory=SpeakingRate)
    #: from an accepted request to speech in the status
    onset_s: float = 0.5
    onset_spread_s: float = 0.2
    onsets: int = 0
    lag_s: float = 0.0
    suspected: LagEvidence | None = None
    pauses_show_promptly: bool = False
    #: None: not known yet
    status_is_usable: bool | None = None
    strikes: int = 0
    blind_endings: int = 0

    @property
    def has_late_status(self) -> bool:
        return self.lag_s > 0

    @property
    def sound_onset_s(self) -> float:
        """From an accepted request to the sound itself."""
        return max(_SHORTEST_ONSET_S, self.onset_s - self.lag_s)

    def predict(self, extent: Extent) -> Prediction:
        return self.rate.predict(extent)

    def spoke(self, extent: Extent, duration_s: float, noise_s: float) -> Knowledge:
        """After an utterance was seen from its first to its last sound."""
        return replace(self, rate=self.rate.learned(extent, duration_s, noise_s), status_is_usable=True, strikes=0)

    def outlasted(self, extent: Extent, lasted_s: float) -> Knowledge:
        """After an utterance turned out to be still spoken after `lasted_s`."""
        if lasted_s <= self.rate.predict(extent).duration_s:
            return self
        return replace(self, rate=self.rate.learned(extent, lasted_s + 0.1, 0.1))

    def began(self, onset_s: float) -> Knowledge:
        """After speech was seen in the status so long after the request was accepted."""
        if onset_s > _LONGEST_LAG_S + _LONGEST_ONSET_S:
            return self  # it had waited for something else to end
        if self.onsets == 0:
            spread = 0.1
            mean = onset_s
        else:
            # One straggler must not shift what all others agree on.
            step = max(-0.3, min(0.3, onset_s - self.onset_s))
            mean = self.onset_s + 0.3 * step
            spread = self.onset_spread_s + 0.3 * (abs(step) - self.onset_spread_s)
        learned = replace(self, onset_s=mean, onset_spread_s=max(0.02, spread), onsets=self.onsets + 1, strikes=0)
        if self.lag_s and onset_s < self.lag_s:
            return replace(learned, lag_s=0.0, suspected=None)  # it was seen sooner than a lag would allow
        return learned._weighed(onset_s)

    def silenced(self, evidence: LagEvidence) -> Knowledge:
        """After an accepted pause showed in the status."""
        if evidence.is_prompt:
            return replace(self, lag_s=0.0, suspected=None, pauses_show_promptly=True)
        if not evidence.is_suspicious:
            return self
        if self.lag_s and self.suspected is not None:
            if evidence.least_s > self.suspected.most_s:
                return self  # it was not obeyed at once
            # Too long a lag makes ends come too early: of what all pauses agree on, the least counts.
            narrowed = self.suspected.narrowed_by(evidence)
            return replace(self, lag_s=narrowed.least_s, suspected=narrowed)
        learned = replace(self, suspected=evidence)
        return learned._weighed(self.onset_s) if self.onsets >= 3 else learned

    def without_lag(self) -> Knowledge:
        """After speech was taken for an earlier one, and then nothing else was seen: it was not so late after all."""
        return replace(self, lag_s=0.0, suspected=None, onsets=0)

    def ended_blind(self) -> Knowledge:
        """After an utterance whose status was not looked at. What was given up comes back into play now and then."""
        if self.strikes < _STRIKES:
            return self  # the model's status is known to mean nothing
        if self.blind_endings + 1 < _BLIND_ENDINGS:
            return replace(self, blind_endings=self.blind_endings + 1)
        return replace(self, status_is_usable=None, strikes=_STRIKES - 1, blind_endings=0)

    def reopened(self, *, has_usable_status: bool) -> Knowledge:
        """As it counts at the start for a model whose status is said to be usable, or not."""
        if not has_usable_status:
            return replace(self, status_is_usable=False, strikes=0)
        return replace(self, status_is_usable=self.status_is_usable or None, strikes=0, blind_endings=0)

    def no_sense(self) -> Knowledge:
        """After an utterance whose status showed nothing, or never ended."""
        strikes = self.strikes + 1
        return replace(self, strikes=strikes, status_is_usable=False if strikes >= _STRIKES else self.status_is_usable)

    def _weighed(self, onset_s: float) -> Knowledge:
        """Takes the status for late when both a pause and an utterance showed in it as late as each other."""
        if self.suspected is None or onset_s <= _ORDINARY_ONSET_S:
            return self
        lag_s = self.suspected.least_s
        agrees = lag_s + _SHORTEST_ONSET_S <= onset_s <= self.suspected.most_s + _LONGEST_ONSET_S
        return replace(self, lag_s=lag_s) if agrees else self
