"""More or fewer replicas of a service: what may be asked for, and doing it."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from migpt_cli.containers.project import Container, Project
from migpt_cli.outcome import EXIT_UNUSABLE, CommandFailedError
from migpt_shared.language import Phrase

#: Services of which several share the work. The others are one by nature: they hold a port, or keys.
SCALABLE = ("poller", "brain", "speaker", "ha_bridge")
_MOST = 64
_HEALTHY_WITHIN_S = 60.0
_LOOK_EVERY_S = 0.5

_FORM = Phrase(
    zh="“{given}”应写成 服务=数量，如 poller=3；服务是 {services}，数量 1 到 {most}",
    en='"{given}" must be SERVICE=NUMBER, such as poller=3; SERVICE is one of {services}, NUMBER from 1 to {most}',
)
_NO_COMPOSE = Phrase(zh="没有找到 docker 命令，请安装 Docker", en="the docker command is missing; install Docker")
_COMPOSE_FAILED = Phrase(zh="docker compose 失败：{words}", en="docker compose failed: {words}")
_NOT_WELL = Phrase(
    zh="{limit:g} 秒后仍不健康：{names}（看日志：./migpt ps --logs 20）",
    en="not healthy after {limit:g} s: {names} (their logs: ./migpt ps --logs 20)",
)


def wanted_replicas(given: Sequence[str]) -> dict[str, int]:
    """From `poller=3`. Raises CommandFailedError with the form that is understood."""
    wanted: dict[str, int] = {}
    for one in given:
        service, _, number = one.partition("=")
        if service not in SCALABLE or not (number.isascii() and number.isdigit() and 1 <= int(number) <= _MOST):
            raise CommandFailedError(
                _FORM, exit_code=EXIT_UNUSABLE, given=one, services=", ".join(SCALABLE), most=_MOST
            )
        wanted[service] = int(number)
    return wanted


def scale(project: Project, folder: Path, wanted: Mapping[str, int]) -> list[Container]:
    """Have so many replicas of each service, and wait until they are healthy. Raises CommandFailedError.

    Running containers stay as they are; `folder` has docker-compose.yml.
    """
    project.containers()  # says so when there is nothing to be scaled
    program = shutil.which("docker")
    if program is None:
        raise CommandFailedError(_NO_COMPOSE, exit_code=EXIT_UNUSABLE)
    replicas = [part for service, number in wanted.items() for part in ("--scale", f"{service}={number}")]
    command = [program, "compose", "-p", project.name, "up", "-d", "--no-recreate", "--no-build", "--no-deps"]
    done = subprocess.run(  # noqa: S603 - the user's own docker
        [*command, *replicas, *wanted],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise CommandFailedError(_COMPOSE_FAILED, words=done.stderr.strip()[-500:])
    return until_well(lambda: [one for one in project.containers() if one.service in wanted])


def until_well(look: Callable[[], list[Container]]) -> list[Container]:
    """Wait until all are healthy. Raises CommandFailedError with the names of those that are not."""
    deadline = time.monotonic() + _HEALTHY_WITHIN_S
    while True:
        containers = look()
        unwell = [f"{one.service}-{one.number}" for one in containers if not one.is_well]
        if not unwell:
            return containers
        if time.monotonic() > deadline:
            raise CommandFailedError(_NOT_WELL, limit=_HEALTHY_WITHIN_S, names=", ".join(unwell))
        time.sleep(_LOOK_EVERY_S)
