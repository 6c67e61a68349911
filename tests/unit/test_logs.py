"""Logs: constant events, JSON or lines, and never a secret."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from migpt_shared.logs import set_up_logs


@pytest.fixture(autouse=True)
def _restore() -> Iterator[None]:
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


def written(log_format: str, level: str = "normal") -> tuple[io.StringIO, structlog.stdlib.BoundLogger]:
    out = io.StringIO()
    set_up_logs(service="brain", level=level, log_format=log_format, secrets=["hunter22", "x"], stream=out)  # type: ignore[arg-type]
    return out, structlog.get_logger("test")


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_no_line_holds_a_secret_wherever_it_comes_from(log_format: str) -> None:
    out, log = written(log_format)
    log.info("login", password="hunter22")
    try:
        int("rejected hunter22")
    except ValueError:
        log.exception("failed", url="https://user:hunter22@host")
    assert "hunter22" not in out.getvalue()
    assert "rejected" in out.getvalue()


def test_json_lines_carry_service_turn_and_details() -> None:
    out, log = written("json")
    with structlog.contextvars.bound_contextvars(turn="T1"):
        log.info("spoken", seq=3)
    line = json.loads(out.getvalue())
    assert (line["event"], line["seq"], line["turn"], line["service"]) == ("spoken", 3, "T1", "brain")


def test_what_people_say_is_shortened_but_at_debug_level() -> None:
    text = "我想知道明天早上八点半的会议在哪里开"
    out, log = written("json")
    log.info("heard", text=text)
    assert text not in out.getvalue()
    out, log = written("json", "debug")
    log.info("heard", text=text)
    assert text in out.getvalue()


def test_quiet_means_warnings_only() -> None:
    out, log = written("json", "quiet")
    log.info("a")
    log.warning("b")
    assert [json.loads(line)["event"] for line in out.getvalue().splitlines()] == ["b"]
