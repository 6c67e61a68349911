"""Makes the environment of the checkout, or what is missing of it; used by `bootstrap` when something is missing.

A new environment grows in `.venv.building` and takes its place by a rename, complete or not at all. A lock keeps a
second start waiting meanwhile. Standard library only.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import deque
from typing import TYPE_CHECKING

from bootstrap import MARKER, read_marker, venv_python
from build_progress import Progress, words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_TAIL_LINES = 12
WHEELS = "wheels"


class BuildError(Exception):
    """The environment could not be made; the text says what to do about it."""


@contextlib.contextmanager
def only_one(path: str, on_wait: Callable[[], None]) -> Iterator[None]:
    """Holds the lock file; calls `on_wait` once if somebody else has it and then waits for its end.

    The programs started meanwhile inherit the file and with it the lock: should this process be killed, nobody begins
    anew before they have ended too.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        if sys.platform == "win32":
            import msvcrt

            while True:
                try:
                    msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
                    break
                except OSError:
                    on_wait()
                    on_wait = _nothing
                    time.sleep(0.2)  # there is no call that waits for as long as it takes
        else:
            import fcntl

            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                on_wait()
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            os.set_inheritable(descriptor, True)
        yield
    finally:
        os.close(descriptor)


def _nothing() -> None:
    pass


