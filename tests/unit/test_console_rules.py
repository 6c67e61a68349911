"""The console's plain rules: limits, proxies, forms, figures, words on cards."""

from __future__ import annotations

import ipaddress
from datetime import time
from pathlib import Path

import pytest

from migpt_cli.up.supervisor import services_for
from migpt_console.access.attempts import Attempts
from migpt_console.access.proxies import _first_stranger, clean_prefix, is_within
from migpt_console.figures import Figures, percentile
from migpt_console.pages.login.qr_picture import qr_svg
from migpt_console.pages.parts.marks import mark
from migpt_console.pages.parts.turn_view import turn_view
from migpt_console.pages.settings.kinds import Shape, from_text, kind_of, to_text
from migpt_console.pages.settings.names import CHINESE
from migpt_console.pages.settings.sections import section_paths, value_at
from migpt_shared.editing import field_at
from migpt_shared.log_file import LogFile, last_lines
from migpt_shared.messages import Address, Sentence, Speech, Turn
from migpt_shared.settings import Settings
from migpt_shared.story import StoryBook

HERE = Address("home", "living_room")
SECTIONS = (
    (),
    ("routing",),
    ("llm",),
    ("llm", "presets", "x"),
    ("hearing",),
    ("speech",),
    ("home_assistant",),
    ("console",),
    ("households", "home"),
    ("households", "home", "speakers", "a"),
)


def test_tries_come_back_with_time_and_are_counted_for_each_client() -> None:
    attempts = Attempts(burst=3, per_minute=6)
    assert [attempts.wait_s("a", 0.0) for _ in range(3)] == [0, 0, 0]
    assert attempts.wait_s("a", 0.0) == pytest.approx(10)
    assert attempts.wait_s("b", 0.0) == 0
    assert attempts.wait_s("a", 9.0) > 0
    assert attempts.wait_s("a", 10.1) == 0
    attempts.forgive("a")
    assert attempts.wait_s("a", 10.1) == 0


@pytest.mark.parametrize(
    ("given", "clean"),
    [
        ("/api/hassio_ingress/x-Y_1", "/api/hassio_ingress/x-Y_1"),
        ("migpt/", "/migpt"),
        ("", ""),
        ("/", ""),
        ("//evil.example", "/evil.example"),
        ("/a//b", ""),
        ("/../x", ""),
        ('/"><script>', ""),
        ("/中文", ""),
    ],
)
def test_a_prefix_is_a_plain_path_or_nothing(given: str, clean: str) -> None:
    assert clean_prefix(given) == clean


def test_the_client_is_the_nearest_that_is_no_proxy_of_ours() -> None:
    trusted = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("10.0.0.0/8"))
    assert _first_stranger("1.1.1.1, 2.2.2.2, 10.0.0.3", "127.0.0.1", trusted) == "2.2.2.2"
    assert _first_stranger("", "127.0.0.1", trusted) == "127.0.0.1"
    assert is_within("::ffff:127.0.0.1", trusted)
    assert not is_within("localhost", trusted)


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: ".".join(section) or "root")
def test_every_setting_in_a_form_has_a_chinese_name_and_survives_being_shown(section: tuple[str, ...]) -> None:
    settings = Settings()
    for path in section_paths(*section):
        if path[0] in ("data_dir", "log_format"):
            continue  # for the editor alone
        field = field_at(path)
        assert field is not None
        kind = kind_of(field)
        assert kind is not None
        assert path[-1] in CHINESE, f"{'.'.join(path)} has no Chinese name"
        value = value_at(settings, path)
        if value is None or kind.shape in (Shape.SECRET, Shape.SWITCH, Shape.CHOICE, Shape.WORDS):
            continue
        again = from_text(kind, to_text(kind, value))
        assert again == (list(value) if isinstance(value, tuple) else value), ".".join(path)


