"""`migpt config edit`: the configuration in a person's own editor; nothing is written that would not load."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from migpt_cli.ending import tell_config_problems
from migpt_cli.outcome import (
    EXIT_FAILED,
    EXIT_OK,
    EXIT_UNUSABLE,
    CommandFailedError,
    ConfigUnusableError,
    say_err,
    say_out,
)
from migpt_cli.wording import help_language
from migpt_shared.language import Phrase

if TYPE_CHECKING:
    from migpt_shared.editing import ConfigFile, Shown
    from migpt_shared.settings import Settings

_EDITORS = ("nano", "vim", "vi", "notepad")

_NO_EDITOR = Phrase(
    zh="找不到编辑器：请设置环境变量 EDITOR，例如 EDITOR=nano",
    en="no editor was found: set EDITOR, such as EDITOR=nano",
)
_EDITOR_FAILED = Phrase(
    zh="编辑器 {editor} 没有正常结束，配置没有改动", en="the editor {editor} failed; the configuration is unchanged"
)
_UNCHANGED = Phrase(zh="没有改动。", en="nothing was changed.")
_SAVED = Phrase(
    zh="已保存 {file}；原来的在 backups/ 里。运行中的服务随即生效（[mqtt]、data_dir 和日志设置要重启）。",
    en="saved {file}; the former one is in backups/. Running services take it up, but for [mqtt], data_dir and the log "
    "settings, which need a restart.",
)
_AGAIN = Phrase(zh="回车：继续编辑；q：放弃 ", en="Enter: edit again; q: give up ")
_MEANWHILE = Phrase(
    zh="{file} 在编辑期间被别人改过，没有保存；您的文本在 {draft}",
    en="{file} was changed meanwhile by somebody else, so it was not saved; your text is in {draft}",
)
_KEPT = Phrase(zh="没有保存；您的文本在 {draft}", en="not saved; your text is in {draft}")
_NOT_WRITTEN = Phrase(zh="没有保存：{reason}", en="not saved: {reason}")


def editor_command(environment: Mapping[str, str]) -> list[str]:
    """The person's editor: VISUAL, EDITOR, else one that is there. Raises CommandFailedError without any."""
    for name in ("VISUAL", "EDITOR"):
        if words := shlex.split(environment.get(name, ""), posix=os.name != "nt"):
            return words
    for name in _EDITORS:
        if (found := shutil.which(name, path=environment.get("PATH"))) is not None:
            return [found]
    raise CommandFailedError(_NO_EDITOR, exit_code=EXIT_UNUSABLE)


def edit_config(config: Path) -> tuple[int, Settings | None]:
    """Let a person edit until it loads or they give up. The exit code, and the new settings if there are any."""
    from migpt_shared.editing import ConfigFile

    file, language = ConfigFile(config), help_language()
    before = _shown(file, config)
    command, edited = editor_command(os.environ), before.text
    while True:
        edited = _through(command, edited)
        if edited == before.text and config.exists():
            say_err(_UNCHANGED.in_(language))
            return EXIT_OK, None
        settings = _saved(file, replace(before, text=edited), config)
        if settings is not None:
            say_out(_SAVED.in_(language, file=config.name))
            return EXIT_OK, settings
        if not _wants_again():
            say_err(_KEPT.in_(language, draft=_keep(config, edited)))
            return EXIT_UNUSABLE, None


def _shown(file: ConfigFile, config: Path) -> Shown:
    """What to edit: the file with its secrets masked, or the example where there is none."""
    from migpt_shared.settings import SettingsError
    from migpt_shared.settings.example import example_config

    try:
        shown = file.shown()
    except SettingsError as error:
        raise ConfigUnusableError(error.problems) from error
    return shown if config.exists() else replace(shown, text=example_config())


def _through(command: list[str], text: str) -> str:
    """The text after the editor has had it. Raises CommandFailedError when the editor fails."""
    with tempfile.TemporaryDirectory(prefix="migpt-") as folder:  # its owner's alone
        draft = Path(folder, "config.toml")
        draft.write_text(text, encoding="utf-8")
        try:
            code = subprocess.call([*command, str(draft)])  # noqa: S603 - the editor that the person chose
            if code == 0:
                return draft.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            pass
    raise CommandFailedError(_EDITOR_FAILED, exit_code=EXIT_FAILED, editor=command[0])


def _saved(file: ConfigFile, edited: Shown, config: Path) -> Settings | None:
    """The settings of the text that is now in the file; None when it would not load, which was told."""
    from migpt_shared.editing import ChangedMeanwhileError
    from migpt_shared.settings import SettingsError

    try:
        return file.save(edited)
    except SettingsError as error:
        tell_config_problems(ConfigUnusableError(error.problems))
        return None
    except ChangedMeanwhileError:
        draft = _keep(config, edited.text)
        raise CommandFailedError(_MEANWHILE, exit_code=EXIT_FAILED, file=config.name, draft=draft) from None
    except OSError as error:
        raise CommandFailedError(_NOT_WRITTEN, exit_code=EXIT_FAILED, reason=error) from error


def _wants_again() -> bool:
    if not sys.stdin.isatty():
        return False
    sys.stderr.write(_AGAIN.in_(help_language()))
    sys.stderr.flush()
    line = sys.stdin.readline()
    return bool(line) and line.strip().lower() not in ("q", "quit")


def _keep(config: Path, text: str) -> Path:
    """Where a text is that was not saved: a person has worked on it, and may have written a secret."""
    from migpt_shared.private_file import write_private

    draft = config.absolute().with_name(f"{config.name}.draft")
    write_private(draft, text)
    return draft