@contextlib.contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Lets the signals that ask for an end raise, so that what was begun is cleared away."""

    def end(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {number: signal.signal(number, end) for number in numbers if signal.getsignal(number) != signal.SIG_IGN}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def move_scripts(venv: str, old: str, new: str) -> None:
    """Rewrites the scripts of an environment that name the place `old` so that they work at the place `new`."""
    folder = os.path.dirname(venv_python(venv))
    paths = [entry.path for entry in os.scandir(folder) if entry.is_file(follow_symlinks=False)]
    for path in [*paths, os.path.join(venv, "pyvenv.cfg")]:
        with open(path, "rb") as file:
            content = file.read()
        moved = content.replace(os.fsencode(old), os.fsencode(new))
        first, _, rest = moved.partition(b"\n")
        if first.startswith(b"#!/") and b" " in first and first not in content:
            # The kernel would end the interpreter's path at the space: the shell finds it, and Python reads a string.
            moved = b"#!/bin/sh\n'''exec' \"" + first[2:] + b'" "$0" "$@"\n\' \'\'\'\n' + rest
        if moved != content:
            with open(path, "wb") as file:
                file.write(moved)


def _kill_with_children(process: subprocess.Popen[str]) -> None:
    """Ends a program at once, and those that it started, which would go on writing."""
    if sys.platform == "win32":
        process.kill()
    else:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _remove(folder: str) -> None:
    for _ in range(20):
        shutil.rmtree(folder, ignore_errors=True)
        if not os.path.lexists(folder):
            return
        time.sleep(0.05)  # a program that was just killed may not be quite gone


def write_marker(venv: str, marker: dict[str, str]) -> None:
    """Replaces what the environment says of itself, whole or not at all."""
    path = os.path.join(venv, MARKER)
    with open(f"{path}.new", "w", encoding="utf-8") as file:
        json.dump(marker, file, indent=1)
    os.replace(f"{path}.new", path)


def venv_package() -> str:
    """The Debian package with the `ensurepip` of the Python that runs this."""
    base = os.path.realpath(_base_python())
    is_default = os.path.realpath("/usr/bin/python3") == base
    return "python3-venv" if is_default else f"python{sys.version_info.major}.{sys.version_info.minor}-venv"


def _base_python() -> str:
    """The Python outside of any environment; environments are made by it."""
    return getattr(sys, "_base_executable", sys.executable)


class Builder:
    """Makes the environment of one checkout."""

    def __init__(self, root: str, members: list[str]) -> None:
        self._root = root
        self._members = members
        self._venv = os.path.join(root, ".venv")
        self._progress = Progress()

    def make(self, wanted: dict[str, str], missing: Callable[[], list[str]]) -> None:
        """Makes the stages that `missing` names from what `wanted` says.

        Raises BuildError; a finished environment that was there before is then still there.
        """
        with contextlib.suppress(AttributeError):
            sys.stderr.reconfigure(errors="replace")  # type: ignore[union-attr]
        try:
            with only_one(f"{self._venv}.lock", self._say_waiting), _ended_by_signals():
                stages = missing()
                if stages[:1] == ["runtime"]:
                    self._replace(wanted)
                else:
                    for stage in stages:
                        self._add(stage, wanted[stage])
                if stages:
                    self._progress.done()
        except OSError as error:
            where = error.filename or self._root
            raise BuildError(
                words(
                    f"无法在 {where} 写入环境：{error.strerror}。请检查权限与磁盘空间，并先停止正在运行的 migpt。",
                    f"cannot write the environment at {where}: {error.strerror}. "
                    "Check permissions and disk space, and stop a migpt that is running.",
                )
            ) from error

    def _say_waiting(self) -> None:
        self._progress.line(
            words("另一个 migpt 正在准备环境，等待其完成…", "another migpt is preparing the environment, waiting …")
        )

    def _replace(self, wanted: dict[str, str]) -> None:
        building, old = f"{self._venv}.building", f"{self._venv}.building-old"
        self._ensure_ensurepip()
        self._progress.step(
            words(
                "正在准备运行环境（只需一次，约一分钟，需要网络）",
                "preparing the environment (once only, about a minute, needs network)",
            )
        )
        for leftover in (building, old):
            _remove(leftover)
        try:
            self._run([_base_python(), "-I", "-m", "venv", "--clear", "--prompt", "migpt", building])
            for stage in wanted:
                self._make_stage(building, stage)
            move_scripts(building, building, self._venv)
            python = os.path.realpath(venv_python(building))
            write_marker(building, {"python": python, "place": self._venv, **wanted})
            if os.path.lexists(self._venv):
                os.rename(self._venv, old)
            os.rename(building, self._venv)
        finally:
            for leftover in (building, old):
                _remove(leftover)

    def _add(self, stage: str, source: str) -> None:
        marker = read_marker(self._venv)
        marker.pop(stage, None)
        write_marker(self._venv, marker)
        if marker["place"] != self._venv:
            move_scripts(self._venv, marker["place"], self._venv)
            marker["place"] = self._venv
            write_marker(self._venv, marker)
        self._make_stage(self._venv, stage)
        write_marker(self._venv, {**marker, stage: source})

    def _make_stage(self, venv: str, stage: str) -> None:
        match stage:
            case "runtime":
                self._install_lock(venv, "requirements.lock", words("安装所需的库", "installing packages"))
            case "tests":
                self._install_lock(venv, "requirements-test.lock", words("安装测试工具", "installing test tools"))
            case "members":
                self._progress.step(words("安装 migpt 自身", "installing migpt itself"))
                links = [part for folder in self._members for part in ("-e", os.path.join(self._root, folder))]
                self._pip(venv, ["--no-index", "--no-deps", "--no-build-isolation", *links])
            case _:
                raise AssertionError(stage)

    def _install_lock(self, venv: str, name: str, title: str) -> None:
        path = os.path.join(self._root, name)
        with open(path, encoding="utf-8") as file:
            total = len(re.findall(r"^[\w.-]+(?:\[.*\])?==", file.read(), flags=re.MULTILINE))
        self._progress.step(f"{title} ({total})")
        count = 0

        def follow(line: str) -> None:
            nonlocal count
            if found := re.match(r"Collecting ([\w.-]+)", line):
                count += 1
                self._progress.detail(f"{title} {count}/{total} {found[1]}")
            elif line.startswith("Installing collected packages"):
                self._progress.detail(f"{title} {total}/{total}")

        arguments = ["--require-hashes", "--no-deps", "-r", path]
        wheels = os.path.join(self._root, WHEELS)
        if os.path.isdir(wheels):  # a portable package that was made with them
            try:
                self._pip(venv, ["--no-index", "--find-links", wheels, *arguments], follow)
            except BuildError:
                self._progress.line(
                    words(
                        "自带的库不适合这台电脑，改从网络安装",
                        "the packages at hand do not fit here, getting others",
                    )
                )
            else:
                return
        self._pip(venv, arguments, follow)

    def _pip(self, venv: str, arguments: list[str], on_line: Callable[[str], None] | None = None) -> None:
        pip = [venv_python(venv), "-I", "-m", "pip", "--disable-pip-version-check", "--no-input", "install"]
        self._run([*pip, *arguments], on_line)

    def _run(self, command: list[str], on_line: Callable[[str], None] | None = None) -> None:
        tail: deque[str] = deque(maxlen=_TAIL_LINES)
        # A user's settings for installing elsewhere make no sense inside an environment.
        environment = {key: value for key, value in os.environ.items() if key not in {"PIP_TARGET", "PIP_PREFIX"}}
        environment["PIP_USER"] = "0"
        process = subprocess.Popen(  # noqa: S603 - programs named here, no shell
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            env=environment,
            close_fds=False,
            start_new_session=os.name != "nt",
        )
        try:
            with process.stdout or contextlib.nullcontext(()) as lines:
                for line in lines:
                    tail.append(line)
                    if on_line is not None:
                        on_line(line)
            code = process.wait()
        except BaseException:
            _kill_with_children(process)
            raise
        if code != 0:
            self._progress.line(words("失败，输出的最后几行：", "failed; the last lines of its output:"))
            sys.stderr.write("".join(tail))
            raise BuildError(
                words(
                    "环境没有准备好，什么都没有改动。请检查网络（可用 pip config 设置镜像）后重试。",
                    "the environment was not made, nothing was changed. "
                    "Check the network (a mirror can be set with pip config) and try again.",
                )
            )

    def _ensure_ensurepip(self) -> None:
        """Makes sure that an environment can have pip, which Debian and its relatives keep in a package of its own."""
        if importlib.util.find_spec("ensurepip") is not None:
            return
        if shutil.which("apt-get") is None:
            raise BuildError(
                words(
                    "这个 Python 没有 ensurepip，请先安装系统的 venv 软件包，再重试。",
                    "this Python has no ensurepip; install the system's package for venv first.",
                )
            )
        command = f"apt install {venv_package()}"
        is_root = hasattr(os, "geteuid") and os.geteuid() == 0
        if is_root and not os.environ.get("MIGPT_NO_INSTALL"):
            self._progress.line(words(f"缺少 ensurepip，正在安装：{command}", f"ensurepip is missing: {command}"))
            if self._apt_install(venv_package()):
                return
        command = command if is_root else f"sudo {command}"
        raise BuildError(
            words(
                f"这个 Python 没有 ensurepip，请先运行：{command}",
                f"this Python has no ensurepip; run first: {command}",
            )
        )

    def _apt_install(self, package: str) -> bool:
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        install = ["apt-get", "install", "-y", "-q", "--no-install-recommends", package]
        # A fresh container has no package lists yet.
        for commands in ([install], [["apt-get", "update", "-q"], install]):
            results = [
                subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False)  # noqa: S603
                for command in commands
            ]
            if results[-1].returncode == 0:
                importlib.invalidate_caches()
                return importlib.util.find_spec("ensurepip") is not None
        sys.stderr.write(results[-1].stderr.decode(errors="replace")[-1000:])
        return False
