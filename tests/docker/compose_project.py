"""A Docker engine if there is one, and the compose file as a project of its own on it."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from migpt_cli.checkout import ROOT

#: Asks for these tests: they build images and take minutes.
WANTED = "MIGPT_TEST_DOCKER"
#: A program beside the checkout that brings an engine to a machine without one: `engine up` prints variables for a
#: shell, `engine images` makes stand-ins for the base images where there is no registry of images.
_ENGINE_PROGRAM = ROOT.parent / "shared" / "docker" / "engine"
_ENGINE_LIMIT_S = 300.0
_BASES = ("python:3.13-slim", "eclipse-mosquitto:2")
_BUILD_LIMIT_S = 900.0
_COMMAND_LIMIT_S = 180.0

SERVICES = ("poller", "brain", "speaker", "ha_bridge", "console")
CONTAINERS = ("keeper", "mosquitto", *SERVICES)

#: Variables that say where ports of containers can be reached.
_LISTENERS = ("MIGPT_MQTT_LISTEN", "MIGPT_MQTTS_LISTEN", "MIGPT_CONSOLE_LISTEN")

#: What was measured; shown at the end of a run.
FIGURES: list[str] = []


def figure(words: str) -> None:
    """Show this at the end of the run."""
    FIGURES.append(words)


def engine_environment() -> dict[str, str] | str:
    """The variables with which `docker` reaches an engine, or why there is none."""
    environment = dict(os.environ)
    if _answers(environment):
        return environment if _has_bases(environment) else "no Docker engine that has or can pull the base images"
    if not os.access(_ENGINE_PROGRAM, os.X_OK):
        return "no Docker engine answers"
    for verb in ("up", "images"):
        try:
            done = subprocess.run(
                [_ENGINE_PROGRAM, verb], capture_output=True, text=True, timeout=_ENGINE_LIMIT_S, check=False
            )
        except subprocess.TimeoutExpired:
            return f"no Docker engine could be started within {_ENGINE_LIMIT_S:.0f} s"
        if done.returncode != 0:
            return f"no Docker engine could be started: {done.stderr.strip()[-200:]}"
        if verb == "up":
            for line in done.stdout.splitlines():
                name, _, value = line.removeprefix("export ").partition("=")
                environment[name] = shlex.split(value)[0].replace("$PATH", environment["PATH"])
    return environment if _answers(environment) else "no Docker engine answers"


def _answers(environment: Mapping[str, str]) -> bool:
    try:
        done = subprocess.run(
            ["docker", "compose", "version"], env=dict(environment), capture_output=True, timeout=30, check=False
        )
        if done.returncode != 0:
            return False
        info = ["docker", "info", "--format", "{{.ServerVersion}}"]
        return subprocess.run(info, env=dict(environment), capture_output=True, timeout=30, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _has_bases(environment: Mapping[str, str]) -> bool:
    """Whether the images that ours stand on are there, or can be pulled."""
    for image in _BASES:
        for command in (["docker", "image", "inspect", image], ["docker", "pull", "--quiet", image]):
            try:
                if (
                    subprocess.run(
                        command, env=dict(environment), capture_output=True, timeout=_ENGINE_LIMIT_S, check=False
                    ).returncode
                    == 0
                ):
                    break
            except subprocess.TimeoutExpired:
                return False
        else:
            return False
    return True


class ComposeProject:
    """The compose file under a project name of its own. What it makes is removed by `remove`."""

    def __init__(
        self,
        environment: Mapping[str, str],
        folder: Path = ROOT,
        *,
        profiles: tuple[str, ...] = (),
        variables: Mapping[str, str] | None = None,
    ) -> None:
        """`folder`: where docker-compose.yml is. `variables`: its settings."""
        self.name = f"migpt-test-{os.getpid()}"
        self._folder = folder
        # Free ports of the machine, so that several runs do not meet; named, because Docker would choose others when a
        # container starts again.
        own = {name: f"127.0.0.1:{_free_port()}" for name in _LISTENERS}
        self._environment = {**environment, **own, **(variables or {})}
        self._profiles = [part for profile in profiles for part in ("--profile", profile)]

    def with_folder(self, folder: Path, **variables: str) -> ComposeProject:
        """The same images with another folder of configuration."""
        return ComposeProject(self._environment, folder, variables=variables)

    def docker(self, *arguments: str, limit_s: float = _COMMAND_LIMIT_S, check: bool = True) -> str:
        """What `docker` printed. Raises AssertionError with its words when it fails."""
        done = subprocess.run(
            ["docker", *arguments], cwd=self._folder, env=self._environment, capture_output=True, text=True,
            timeout=limit_s, check=False,
        )  # fmt: skip
        assert not check or done.returncode == 0, f"docker {' '.join(arguments)}:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def compose(self, *arguments: str, limit_s: float = _COMMAND_LIMIT_S, check: bool = True) -> str:
        return self.docker("compose", "-p", self.name, *self._profiles, *arguments, limit_s=limit_s, check=check)

    def stream(self, arguments: Sequence[str], *, into: Path | None = None, out_of: Path | None = None) -> None:
        """A compose command whose output goes into a file, or whose input comes out of one."""
        with (into or Path(os.devnull)).open("wb") as output, (out_of or Path(os.devnull)).open("rb") as source:
            done = subprocess.run(
                ["docker", "compose", "-p", self.name, *arguments], cwd=self._folder, env=self._environment,
                stdin=source, stdout=output, stderr=subprocess.PIPE, timeout=_COMMAND_LIMIT_S, check=False,
            )  # fmt: skip
        assert done.returncode == 0, done.stderr.decode()

    def build(self) -> None:
        """The images, with what the machine has left of its time."""
        for service in (*SERVICES, "simulator", "demo", "backup", "restore"):
            self.compose("build", "-q", service, limit_s=_BUILD_LIMIT_S)

    def up(self, *services: str, scale: Mapping[str, int] | None = None) -> float:
        """Start, wait until all is healthy; how long that took, seconds."""
        replicas = [part for name, count in (scale or {}).items() for part in ("--scale", f"{name}={count}")]
        began = time.monotonic()
        self.compose("up", "-d", "--no-build", "--wait", *replicas, *services)
        return time.monotonic() - began

    def down(self) -> None:
        self.compose("down", "-v", "-t", "3", "--remove-orphans")

    def remove_images(self) -> None:
        for line in self.docker("images", "-q", f"{self.name}-*").split():
            self.docker("image", "rm", "-f", line, check=False)

    def container(self, service: str, number: int = 1) -> str:
        """The id of a container."""
        return self.docker("ps", "-aq", "--no-trunc", "-f", f"name=^{self.name}-{service}-{number}$").strip()

    def inspect(self, service: str, template: str, number: int = 1) -> str:
        return self.docker("inspect", "--format", template, self.container(service, number)).strip()

    def health(self, service: str) -> str:
        """starting, healthy or unhealthy; or the container's state when it does not run."""
        running, health = self.inspect(service, "{{.State.Status}} {{.State.Health.Status}}").split()
        return health if running == "running" else running

    def pid(self, service: str, number: int = 1) -> int:
        """The main process as the machine sees it."""
        return int(self.inspect(service, "{{.State.Pid}}", number))

    def working_pid(self, service: str) -> int:
        """The process that does the work: the only child of the container's init."""
        listed = self.docker("top", self.container(service), "-o", "pid,ppid").split()[2:]
        processes = dict(zip(map(int, listed[0::2]), map(int, listed[1::2]), strict=True))
        return next(pid for pid, parent in processes.items() if parent == self.pid(service))

    def kill(self, service: str) -> None:
        """kill -9 from outside: `docker kill` would count as stopped by hand."""
        os.kill(self.pid(service), signal.SIGKILL)

    def address(self, service: str) -> str:
        return self.inspect(service, "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}")

    def port(self, service: str, inside: int) -> int:
        """The port of this machine that leads to a port of a container."""
        return int(self.compose("port", service, str(inside)).strip().rpartition(":")[2])

    def password(self, user: str) -> str:
        return self.compose("exec", "-T", "keeper", "cat", f"/passwords/{user}").strip()

    def files(self, service: str, folder: str) -> set[str]:
        """The files below a folder of a container that its service may look at."""
        words = ("-not", "-readable", "-prune", "-o", "-type", "f", "-printf", "%P\n")
        listed = self.compose("exec", "-T", service, "find", folder, *words)
        return set(listed.split())

    def log(self, service: str, number: int) -> str:
        """What one replica has said since its container was made."""
        command = ["docker", "logs", self.container(service, number)]
        done = subprocess.run(
            command, env=self._environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True
        )
        return done.stdout

    def logs(self, service: str) -> str:
        return self.compose("logs", "--no-color", "--no-log-prefix", service)

    def until(self, condition: Callable[[], object], limit_s: float, what: str) -> float:
        """Wait for the condition; how long it took, seconds."""
        began = time.monotonic()
        while not condition():
            waited = time.monotonic() - began
            assert waited < limit_s, f"waited {waited:.0f} s for {what}\n{self.compose('ps', '-a', check=False)}"
            time.sleep(0.1)
        return time.monotonic() - began

    def image_bytes(self, image: str) -> int:
        return int(json.loads(self.docker("image", "inspect", image))[0]["Size"])


def _free_port() -> int:
    """A port below those that the machine gives away by itself: images are built before it is used."""
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def configuration_folder(folder: Path) -> Path:
    """What the compose file needs beside it, but for config.toml."""
    shutil.copytree(ROOT / "mosquitto", folder / "mosquitto")
    shutil.copytree(ROOT / "deploy" / "compose", folder / "deploy" / "compose")
    shutil.copy(ROOT / "docker-compose.yml", folder)
    return folder
