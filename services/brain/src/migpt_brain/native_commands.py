"""Commands that are obviously for XiaoAI itself: media, alarms, volume, devices."""

from __future__ import annotations

from functools import cache

from migpt_brain.word_lists import WordList, load_words
from migpt_shared.spoken_form import normalise

#: In Chinese characters; a letter counts as much less, as "turn on the living room light" says what "打开客厅灯" does.
_LONGEST_DEVICE_COMMAND = 20
_LETTER = 0.4
_POLITE = ("小爱同学", "请你", "请", "帮我", "麻烦", "给我", "please")


class _CommandWords(WordList):
    whole: frozenset[str]
    starts: tuple[str, ...]
    mentions: tuple[str, ...]
    verbs: tuple[str, ...]
    devices: tuple[str, ...]
    unless: tuple[str, ...]


@cache
def _command_words() -> _CommandWords:
    words = load_words("native_commands.toml", _CommandWords)
    return _CommandWords(
        whole=frozenset(map(normalise, words.whole)),
        **{
            name: tuple(map(normalise, getattr(words, name)))
            for name in ("starts", "mentions", "verbs", "devices", "unless")
        },
    )


def is_native_command(utterance: str) -> bool:
    """Whether XiaoAI is meant beyond doubt. Questions about such things ("空调怎么清洗") are not meant for it."""
    words = _command_words()
    text = normalise(utterance)
    for polite in _POLITE:
        text = text.removeprefix(polite)
    if text in words.whole:
        return True
    if any(word in text for word in words.unless):
        return False
    if text.startswith(words.starts) or any(word in text for word in words.mentions):
        return True
    return (
        _length(text) <= _LONGEST_DEVICE_COMMAND
        and any(device in text for device in words.devices)
        and any(verb in text for verb in words.verbs)
    )


def _length(text: str) -> float:
    return sum(_LETTER if character.isascii() else 1.0 for character in text)
