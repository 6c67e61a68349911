"""Finds mosquitto, or has the system's package manager install it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from migpt_cli.problem import ProblemError
from migpt_shared.language import Phrase

Command = tuple[str, ...]

# Package managers put it where an ordinary user's PATH does not lead.
_FURTHER_FOLDERS = (
    "/usr/sbin",
    "/usr/local/sbin",
    "/opt/homebrew/sbin",
    "/opt/homebrew/bin",
    r"C:\Program Files\mosquitto",
    r"C:\Program Files (x86)\mosquitto",
)

_INSTALLING = Phrase(
    zh="没有找到 mosquitto，正在安装：{command}（设置 MIGPT_NO_INSTALL=1 可禁止）",
    en="mosquitto was not found, installing it: {command} (MIGPT_NO_INSTALL=1 forbids this)",
)
_MISSING = Phrase(
    zh="没有找到 mosquitto。请先安装：{command}", en="mosquitto was not found. Please install it: {command}"
)
_NOT_RUNNABLE = Phrase(
    zh="MIGPT_MOSQUITTO 指定的 {program} 无法运行。请改正或取消这个变量。",
    en="MIGPT_MOSQUITTO names {program}, which cannot be run. Correct the variable or unset it.",
)
_FAILED = Phrase(
    zh="安装 mosquitto 失败（{command}）：{reason}", en="installing mosquitto failed ({command}): {reason}"
)


@dataclass(frozen=True, slots=True)
class Installer:
    """How one package manager installs mosquitto."""

    install: Command
    refresh: Command | None = None
    """brings the package lists, where installing fails without them"""
    needs_root: bool = True
    switch_off: Command | None = None
    """keeps the system service, which the package starts, from running; we use a process of our own"""


_INSTALLERS = {
    "apt-get": Installer(
        install=("apt-get", "install", "-y", "-q", "--no-install-recommends", "mosquitto"),
        refresh=("apt-get", "update", "-q"),
        switch_off=("systemctl", "disable", "--now", "mosquitto"),
    ),
    "dnf": Installer(("dnf", "install", "-y", "-q", "mosquitto")),
    "apk": Installer(("apk", "add", "--no-cache", "mosquitto")),
    "pacman": Installer(("pacman", "-S", "--noconfirm", "mosquitto"), refresh=("pacman", "-Sy")),
    "zypper": Installer(("zypper", "--non-interactive", "install", "mosquitto")),
    "brew": Installer(("brew", "install", "-q", "mosquitto"), needs_root=False),
}


def find_mosquitto() -> Path | None:
    """The mosquitto that MIGPT_MOSQUITTO names, else the one on PATH or in the folders where packages put it.

    None when there is none. Raises ProblemError when the one that is named cannot be run.
    """
    if named := os.environ.get("MIGPT_MOSQUITTO"):
        if shutil.which(named) is None:
            raise ProblemError(_NOT_RUNNABLE, program=named)
        return Path(named)
    found = shutil.which("mosquitto") or shutil.which("mosquitto", path=os.pathsep.join(_FURTHER_FOLDERS))
    return Path(found) if found else None


def choose_installer(available: Callable[[str], object]) -> Installer | None:
    """The first package manager that is there."""
    return next((installer for name, installer in _INSTALLERS.items() if available(name)), None)


def as_root(command: Command, *, is_root: bool) -> Command:
    """The command as it must be called; never asks for a password."""
    return command if is_root else ("sudo", "-n", *command)


def ensure_mosquitto(announce: Callable[[Phrase, Command], None]) -> Path:
    """The path of mosquitto, after installing it where that may be done: as root, with password-less sudo, or by brew.

    `announce` is told before anything is installed. Raises ProblemError with what to do when there is no mosquitto.
    """
    if found := find_mosquitto():
        return found
    installer = choose_installer(shutil.which)
    if installer is None:
        hint = "winget install EclipseFoundation.Mosquitto" if sys.platform == "win32" else "mosquitto >= 2.0"
        raise ProblemError(_MISSING, command=hint)
    is_root = sys.platform != "win32" and os.geteuid() == 0
    by_hand = " ".join(installer.install if is_root or not installer.needs_root else ("sudo", *installer.install))
    may_install = not installer.needs_root or is_root or _run(("sudo", "-n", "true")) is None
    if os.environ.get("MIGPT_NO_INSTALL") or not may_install:
        raise ProblemError(_MISSING, command=by_hand)
    has_right = is_root or not installer.needs_root
    announce(_INSTALLING, as_root(installer.install, is_root=has_right))
    reason = install(installer, is_root=has_right, has_systemd=Path("/run/systemd/system").is_dir(), run=_run)
    found = find_mosquitto()
    if found is None:
        raise ProblemError(_FAILED, command=by_hand, reason=reason or "?")
    return found


def install(
    installer: Installer, *, is_root: bool, has_systemd: bool, run: Callable[[Command], str | None]
) -> str | None:
    """Installs, with fresh package lists if it fails without. Gives None or why it failed, as `run` does."""
    reason = run(as_root(installer.install, is_root=is_root))
    if reason is not None and installer.refresh is not None:
        run(as_root(installer.refresh, is_root=is_root))
        reason = run(as_root(installer.install, is_root=is_root))
    if reason is None and installer.switch_off is not None and has_systemd:
        run(as_root(installer.switch_off, is_root=is_root))
    return reason


def _run(command: Sequence[str]) -> str | None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(  # noqa: S603 - the commands above, no shell
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", check=False
        )
    except OSError as error:
        return str(error)
    if done.returncode == 0:
        return None
    lines = (done.stderr or done.stdout).strip().splitlines()
    return lines[-1] if lines else f"exit code {done.returncode}"
