"""What all tests share: the layers, a broker, a watch over leaked tasks, and a loud word on what did not run."""

from __future__ import annotations

import asyncio
import inspect
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path

import pytest
import pytest_asyncio
import structlog

from migpt_cli.broker import PrivateBroker
from migpt_cli.mosquitto_program import find_mosquitto

TESTS = Path(__file__).parent
LAYERS = {  # in the order in which they run: what is quick and names the mistake best comes first
    "unit": "plain code: no socket, no process",
    "contract": "every message and every bus against what is promised",
    "broker": "one part with a real mosquitto",
    "console": "the web console and its API, in a real browser",
    "system": "all services as processes, with a simulated cloud",
    "faults": "the same while something breaks",
    "home_assistant": "the bridge beside a real Home Assistant",
    "docker": "images and the compose file, with a Docker engine",
}

#: Layers of real processes, which a starved machine can make late: a failure there is repeated once, and both are told.
REPEATED = ("contract", "broker", "console", "system", "faults", "home_assistant", "docker")

#: How mosquitto is come by.
_KEPT = ("MIGPT_NO_INSTALL", "MIGPT_MOSQUITTO", "MIGPT_INTENT_DATA", "MIGPT_TEST_DOCKER")

_prefixes = count(1)


def pytest_configure(config: pytest.Config) -> None:
    # A shell lets what it starts in its background ignore Ctrl+C, and every process of a test would inherit that.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # What is set for the person at this machine, its language above all, is not what the tests expect.
    for name in [name for name in os.environ if name.startswith("MIGPT_") and name not in _KEPT]:
        del os.environ[name]
    for layer, meaning in LAYERS.items():
        config.addinivalue_line("markers", f"{layer}: {meaning}")


def _layer(item: pytest.Item) -> str | None:
    parts = item.path.relative_to(TESTS).parts if item.path.is_relative_to(TESTS) else ()
    return parts[0] if parts and parts[0] in LAYERS else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if layer := _layer(item):
            item.add_marker(layer)
            if layer in REPEATED:
                item.add_marker(pytest.mark.flaky(reruns=1))
    order: dict[str | None, int] = {layer: position for position, layer in enumerate(LAYERS)}
    items.sort(key=lambda item: order.get(_layer(item), len(order)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for report in terminalreporter.stats.get("rerun", []):
        terminalreporter.section(f"FAILED AT FIRST, AND WAS REPEATED: {report.nodeid}", sep="!", yellow=True, bold=True)
        terminalreporter.write_line(report.longreprtext)
    skipped = terminalreporter.stats.get("skipped", [])
    if not skipped:
        return
    reasons = Counter(report.longrepr[2] if isinstance(report.longrepr, tuple) else "" for report in skipped)
    terminalreporter.section(f"NOT RUN: {len(skipped)} tests", sep="!", red=True, bold=True)
    for reason, number in reasons.most_common():
        terminalreporter.write_line(f"{number:5} × {reason.removeprefix('Skipped: ')}", red=True)


@pytest.fixture(autouse=True)
def _own_logs() -> Iterator[None]:
    """What a test does to the log settings, as a command of the command line does, ends with it."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.fixture(scope="session")
def mosquitto() -> Path:
    """The mosquitto to test with: the one that MIGPT_MOSQUITTO names, else the one found."""
    if (program := find_mosquitto()) is None:
        pytest.skip("mosquitto is not installed (apt install mosquitto)")
    return program


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def broker(mosquitto: Path) -> AsyncIterator[PrivateBroker]:
    """A running mosquitto for all tests of this process. Keep apart by `topic_prefix`; never stop it."""
    async with PrivateBroker(mosquitto) as running:
        yield running


@pytest.fixture
def topic_prefix() -> str:
    """A topic prefix that no other test uses."""
    return f"test_{os.getpid()}_{next(_prefixes)}"


@pytest.fixture(autouse=True)
def _leaves_no_tasks(request: pytest.FixtureRequest) -> None:
    """Fails an async test that leaves tasks running."""
    if inspect.iscoroutinefunction(getattr(request, "function", None)):
        request.getfixturevalue("_task_watch")


@pytest_asyncio.fixture
async def _task_watch() -> AsyncIterator[None]:
    before = asyncio.all_tasks()
    yield
    leaked = asyncio.all_tasks() - before - {asyncio.current_task()}
    names = sorted(f"{task.get_name()}: {task.get_coro()}" for task in leaked)
    for task in leaked:
        task.cancel()
    await asyncio.gather(*leaked, return_exceptions=True)
    assert not names, "tasks left running:\n" + "\n".join(names)
