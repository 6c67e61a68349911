"""Keeps services running: starts them, starts them again when they die, and stops them all in order."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from migpt_cli.up.child import Child
from migpt_cli.up.restart_budget import RestartBudget
from migpt_shared.settings import Settings
from migpt_shared.surroundings import EXIT_UNUSABLE

#: Those that every household needs.
_ALWAYS = ("poller", "brain", "speaker")
_BRIDGE = "ha_bridge"
_CONSOLE = "console"


def services_for(settings: Settings) -> tuple[str, ...]:
    """The services to run: the bridge to Home Assistant only where a household has one, the console if it is wanted."""
    bridge = (_BRIDGE,) if any(settings.home_of(household) is not None for household in settings.households) else ()
    return (*_ALWAYS, *bridge, *((_CONSOLE,) if settings.console.enabled else ()))


@dataclass(frozen=True, slots=True)
class Program:
    """What to run, under which name it is shown."""

    name: str
    command: tuple[str, ...]

    @classmethod
    def service(cls, name: str, config: Path) -> Program:
        """One of our services, with the interpreter that runs us."""
        # -P: a file in the working directory must not stand in for a package.
        return cls(name, (sys.executable, "-P", "-m", f"migpt_{name}", "--config", str(config)))


class Witness(Protocol):
    """Is told what happens; all methods return quickly."""

    def line(self, name: str, line: str) -> None:
        """A program wrote a line."""

    def died(self, name: str, code: int, again_in_s: float) -> None:
        """A program died and is started again after so many seconds."""

    def unusable(self, name: str) -> None:
        """A program says that it cannot start with these settings; it is not started again."""


class Supervisor:
    """Runs programs until told to stop."""

    def __init__(self, programs: Sequence[Program], environment: Mapping[str, str], witness: Witness) -> None:
        self._programs = tuple(programs)
        self._environment = dict(environment)
        self._witness = witness
        self._children: dict[str, Child] = {}

    @property
    def pids(self) -> dict[str, int]:
        """The process ids of the programs that run now."""
        return {name: child.pid for name, child in self._children.items()}

    async def run(self, stop: asyncio.Event) -> bool:
        """Run all until `stop` is set. False when a program said that it cannot start; the others are stopped then."""
        stopping = asyncio.create_task(stop.wait(), name="stop wanted")
        keeping = [asyncio.create_task(self._keep(program), name=f"keep {program.name}") for program in self._programs]
        try:
            done, _ = await asyncio.wait([stopping, *keeping], return_when=asyncio.FIRST_COMPLETED)
            for task in done - {stopping}:
                task.result()  # a fault of ours is not hidden
            return stopping in done
        finally:
            for task in (stopping, *keeping):
                task.cancel()
            await asyncio.gather(stopping, *keeping, return_exceptions=True)

    async def _keep(self, program: Program) -> None:
        """Returns only when the program cannot start with these settings."""
        budget = RestartBudget()
        while True:
            began = time.monotonic()
            code = await self._run_once(program)
            if code == EXIT_UNUSABLE:
                self._witness.unusable(program.name)
                return
            now = time.monotonic()
            pause_s = budget.died(now, now - began)
            self._witness.died(program.name, code, pause_s)
            await asyncio.sleep(pause_s)

    async def _run_once(self, program: Program) -> int:
        child = await Child.start(program.name, program.command, self._environment)
        self._children[program.name] = child
        reading = asyncio.create_task(self._read(child), name=f"read {program.name}")
        try:
            code = await child.wait()
            await reading
        except asyncio.CancelledError:
            # What it writes while it stops is read too.
            await child.stop()
            await reading
            raise
        finally:
            reading.cancel()
            self._children.pop(program.name, None)
        return code

    async def _read(self, child: Child) -> None:
        async for line in child.lines():
            self._witness.line(child.name, line)
