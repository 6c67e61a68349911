"""An engine and images for all tests of this layer."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.docker.compose_project import FIGURES, WANTED, ComposeProject, engine_environment


@pytest.fixture(scope="session")
def images() -> Iterator[ComposeProject]:
    """A project whose images are built."""
    if not os.environ.get(WANTED):
        pytest.skip(f"images are built and containers started only on demand: {WANTED}=1")
    environment = engine_environment()
    if isinstance(environment, str):
        pytest.skip(environment)
    project = ComposeProject(environment, profiles=("demo",))
    try:
        project.build()
        yield project
    finally:
        project.remove_images()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if FIGURES:
        terminalreporter.section("measured in containers")
        for line in FIGURES:
            terminalreporter.write_line(line)
