"""`migpt service`: `migpt up` as a service of systemd."""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
from pathlib import Path
from typing import Annotated

import typer

from migpt_cli.configuration import config_path, read_settings
from migpt_cli.ending import ends_properly
from migpt_cli.options import ConfigOption
from migpt_cli.outcome import EXIT_OK, EXIT_UNUSABLE, CommandFailedError, ConfigUnusableError, say_err, say_out
from migpt_cli.service_unit import NAME, Unit, unit_for
from migpt_cli.wording import help_language, words
from migpt_shared.language import Phrase

service_app = typer.Typer(
    no_args_is_help=True,
    help=words("作为 systemd 服务开机启动（不用 Docker）。", "A systemd service that starts at boot, without Docker."),
)

PrintOption = Annotated[bool, typer.Option("--print", help=words("只显示单元文件，不安装", "only print the unit file"))]

_NO_SYSTEMD = Phrase(
    zh="这台机器没有运行 systemd。可以用 --print 查看单元文件，或用 docker compose。",
    en="systemd does not run on this machine. --print shows the unit file; docker compose is another way.",
)
_FAILED = Phrase(zh="{command} 失败：{words}", en="{command} failed: {words}")
_NOT_WRITTEN = Phrase(zh="无法写入 {path}：{reason}", en="cannot write {path}: {reason}")
_INSTALLED = Phrase(
    zh="已安装并启动 {path}。查看：{status}；日志：{logs}",
    en="installed and started {path}. See {status}; logs: {logs}",
)
_LINGER = Phrase(
    zh="要在没有人登录时也运行：loginctl enable-linger {user}",
    en="to run while nobody is logged in: loginctl enable-linger {user}",
)
_REMOVED = Phrase(zh="已停止并删除 {path}", en="stopped and removed {path}")
_ABSENT = Phrase(zh="没有安装：{path} 不存在", en="not installed: there is no {path}")


@service_app.command(
    help=words(
        "安装并启动：root 装为系统服务（以检出目录的所有者运行），其他用户装为自己的服务。",
        "Install and start: as root a service of the system, run by the owner of the checkout; else one of the user.",
    )
)
@ends_properly
def install(config: ConfigOption = None, only_print: PrintOption = False) -> int:
    unit = _unit(config)
    if only_print:
        say_out(unit.text.rstrip("\n"))
        return EXIT_OK
    from migpt_cli.config_findings import surroundings_problems

    problems = surroundings_problems(read_settings(config))
    if problems:
        raise ConfigUnusableError(tuple(problem.in_(help_language()) for problem in problems))
    _require_systemd()
    try:
        unit.path.parent.mkdir(parents=True, exist_ok=True)
        unit.path.write_text(unit.text, encoding="utf-8")
    except OSError as error:
        raise CommandFailedError(_NOT_WRITTEN, path=unit.path, reason=error.strerror) from error
    _systemctl(unit, "daemon-reload")
    _systemctl(unit, "enable", NAME)
    _systemctl(unit, "restart", NAME)
    own = "" if unit.is_for_all else " --user"
    say_err(
        _INSTALLED.in_(
            help_language(), path=unit.path, status=f"systemctl{own} status migpt", logs=f"journalctl{own} -u migpt -f"
        )
    )
    if not unit.is_for_all:
        say_err(_LINGER.in_(help_language(), user=getpass.getuser()))
    return EXIT_OK


@service_app.command(help=words("停止并删除服务。", "Stop and remove the service."))
@ends_properly
def uninstall(config: ConfigOption = None) -> int:
    unit = _unit(config)
    if not unit.path.exists():
        raise CommandFailedError(_ABSENT, path=unit.path)
    _require_systemd()
    _systemctl(unit, "disable", "--now", NAME)
    unit.path.unlink()
    _systemctl(unit, "daemon-reload")
    say_err(_REMOVED.in_(help_language(), path=unit.path))
    return EXIT_OK


def _unit(config: Path | None) -> Unit:
    from migpt_cli.checkout import ROOT

    return unit_for(ROOT, config_path(config).absolute(), home=Path.home(), user=_runs_as(ROOT))


def _runs_as(checkout: Path) -> str | None:
    """As root: the owner of the checkout. Else None: a service of the user."""
    return checkout.owner() if hasattr(os, "geteuid") and os.geteuid() == 0 else None


def _require_systemd() -> None:
    if not Path("/run/systemd/system").is_dir() or shutil.which("systemctl") is None:
        raise CommandFailedError(_NO_SYSTEMD, exit_code=EXIT_UNUSABLE)


def _systemctl(unit: Unit, *arguments: str) -> None:
    command = ["systemctl", *([] if unit.is_for_all else ["--user"]), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - fixed words
    if done.returncode != 0:
        raise CommandFailedError(_FAILED, command=" ".join(command), words=done.stderr.strip())
