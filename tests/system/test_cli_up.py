"""`migpt up` and the commands that talk to it: everything as processes, over a private mosquitto."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.system.cli_up import CLI, Process, UpHome, gone


@pytest.fixture(scope="module")
def home(mosquitto: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[UpHome]:
    with UpHome(tmp_path_factory.mktemp("home")) as home:
        home.up.until("就绪")
        yield home


def test_the_start_is_told(home: UpHome) -> None:
    text = "\n".join(home.up.lines)
    for words in (
        "自带的 mosquitto",
        "小米账号 home：已登录",
        "home/living_room：客厅小爱（LX06）",
        "卧室小爱、客厅小爱",
    ):
        assert words in text
    assert "simulated-password" not in text


def test_speakers_are_listed(home: UpHome) -> None:
    listed = json.loads(home.migpt("speakers", "--json").stdout)
    assert [(one["address"], one["name"], one["mode"], one["online"]) for one in listed] == [
        ("home/bedroom", "卧室小爱", "ai", True),
        ("home/living_room", "客厅小爱", "ai", True),
    ]
    assert all(owner for one in listed for owner in one["owners"].values())
    table = home.migpt("speakers")
    assert table.returncode == 0
    assert "home/living_room" in table.stdout


def test_say_is_heard_in_the_room_before_it_returns(home: UpHome) -> None:
    done = home.migpt("say", "晚饭好了", "--speaker", "客厅")
    assert (done.returncode, done.stderr) == (0, "")
    assert home.heard_in("living_room")[-1] == "晚饭好了"


def test_say_to_all_is_heard_in_every_room(home: UpHome) -> None:
    done = home.migpt("say", "开会了", "--speaker", "all", "--priority", "alarm")
    assert done.returncode == 0
    assert done.stdout.count("好了") == 2
    assert home.heard_in("living_room")[-1] == home.heard_in("bedroom")[-1] == "开会了"


def test_ask_prints_the_answer_and_the_room_hears_it(home: UpHome) -> None:
    done = home.migpt("ask", "你好", "--speaker", "home/living_room")
    assert done.returncode == 0
    sentences = done.stdout.split("\n")[:-1]
    assert len(sentences) >= 2
    assert "".join(home.heard_in("living_room")).endswith("".join(sentences))


def test_an_ask_that_is_not_spoken_stays_silent(home: UpHome) -> None:
    before = home.heard_in("bedroom")
    done = home.migpt("ask", "讲个笑话", "--speaker", "bedroom", "--no-speak")
    assert done.returncode == 0
    assert "小明" in done.stdout
    assert home.heard_in("bedroom") == before


def test_with_two_speakers_one_must_be_named(home: UpHome) -> None:
    for command in ("say", "ask"):
        done = home.migpt(command, "你好")
        assert done.returncode == 2
        assert "home/bedroom" in done.stderr
        assert "home/living_room" in done.stderr


def test_an_unknown_preset_is_an_error(home: UpHome) -> None:
    done = home.migpt("ask", "你好", "-s", "bedroom", "--preset", "nope", "--no-speak")
    assert done.returncode == 1
    assert "nope" in done.stderr


def test_watch_shows_a_turn_as_it_happens(home: UpHome) -> None:
    lines = Process(*CLI, "watch", cwd=home.folder)
    bodies = Process(*CLI, "watch", "--json", "--speaker", "bedroom", cwd=home.folder)
    other = Process(*CLI, "watch", "--json", "--speaker", "living_room", cwd=home.folder)
    try:
        lines.until("正在观看")
        bodies_ready = home.migpt("ask", "你好", "-s", "bedroom")  # the first may come before they listen
        assert bodies_ready.returncode == 0
        assert home.migpt("ask", "你是谁", "-s", "bedroom").returncode == 0
        lines.until("大模型来答")
        lines.until("▶ 正在说")
        lines.until("结果：完成")
        message = json.loads(bodies.until("你是谁"))
        assert (message["kind"], message["speaker"]) == ("Turn", "home/bedroom")
        lines.send(signal.SIGINT)
        assert lines.ends() == 130
        other.send(signal.SIGINT)
        other.ends()
        assert other.lines == []
    finally:
        for process in (lines, bodies, other):
            process.end()


def test_a_second_one_in_the_same_folder_is_refused(home: UpHome) -> None:
    done = home.migpt("up")
    assert done.returncode == 2
    assert str(home.up.process.pid) in done.stderr


def test_a_killed_service_is_started_again(home: UpHome) -> None:
    os.kill(home.pid_of("brain"), signal.SIGKILL)
    home.up.until("brain 意外退出")
    home.up.until("ownership  decision=Take")
    home.up.until("ownership  decision=Take")
    assert home.migpt("ask", "你好", "-s", "living_room").returncode == 0


def test_a_killed_broker_is_started_again_on_its_port(home: UpHome) -> None:
    note = json.loads((home.folder / "data" / "up.json").read_text())
    [broker] = [process for process in home.up.family() if process.name() == "mosquitto"]
    broker.kill()
    home.up.until("mosquitto 意外退出")
    deadline = 20
    while home.migpt("say", "又好了", "-s", "bedroom").returncode != 0:
        deadline -= 1
        assert deadline > 0, "\n".join(home.up.lines)
    assert json.loads((home.folder / "data" / "up.json").read_text()) == note
    assert home.heard_in("bedroom")[-1] == "又好了"


def test_sigterm_ends_everything_within_five_seconds(mosquitto: Path, tmp_path: Path) -> None:
    with UpHome(tmp_path) as home:
        home.up.until("就绪")
        family = home.up.family()
        assert len([process for process in family if "migpt_" in " ".join(process.cmdline())]) >= 3
        home.up.send(signal.SIGTERM)
        assert home.up.ends(8) == 0
        assert gone(family, 1) == []
        assert sum("service_stopped" in line for line in home.up.lines) == 4
        assert not (tmp_path / "data" / "up.json").exists()
        assert home.migpt("speakers").returncode == 2


@pytest.mark.parametrize("when", ["就绪", "自带的 mosquitto"])
def test_nothing_outlives_a_killed_supervisor(mosquitto: Path, tmp_path: Path, when: str) -> None:
    with UpHome(tmp_path) as home:
        home.up.until(when)
        family = home.up.family()
        home.up.send(signal.SIGKILL)
        home.up.ends()
        assert gone(family, 8) == []
        after = home.migpt("speakers")  # the note that was left behind leads nowhere
        assert after.returncode == 1
        assert "Traceback" not in after.stderr


def test_it_starts_again_after_a_killed_supervisor(mosquitto: Path, tmp_path: Path) -> None:
    with UpHome(tmp_path) as home:
        home.up.until("就绪")
        family = home.up.family()
        home.up.send(signal.SIGKILL)
        home.up.ends()
        assert gone(family, 8) == []
        again = Process(*CLI, "up", cwd=tmp_path)
        try:
            again.until("就绪")
        finally:
            again.end()


def test_ctrl_c_twice_ends_at_once_and_leaves_nothing(mosquitto: Path, tmp_path: Path) -> None:
    with UpHome(tmp_path) as home:
        home.up.until("就绪")
        family: list[psutil.Process] = home.up.family()
        home.up.send(signal.SIGINT)
        home.up.send(signal.SIGINT)
        assert home.up.ends(8) in (0, 130)
        assert gone(family, 8) == []


def test_a_wrong_password_is_told_and_the_rest_lives_on(mosquitto: Path, tmp_path: Path) -> None:
    with UpHome(tmp_path) as first:
        text = (tmp_path / "config.toml").read_text(encoding="utf-8").replace("simulated-password", "wrong-password")
        first.up.end()
        (tmp_path / "config.toml").write_text(text, encoding="utf-8")
        up = Process(*CLI, "up", cwd=tmp_path)
        try:
            line = up.until("✗ 小米账号 home")
            assert "wrong-password" not in line
            done = first.migpt("speakers")
            assert done.returncode == 1
            assert "home" in done.stderr
        finally:
            up.end()
        assert "wrong-password" not in "\n".join(up.lines)
