"""From what a language model streams to what is spoken: cleaner and segmenter together."""

from __future__ import annotations

from migpt_brain.cleaner import Cleaner
from migpt_brain.segmenter import Segmenter
from migpt_shared.language import Language


class SpokenText:
    """Turns one streamed answer into pieces to speak. Feed it as it comes; call `finish` once."""

    def __init__(self, language: Language = "zh", *, first_min: int = 6, first_max: int = 30, limit: int = 100) -> None:
        self._cleaner = Cleaner(language)
        self._segmenter = Segmenter(first_min=first_min, first_max=first_max, limit=limit)

    def feed(self, raw: str) -> list[str]:
        """The pieces that are complete by now; see `Segmenter` for what a piece is."""
        text = self._cleaner.feed(raw)
        return self._segmenter.feed(text) if text else []

    def finish(self) -> list[str]:
        """The rest, whatever it ends with. Empty together with all that `feed` gave: there was nothing to speak."""
        return self._segmenter.feed(self._cleaner.finish()) + self._segmenter.finish()


def speakable(text: str, language: Language = "zh") -> list[str]:
    """A whole answer in pieces to speak."""
    spoken = SpokenText(language)
    return spoken.feed(text) + spoken.finish()
