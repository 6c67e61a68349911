"""The containers of a compose project, by the Docker SDK."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from migpt_cli.outcome import EXIT_UNUSABLE, CommandFailedError
from migpt_shared.language import Phrase

_PROJECT = "com.docker.compose.project"
_SERVICE = "com.docker.compose.service"
_NUMBER = "com.docker.compose.container-number"
_ONE_OFF = "com.docker.compose.oneoff"
_TIMEOUT_S = 20

_NO_ENGINE = Phrase(
    zh="这里没有可用的 Docker（{reason}）。不用 Docker 时请用 ./migpt up 和 ./migpt speakers。",
    en="no Docker engine answers here ({reason}). Without Docker there are ./migpt up and ./migpt speakers.",
)
_NONE = Phrase(
    zh="没有项目“{project}”的容器。先运行 docker compose up -d；别的项目名用 --project",
    en='there are no containers of the project "{project}". Run docker compose up -d first; --project names another',
)


@dataclass(frozen=True, slots=True)
class Container:
    """One container as it is now."""

    service: str
    number: int
    state: str
    """running, exited, restarting, …"""
    health: str
    """healthy, unhealthy, starting; empty without a health check"""
    problem: str
    """what the last health check said, if it failed"""
    restarts: int
    memory_mb: float | None
    """in use, without what the kernel can drop; None when it does not run"""
    memory_limit_mb: float | None
    last_lines: tuple[str, ...]

    @property
    def is_well(self) -> bool:
        return self.state == "running" and self.health in ("healthy", "")


class Project:
    """The containers with a project's label. Raises CommandFailedError when the engine stops answering."""

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self.name = name

    def containers(self, *, lines: int = 0) -> list[Container]:
        """All of them, sorted, each with its last lines. Raises CommandFailedError when there are none."""
        found = [
            one
            for one in self._client.containers.list(all=True, filters={"label": f"{_PROJECT}={self.name}"})
            if one.labels.get(_ONE_OFF, "False") != "True"
        ]
        if not found:
            raise CommandFailedError(_NONE, project=self.name)
        return sorted((_container(one, lines) for one in found), key=lambda one: (one.service, one.number))


@contextmanager
def open_project(name: str) -> Iterator[Project]:
    """The project on the engine that `docker` would use. Raises CommandFailedError without an engine."""
    import docker
    from docker.errors import DockerException
    from requests.exceptions import RequestException

    try:
        client = docker.from_env(timeout=_TIMEOUT_S)
        try:
            yield Project(client, name)
        finally:
            client.close()
    except (DockerException, RequestException, OSError) as error:
        raise CommandFailedError(_NO_ENGINE, exit_code=EXIT_UNUSABLE, reason=_in_short(error)) from error


def _container(one: Any, lines: int) -> Container:
    state = one.attrs["State"]
    health = state.get("Health") or {}
    checks = health.get("Log") or []
    status = health.get("Status", "")
    memory, limit = _memory_mb(one) if state["Status"] == "running" else (None, None)
    return Container(
        service=one.labels[_SERVICE],
        number=int(one.labels.get(_NUMBER, 1)),
        state=state["Status"],
        health="" if status == "none" else status,
        problem=checks[-1]["Output"].strip() if checks and checks[-1]["ExitCode"] != 0 else "",
        restarts=one.attrs.get("RestartCount", 0),
        memory_mb=memory,
        memory_limit_mb=limit,
        last_lines=tuple(one.logs(tail=lines).decode(errors="replace").splitlines()) if lines else (),
    )


def _memory_mb(one: Any) -> tuple[float | None, float | None]:
    memory = one.stats(stream=False, one_shot=True).get("memory_stats", {})
    if "usage" not in memory:
        return None, None
    details = memory.get("stats", {})
    droppable = details.get("inactive_file", details.get("total_inactive_file", 0))
    return (memory["usage"] - droppable) / 2**20, memory.get("limit", 0) / 2**20


def _in_short(error: BaseException) -> str:
    """The innermost cause, in one line: the SDK wraps a refused connection many times."""
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__ or error
    return str(error).splitlines()[0] if str(error) else type(error).__name__
