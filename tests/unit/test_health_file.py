"""The health of a process as it is seen from outside."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from migpt_shared.health_file import STALE_AFTER_S, report, trouble


def test_a_fresh_report_without_a_problem_is_well(tmp_path: Path) -> None:
    file = tmp_path / "health"
    report(file, "")
    assert trouble(file, file.stat().st_mtime + STALE_AFTER_S) is None


def test_a_problem_is_told(tmp_path: Path) -> None:
    file = tmp_path / "health"
    report(file, "not connected to the broker")
    assert trouble(file, file.stat().st_mtime) == "not connected to the broker"


def test_who_reports_no_more_is_not_well(tmp_path: Path) -> None:
    file = tmp_path / "health"
    report(file, "")
    assert trouble(file, file.stat().st_mtime + STALE_AFTER_S + 1) == "no sign of life for 16 s"


def test_before_the_first_report(tmp_path: Path) -> None:
    assert "not started yet" in (trouble(tmp_path / "health", 0.0) or "")


def test_the_check_that_a_container_runs(tmp_path: Path) -> None:
    def check() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "migpt_shared.health_file"],
            env={**os.environ, "MIGPT_HEALTH_FILE": str(tmp_path / "health")}, capture_output=True, text=True,
            check=False,
        )  # fmt: skip

    assert check().returncode == 1
    report(tmp_path / "health", "")
    assert (check().returncode, check().stdout) == (0, "well\n")
    report(tmp_path / "health", "the event loop was blocked")
    assert (check().returncode, check().stdout) == (1, "the event loop was blocked\n")
