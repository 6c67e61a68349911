"""What the demo plays with: the home, the configuration of the services, and what XiaoAI and the model say."""

from __future__ import annotations

import json
from dataclasses import dataclass

from migpt_shared.language import Language, Phrase
from migpt_simulator.home import DEFAULT_ACCOUNT, DEFAULT_PASSWORD

HOUSEHOLD = "home"
#: From a file of ours, opening nothing but the scripted model.
_MODEL_KEY = "demo"


@dataclass(frozen=True, slots=True)
class DemoSpeaker:
    """A speaker of the demo's home."""

    slug: str
    name: Phrase
    area: Phrase
    hardware: str

    def is_called(self, word: str, language: Language) -> bool:
        return word.casefold() in {
            self.slug,
            self.name.in_(language).casefold(),
            self.area.in_(language).casefold(),
            self.area.zh,
        }


SPEAKERS = (
    DemoSpeaker("living_room", Phrase(zh="客厅小爱", en="Living room"), Phrase(zh="客厅", en="living room"), "LX06"),
    DemoSpeaker("bedroom", Phrase(zh="卧室小爱", en="Bedroom"), Phrase(zh="卧室", en="bedroom"), "L05C"),
)

#: What a visitor may try.
SUGGESTIONS = (
    Phrase(zh="为什么天是蓝的", en="why is the sky blue"),
    Phrase(zh="卧室：讲个故事", en="bedroom: tell me a story"),
    Phrase(zh="打开客厅灯", en="turn on the light"),
    Phrase(zh="闭嘴", en="stop"),
)

_DOES_NOT_KNOW = Phrase(zh="抱歉，这个问题我还在学习", en="Sorry, I am still learning that one")
#: Seconds that the room takes to speak a character; English has many more of them to a word.
_SECONDS_PER_CHAR: dict[Language, float] = {"zh": 0.2, "en": 0.065}


def home_file(language: Language) -> str:
    """The simulated home, as the simulator reads it."""
    lines = []
    for speaker in SPEAKERS:
        lines += [
            f"[speakers.{speaker.slug}]",
            f"name = {_quoted(speaker.name.in_(language))}",
            f'hardware = "{speaker.hardware}"',
            f"[speakers.{speaker.slug}.settings]",
            f"seconds_per_char = {_SECONDS_PER_CHAR[language]}",
            f"native_text = {_quoted(_DOES_NOT_KNOW.in_(language))}",
        ]
    return "\n".join(lines) + "\n"


def config_file(language: Language, *, xiaomi_url: str, llm_url: str, mqtt_url: str | None, console_port: int) -> str:
    """The services' configuration: an ordinary one, but for the endpoints that lead to the simulator."""
    lines = [
        'data_dir = "data"',
        f'language = "{language}"',
        'log_format = "json"',
        "[mqtt]",
        *([f"url = {_quoted(mqtt_url)}"] if mqtt_url else []),
        f"[households.{HOUSEHOLD}]",
        f'account = "{DEFAULT_ACCOUNT}"',
        f'password = "{DEFAULT_PASSWORD}"',
        f"[households.{HOUSEHOLD}.endpoints]",
        *(f"{host} = {_quoted(xiaomi_url)}" for host in ("account", "mina", "conversation", "miot")),
    ]
    for speaker in SPEAKERS:
        lines += [
            f"[households.{HOUSEHOLD}.speakers.{speaker.slug}]",
            f"name = {_quoted(speaker.name.in_(language))}",
            f"area = {_quoted(speaker.area.in_(language))}",
        ]
    lines += [
        "[hearing]",
        "night_from = 00:00:00",  # a visitor at night sees the same as one by day
        "night_to = 00:00:00",
        "[routing]",
        'mode = "ai"',
        "[speech]",
        f"assumed_seconds_per_character = {max(0.08, _SECONDS_PER_CHAR[language])}",
        "[llm]",
        'preset = "demo"',
        "[llm.presets.demo]",
        f"base_url = {_quoted(llm_url)}",
        'model = "simulated-chat"',
        f'api_key = "{_MODEL_KEY}"',
        "[console]",
        f"port = {console_port}",
    ]
    return "\n".join(lines) + "\n"


def native_answer(text: str, language: Language) -> dict[str, object] | None:
    """What XiaoAI itself does with an utterance, as the simulator takes it; None: it does not know."""
    lowered = text.casefold()
    if lowered in ("闭嘴", "停", "停止", "别说了", "安静", "stop", "quiet", "be quiet"):
        return {"kind": "none"}
    if any(word in lowered for word in ("播放", "放首", "放一首", "音乐", "play ")):
        said = Phrase(zh="好的，为你播放轻音乐", en="Playing some music")
        title = Phrase(zh="轻音乐", en="Easy listening")
        return {"kind": "AUDIO", "text": said.in_(language), "title": title.in_(language), "duration_s": 30.0}
    if any(word in lowered for word in ("打开", "关闭", "关掉", "关灯", "开灯", "调高", "调低", "turn on", "turn off")):
        return {"kind": "TTS", "text": Phrase(zh="好的，已经办好了", en="Okay, done").in_(language)}
    return None


def model_script(language: Language) -> dict[str, object] | None:
    """What the scripted model is told to answer; None: it already speaks the language."""
    if language == "zh":
        return None
    answers = [{"match": match, "answer": answer} for match, answer in _ENGLISH_ANSWERS]
    return {"answers": answers, "default": {"answer": _ENGLISH_FALLBACK, "chars_per_token": 4.0}}


_ENGLISH_SKY = (
    "The sky looks blue because sunlight is scattered on its way through the air. White sunlight is a mix of all "
    "colours, and blue light has one of the shorter wavelengths. Short waves bounce off the tiny molecules of the air "
    "in every direction. So wherever you look, some blue light reaches your eyes."
)
_ENGLISH_STORY = (
    "Once upon a time a sleepy little bear lived in the forest. One day a squirrel gave him a seed that glowed. He "
    "planted it in front of his cave and watered it every day. In spring the cave stood in golden flowers, and from "
    "then on he had a great many friends."
)
_ENGLISH_ANSWERS = (
    ("sky", _ENGLISH_SKY),
    ("story", _ENGLISH_STORY),
    ("joke", "Why did the scarecrow win a prize? Because he was outstanding in his field."),
    ("who are you", "I am the assistant of this home. A language model answers your questions through this speaker."),
    ("hello", "Hello! Nice to talk to you. What would you like to know?"),
)
_ENGLISH_FALLBACK = (
    "That is a good question. The short answer is that most things become clear with a little patience. If you tell "
    "me more, I can give you better advice."
)


def _quoted(text: str) -> str:
    """A TOML string."""
    return json.dumps(text, ensure_ascii=False)
