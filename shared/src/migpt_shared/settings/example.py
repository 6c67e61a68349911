"""`config.example.toml`, made from the settings classes: every setting with its meaning, defaults commented out."""

from __future__ import annotations

import json
import textwrap
import types
from collections.abc import Iterator
from datetime import time
from pathlib import Path
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from migpt_shared.settings.root import Settings

EXAMPLE = Path("config.example.toml")

#: What stands for a value that only the person has.
PLACEHOLDERS = ("…", "sk-…", "V1:…")

_HEAD = """\
# migpt-mqtt 的配置。复制为 config.toml，填好 ← 标出的三处，然后运行 ./migpt up
# Settings of migpt-mqtt. Copy this to config.toml, fill in what ← marks, then run ./migpt up
#
# 注释掉的都是默认值或示例。环境变量可以覆盖任何一项：MIGPT_LANGUAGE=en、MIGPT_MQTT__URL=mqtt://…
# What is commented out is a default or a sample. Environment variables go before the file: MIGPT_LANGUAGE=en, …
# 密码也可以放在 secrets/xiaomi.toml、secrets/llm.toml 里。Secrets may stand in secrets/*.toml instead.
# 检查 check it: ./migpt config check    重新生成 made by: ./migpt config example --write
"""
_WIDTH = 110
#: Sections that are shown once, at the top level.
_SHOWN_ELSEWHERE = ("households.home.home_assistant",)
_TITLES = {
    "mqtt": "消息服务器 broker",
    "households": "一个小米账号 one Xiaomi account; further ones as [households.NAME]",
    "households.home.endpoints": "只用于连接模拟器 only to reach a simulator",
    "households.home.speakers.living_room": "不写 speakers 就使用账号下的全部音箱 without any, all speakers are used",
    "hearing": "听：多久查一次对话记录 how often the transcript is read",
    "routing": "谁来回答 who answers",
    "llm": "大模型 the language model",
    "llm.presets.deepseek": "已知服务商只需 api_key known providers need a key only",
    "speech": "说 speaking",
    "home_assistant": "Home Assistant; several households: [households.NAME.home_assistant]",
    "console": "网页控制台和 OpenAI 接口 web console and OpenAI-compatible API",
}

#: What has to be filled in, so it stands uncommented.
_TO_FILL_IN = {
    "households.home.account": "1234567890",
    "households.home.password": "…",
    "llm.preset": "deepseek",
    "llm.presets.deepseek.api_key": "sk-…",
}
#: For settings without a default.
_SAMPLES: dict[str, object] = {
    "routing.llm_threshold": 0.6,
    "mqtt.url": "mqtt://user:password@127.0.0.1:1883",
    "mqtt.url_file": "secrets/mqtt_url",
    "households.home.password_file": "secrets/xiaomi_password",
    "households.home.pass_token": "V1:…",
    "households.home.pass_token_file": "secrets/xiaomi_pass_token",
    "households.home.endpoints.account": "http://127.0.0.1:9001",
    "households.home.endpoints.mina": "http://127.0.0.1:9001",
    "households.home.endpoints.conversation": "http://127.0.0.1:9001",
    "households.home.endpoints.miot": "http://127.0.0.1:9001",
    "households.home.speakers.living_room.device_id": "6ff4f1d0-0000-0000-0000-0123456789ab",
    "households.home.speakers.living_room.name": "客厅小爱",
    "households.home.speakers.living_room.area": "客厅",
    "households.home.speakers.living_room.stand_in": "bedroom",
    "households.home.speakers.bedroom.name": "卧室小爱",
    "llm.temperature": 0.7,
    "llm.presets.deepseek.base_url": "https://api.deepseek.com",
    "llm.presets.deepseek.model": "deepseek-flash",
    "llm.presets.deepseek.api_key_file": "secrets/deepseek_key",
    "llm.presets.deepseek.temperature": 0.7,
    "llm.presets.deepseek.max_tokens": 1000,
    "llm.presets.deepseek.proxy": "none",
    "llm.presets.deepseek.system_prompt": "你是家里的语音助手，回答简短。",
    "llm.presets.deepseek.streaming": True,
    "llm.presets.deepseek.first_token_deadline_s": 4.0,
    "llm.presets.deepseek.answer_deadline_s": 7.0,
    "home_assistant.url": "http://homeassistant.local:8123",
    "home_assistant.console_url": "http://192.168.1.10:5001",
    "home_assistant.token": "…",
    "home_assistant.token_file": "secrets/home_assistant_token",
    "home_assistant.device_mapping": {"客厅灯": "light.living_room"},
    "console.api_key": "…",
}
#: Names for sections that a person names. Those after the first show only what `_SAMPLES` gives them.
_NAMES = {
    "households": ("home",),
    "households.home.speakers": ("living_room", "bedroom"),
    "llm.presets": ("deepseek",),
}