@pytest.mark.parametrize(
    ("path", "text", "value"),
    [
        (("speech", "max_chars"), " 90 ", 90),
        (("llm", "temperature"), "", None),
        (("speech", "retry_delays_s"), "0.5，1, 2", [0.5, 1.0, 2.0]),
        (("hearing", "night_from"), "22:15", time(22, 15)),
        (
            ("home_assistant", "device_mapping"),
            "客厅灯 = light.a\n\n台灯=light.b=c",
            {"客厅灯": "light.a", "台灯": "light.b=c"},
        ),
        (("llm", "system_prompt"), "", ""),
    ],
)
def test_what_is_typed_becomes_a_value(path: tuple[str, ...], text: str, value: object) -> None:
    field = field_at(path)
    assert field is not None
    kind = kind_of(field)
    assert kind is not None
    assert from_text(kind, text) == value


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("speech", "max_chars"), "viel"),
        (("speech", "max_chars"), "1.5"),
        (("hearing", "night_from"), "half past"),
        (("home_assistant", "device_mapping"), "no equals sign"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(path: tuple[str, ...], text: str) -> None:
    field = field_at(path)
    assert field is not None
    kind = kind_of(field)
    assert kind is not None
    with pytest.raises(ValueError, match=r"\w"):
        from_text(kind, text)


def test_percentiles_are_values_that_were_measured() -> None:
    assert percentile([5, 1, 3], 0.5) == 3
    assert percentile(range(1, 101), 0.95) == 95
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.5)


def _turn(phase: str = "speaking", **changes: object) -> Turn:
    values = {"turn": "01A", "text": "问", "route": "llm", "reason": "ai_keyword", "owner": "brain/x", "phase": phase}
    return Turn.model_validate({**values, **changes})


def test_sentences_light_up_while_they_are_spoken() -> None:
    book = StoryBook()
    book.turn(HERE, _turn(), 0.0)
    for seq, text in enumerate(("一。", "二。", "三。")):
        book.sentence(HERE, Sentence(turn="01A", seq=seq, text=text), 0.1)
    book.speech(HERE, Speech(turn="01A", utterance="u1", seqs=[0], text="一。", phase="spoken"), 0.2)
    book.speech(HERE, Speech(turn="01A", utterance="u2", seqs=[1], text="二。", phase="speaking"), 0.3)
    view = turn_view(book.stories[0], "客厅", "zh", is_latest=True)
    assert [sentence["state"] for sentence in view["sentences"]] == ["spoken", "speaking", "written"]
    assert [action["event"] for action in view["actions"]] == ["stop"]


def test_a_turn_that_went_by_before_we_listened_is_shown_from_itself() -> None:
    book = StoryBook()
    book.turn(HERE, _turn("accepted"), 0.0)
    book.turn(HERE, _turn("done", reply_so_far="一。二。", cuts=[0, 2, 4], sentences_spoken=1, p_llm=0.873), 1.0)
    view = turn_view(book.stories[0], "客厅", "zh", is_latest=True)
    assert [(one["text"], one["state"]) for one in view["sentences"]] == [("一。", "spoken"), ("二。", "written")]
    assert view["probability"] == "AI 概率 87%"
    assert [action["event"] for action in view["actions"]] == ["to-xiaoai", "forget"]


def test_figures_count_turns_and_failures() -> None:
    book, figures = StoryBook(), Figures()
    for number, phase in enumerate(("done", "failed", "failed")):
        book.turn(HERE, _turn(phase, turn=f"01{number}", preset="deepseek", spans_ms={"first_token": 300.0}), 0.0)
        figures.turn_ended(book.stories[-1], 1000.0 + number)
    assert figures.turns == {("llm", "done"): 1, ("llm", "failed"): 2}
    assert figures.failures_by_preset == {"deepseek": 2}
    points = figures.over_time("first token", since=0, stretch_s=300)
    assert [(round(point.p50_ms), point.count) for point in points] == [(300, 3)]


def test_lines_of_services_are_kept_and_read_from_the_end(tmp_path: Path) -> None:
    log = LogFile(tmp_path)
    for number in range(50):
        log.line("brain", f'{{"event": "e{number}", "service": "brain", "level": "warning", "why": "x"}}')
    log.line("speaker", "Traceback (most recent call last):")
    log.close()
    lines = last_lines(tmp_path, 3)
    assert [line.event for line in lines] == ["e48", "e49", "Traceback (most recent call last):"]
    assert (lines[0].level, lines[0].details) == ("warning", "why=x")
    assert last_lines(tmp_path / "none", 3) == []
    assert (tmp_path / "logs" / "services.jsonl").stat().st_mode & 0o077 == 0


def test_the_console_can_be_switched_off() -> None:
    assert "console" in services_for(Settings())
    off = Settings.model_validate({"console": {"enabled": False}})
    assert services_for(off) == ("poller", "brain", "speaker")


def test_marks_and_pictures_hold_nothing_of_others() -> None:
    assert mark('a" onclick="x') == 'data-mark="a__onclick__x"'
    svg = qr_svg('https://account.xiaomi.com/x?a="<script>')
    assert "<script" not in svg
    assert svg.startswith("<svg")
