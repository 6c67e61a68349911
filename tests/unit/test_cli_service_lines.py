"""Log lines of the services as a person reads them."""

from __future__ import annotations

import json

from migpt_cli.up.service_lines import read_line, rendered


def test_a_json_line_becomes_time_service_event_and_details() -> None:
    line = json.dumps(
        {
            "event": "routed",
            "level": "info",
            "timestamp": "2025-11-22T05:30:00.123456Z",
            "service": "brain",
            "text": "你好",
            "turn": None,
            "seqs": [],
            "spans": {"a": 1},
        }
    )
    entry = read_line("brain", line)
    assert entry.event == "routed"
    assert entry.time.endswith(":30:00.123")
    assert entry.details == (("text", "你好"), ("spans", '{"a": 1}'))
    assert not entry.is_trouble
    assert "brain     routed  text=你好" in rendered(entry).plain


def test_a_line_that_is_no_json_is_kept_as_it_is() -> None:
    for line in ("Traceback (most recent call last):", '["a"]', "{broken", '{"no": "event"}'):
        assert read_line("poller", line).event == line


def test_a_trace_follows_the_line_and_trouble_is_seen() -> None:
    entry = read_line("brain", json.dumps({"event": "died", "level": "error", "exception": "Traceback…\nKeyError"}))
    assert entry.is_trouble
    assert rendered(entry).plain.endswith("died\nTraceback…\nKeyError")


def test_markup_in_a_text_is_no_markup() -> None:
    line = json.dumps({"event": "heard", "level": "info", "text": "[bold]x[/bold]"})
    assert "[bold]x[/bold]" in rendered(read_line("poller", line)).plain