def example_config() -> str:
    """The text of `config.example.toml`. Raises LookupError for a setting that has neither default nor sample here."""
    return "\n".join([_HEAD, *_section("", Settings, is_live=True)]).rstrip("\n") + "\n"


def _section(path: str, model: type[BaseModel], *, is_live: bool, only: frozenset[str] | None = None) -> Iterator[str]:
    subsections: list[tuple[str, FieldInfo]] = []
    for name, field in model.model_fields.items():
        if only is not None and name not in only:
            continue
        if f"{path}.{name}" in _SHOWN_ELSEWHERE:
            continue
        if _model_in(field.annotation) is not None:
            subsections.append((name, field))
        else:
            yield from _entry(f"{path}.{name}".lstrip("."), field, is_live=is_live)
    for name, field in subsections:
        yield from _subsection(f"{path}.{name}".lstrip("."), field)


def _subsection(path: str, field: FieldInfo) -> Iterator[str]:
    model = _model_in(field.annotation)
    if model is None:
        raise LookupError(f"{path} is no section")
    if get_origin(field.annotation) is not dict:
        yield from _headed(path, model, field, only=None)
        return
    for position, name in enumerate(_NAMES[path]):
        entry = f"{path}.{name}"
        given = frozenset(key.rpartition(".")[2] for key in _SAMPLES if key.rpartition(".")[0] == entry)
        yield from _headed(entry, model, field, only=given if position else None)


def _headed(path: str, model: type[BaseModel], field: FieldInfo, *, only: frozenset[str] | None) -> Iterator[str]:
    is_optional = get_origin(field.annotation) in (Union, types.UnionType)
    is_live = any(key.startswith(f"{path}.") for key in _TO_FILL_IN) or ("." not in path and not is_optional)
    yield ""
    title = _TITLES.get(path) or _TITLES.get(path.rpartition(".")[0], "")
    if title and only is None:
        yield f"# ── {title}"
    yield f"[{path}]" if is_live else f"# [{path}]"
    yield from _section(path, model, is_live=is_live, only=only)


def _entry(path: str, field: FieldInfo, *, is_live: bool) -> Iterator[str]:
    name = path.rpartition(".")[2]
    yield from textwrap.wrap(field.description or "", _WIDTH, initial_indent="# ", subsequent_indent="# ")
    if path in _TO_FILL_IN:
        mark = "" if path == "llm.preset" else "  # ←"
        yield f"{name} = {_toml(_TO_FILL_IN[path])}{mark}"
        return
    value = field.get_default(call_default_factory=True)
    if path in _SAMPLES:
        value = _SAMPLES[path]
    elif value is None or field.is_required():
        raise LookupError(f"{path} has no default; give it a sample in {__name__}")
    yield f"# {name} = {_toml(value)}"


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The settings class that a field holds, directly, optionally, or by names; None: it holds a value."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is dict:
        return _model_in(arguments[1])
    if origin in (Union, types.UnionType):
        return next((model for argument in arguments if (model := _model_in(argument))), None)
    return None


def _toml(value: object) -> str:
    match value:
        case SecretStr():
            raise TypeError("a secret has no place in an example")
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case time():
            return value.isoformat()
        case str() | Path():
            return json.dumps(str(value), ensure_ascii=False)
        case list() | tuple():
            return f"[{', '.join(map(_toml, value))}]"
        case dict():
            inner = ", ".join(f"{json.dumps(key, ensure_ascii=False)} = {_toml(item)}" for key, item in value.items())
            return f"{{ {inner} }}" if inner else "{}"
    raise TypeError(f"{type(value).__name__} cannot be written as TOML")
