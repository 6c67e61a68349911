"""Containers as the command line sees them, with an engine that is made up."""

from __future__ import annotations

from typing import Any

import pytest

from migpt_cli.containers.project import Project, open_project
from migpt_cli.containers.scaling import until_well, wanted_replicas
from migpt_cli.outcome import CommandFailedError


class MadeUpContainer:
    def __init__(
        self, service: str, number: int = 1, *, state: str = "running", health: str | None = "healthy"
    ) -> None:
        prefix = "com.docker.compose"
        self.labels = {f"{prefix}.service": service, f"{prefix}.container-number": str(number)}
        said = [{"ExitCode": 0 if health == "healthy" else 1, "Output": "not connected to the broker\n"}]
        checks = {"Health": {"Status": health, "Log": said}} if health else {}
        self.attrs = {"State": {"Status": state, **checks}, "RestartCount": 2}

    def stats(self, **_: object) -> dict[str, Any]:
        return {"memory_stats": {"usage": 50 * 2**20, "limit": 256 * 2**20, "stats": {"inactive_file": 2 * 2**20}}}

    def logs(self, tail: int) -> bytes:
        return "".join(f"line {n}\n" for n in range(3 - tail, 3)).encode()


class MadeUpEngine:
    def __init__(self, *containers: MadeUpContainer) -> None:
        self.containers = self
        self._all = containers

    def list(self, **_: object) -> tuple[MadeUpContainer, ...]:
        return self._all


def test_what_is_shown_of_each() -> None:
    engine = MadeUpEngine(
        MadeUpContainer("speaker", 2, health="unhealthy"),
        MadeUpContainer("brain", state="exited", health=None),
        MadeUpContainer("speaker"),
    )
    brain, first, second = Project(engine, "migpt").containers(lines=1)
    assert (brain.service, brain.state, brain.memory_mb, brain.is_well) == ("brain", "exited", None, False)
    assert (first.number, first.memory_mb, first.memory_limit_mb, first.restarts) == (1, 48, 256, 2)
    assert first.is_well
    assert not first.problem
    assert (second.health, second.problem, second.is_well) == ("unhealthy", "not connected to the broker", False)
    assert first.last_lines == ("line 2",)


def test_no_containers_says_what_to_do() -> None:
    with pytest.raises(CommandFailedError, match="docker compose up -d"):
        Project(MadeUpEngine(), "migpt").containers()


def test_without_an_engine_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with pytest.raises(CommandFailedError, match="no Docker engine") as refused, open_project("migpt"):
        pass
    assert refused.value.exit_code == 2


@pytest.mark.parametrize(
    "given", ["poller", "poller=", "poller=0", "poller=-1", "poller=three", "mosquitto=2", "poller=99", "poller=²"]
)
def test_what_cannot_be_scaled(given: str) -> None:
    with pytest.raises(CommandFailedError, match="SERVICE=NUMBER"):
        wanted_replicas([given])


def test_replicas_that_are_wanted() -> None:
    assert wanted_replicas(["poller=3", "brain=2"]) == {"poller": 3, "brain": 2}


def test_it_waits_until_all_are_well() -> None:
    looks = [
        Project(MadeUpEngine(MadeUpContainer("brain", health=health)), "migpt").containers()
        for health in ("starting", "healthy")
    ]
    assert until_well(lambda: looks.pop(0))[0].is_well
    assert not looks
