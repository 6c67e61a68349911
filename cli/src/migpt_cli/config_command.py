"""`migpt config`: check, show and edit the configuration, make the example file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from migpt_cli.configuration import config_path, read_settings
from migpt_cli.ending import ends_properly, tell_config_problems
from migpt_cli.options import ConfigOption, JsonOption
from migpt_cli.outcome import (
    EXIT_FAILED,
    EXIT_OK,
    EXIT_UNUSABLE,
    CommandFailedError,
    ConfigUnusableError,
    say_err,
    say_out,
)
from migpt_cli.wording import help_language, words
from migpt_shared.language import Phrase

if TYPE_CHECKING:
    from pydantic import BaseModel

config_app = typer.Typer(
    no_args_is_help=True,
    help=words("检查、显示、修改配置，生成示例。", "Check, show and edit the configuration, make the example."),
)

_PASSWORD_IN_URL = re.compile(r"(://[^/:@]*:)[^/@]*@")

_GOOD = Phrase(zh="✓ {config} 没有问题。", en="✓ {config} is good.")
_NO_KEY = Phrase(zh="没有这个设置：{key}", en="there is no such setting: {key}")
_WARNING = Phrase(zh="⚠ {text}", en="⚠ {text}")
_OUTDATED = Phrase(
    zh="过期：{file}（./migpt config example --write 重新生成）", en="outdated: {file} (./migpt config example --write)"
)
_UP_TO_DATE = Phrase(zh="{file} 是最新的。", en="{file} is up to date.")
_WRITTEN = Phrase(zh="已写入 {file}", en="wrote {file}")


@config_app.command(
    help=words(
        "检查全部配置，显示实际生效的值（密码已遮住）；有问题时退出码 2。",
        "Check all settings and show what takes effect, secrets masked; exit code 2 if something is wrong.",
    )
)
@ends_properly
def check(config: ConfigOption = None, as_json: JsonOption = False) -> int:
    from migpt_cli.config_findings import examine

    settings = read_settings(config)
    findings = examine(settings)
    if as_json:
        say_out(json.dumps(_effective(settings), ensure_ascii=False, indent=2))
    else:
        for line in _lines("", _effective(settings)):
            say_out(line)
    for warning in findings.warnings:
        say_err(_WARNING.in_(help_language(), text=warning.in_(help_language())))
    if findings.problems:
        tell_config_problems(ConfigUnusableError(tuple(one.in_(help_language()) for one in findings.problems)))
        return EXIT_UNUSABLE
    say_err(_GOOD.in_(help_language(), config=config_path(config)))
    return EXIT_OK


@config_app.command(
    help=words(
        "显示实际生效的值（密码已遮住）；可以只看一节，如 llm 或 llm.preset。",
        "Show what takes effect, secrets masked; all of it, or a part such as llm or llm.preset.",
    )
)
@ends_properly
def show(
    part: Annotated[
        str | None, typer.Argument(metavar="KEY", help=words("只显示这一部分", "show this part only"))
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> int:
    value: object = _effective(read_settings(config))
    for step in part.split(".") if part else ():
        if not isinstance(value, dict) or step not in value:
            raise CommandFailedError(_NO_KEY, exit_code=EXIT_UNUSABLE, key=part)
        value = value[step]
    if as_json:
        say_out(json.dumps(value, ensure_ascii=False, indent=2))
    elif isinstance(value, dict):
        for line in _lines(part or "", value):
            say_out(line)
    else:
        say_out(f"{part} = {json.dumps(value, ensure_ascii=False)}")
    return EXIT_OK


@config_app.command(
    help=words(
        "用 $EDITOR 修改配置：密码遮住，能加载才保存，保留备份。",
        "Edit the configuration in $EDITOR: secrets masked, saved only if it loads, with a backup.",
    )
)
@ends_properly
def edit(config: ConfigOption = None) -> int:
    from migpt_cli.config_editor import edit_config
    from migpt_cli.config_findings import examine

    code, settings = edit_config(config_path(config))
    if settings is not None:
        findings, language = examine(settings), help_language()
        for one in (*findings.problems, *findings.warnings):
            say_err(_WARNING.in_(language, text=one.in_(language)))
    return code


@config_app.command(
    help=words("输出示例配置（由设置类生成）。", "Print the example configuration, made from the settings classes.")
)
@ends_properly
def example(
    check_file: Annotated[
        bool,
        typer.Option(
            "--check",
            help=words("检查 config.example.toml，过期则退出码 1", "exit 1 when config.example.toml is outdated"),
        ),
    ] = False,
    write: Annotated[
        bool, typer.Option("--write", help=words("写入 config.example.toml", "write config.example.toml"))
    ] = False,
) -> int:
    from migpt_cli.checkout import ROOT
    from migpt_shared.settings.example import EXAMPLE, example_config

    content, file, language = example_config(), ROOT / EXAMPLE, help_language()
    if write:
        file.write_text(content, encoding="utf-8")
        say_out(_WRITTEN.in_(language, file=EXAMPLE))
    elif check_file:
        if not file.is_file() or file.read_text(encoding="utf-8") != content:
            say_err(_OUTDATED.in_(language, file=EXAMPLE))
            return EXIT_FAILED
        say_out(_UP_TO_DATE.in_(language, file=EXAMPLE))
    else:
        say_out(content.rstrip("\n"))
    return EXIT_OK


def _effective(settings: BaseModel) -> dict[str, object]:
    """The values in force; pydantic writes secrets as asterisks."""
    return {name: _without_passwords(value) for name, value in json.loads(settings.model_dump_json()).items()}


def _without_passwords(value: object) -> object:
    """Addresses of proxies and databases may hold a password too."""
    match value:
        case str():
            return _PASSWORD_IN_URL.sub(r"\1********@", value)
        case dict():
            return {name: _without_passwords(item) for name, item in value.items()}
    return value


def _lines(path: str, values: dict[str, object]) -> Iterator[str]:
    """`section.key = value`, one per line; what is not set is left out."""
    for name, value in values.items():
        key = f"{path}.{name}" if path else name
        if isinstance(value, dict) and value:
            yield from _lines(key, value)
        elif value is not None and value != {}:
            yield f"{key} = {json.dumps(value, ensure_ascii=False)}"
