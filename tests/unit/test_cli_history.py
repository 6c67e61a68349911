"""Past turns on the command line: read beside a console that may be writing, never written."""

from __future__ import annotations

import csv
import io
import json
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from migpt_console.history import Filter, HistoryStore, HistoryUnavailableError, PastTurn, history_file
from migpt_shared.messages import Address

DAY_MS = 86_400_000


def turn(number: int, text: str, reply: str = "", **fields: object) -> PastTurn:
    values: dict[str, object] = {
        "turn": f"T{number}", "address": Address("home", "kitchen"), "text": text, "reply": reply, "route": "llm",
        "at_ms": time.time_ns() // 1_000_000 - (100 - number) * 1000, "source": "speaker", "reason": "mode_ai",
        "reason_text": "", "p_llm": 0.9, "preset": "deepseek", "phase": "done", "error": None, **fields,
    }  # fmt: skip
    return PastTurn(**values)  # type: ignore[arg-type]


TURNS = [
    turn(1, "很久以前", at_ms=time.time_ns() // 1_000_000 - 10 * DAY_MS),
    turn(2, "为什么天是蓝的", "因为散射。"),
    turn(3, "关灯", route="native", preset=None, address=Address("home", "bedroom")),
    turn(4, "=1+1", "等于二。", phase="failed", error="no key"),
]


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    (tmp_path / "config.toml").write_text("", encoding="utf-8")
    async with HistoryStore(history_file(tmp_path / "data")) as store:
        await store.record(TURNS)
    return tmp_path


def migpt(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "migpt_cli", *arguments], cwd=folder, env={"PATH": "/usr/bin:/bin"},
        stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", timeout=60, check=False,
    )  # fmt: skip


def test_the_last_turns_newest_last(folder: Path) -> None:
    done = migpt(folder, "history")
    assert done.returncode == 0, done.stderr
    order = [done.stdout.index(one.text) for one in TURNS]
    assert order == sorted(order)
    assert "因为散射。" in done.stdout
    assert "✗ failed: no key" in done.stdout
    assert migpt(folder, "history", "-n", "1").stdout.count("“") == 1


@pytest.mark.parametrize(
    ("arguments", "texts"),
    [
        ((), [one.text for one in TURNS]),
        (("--words", "散射 天"), ["为什么天是蓝的"]),
        (("--speaker", "home/bedroom"), ["关灯"]),
        (("--route", "native"), ["关灯"]),
        (("--days", "5"), ["为什么天是蓝的", "关灯", "=1+1"]),
        (("--words", "nothing"), []),
    ],
)
def test_what_is_wanted_as_json(folder: Path, arguments: tuple[str, ...], texts: list[str]) -> None:
    done = migpt(folder, "history", "--json", *arguments)
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["text"] for one in told] == texts
    assert all({"at", "household", "speaker", "reply", "spans_ms"} <= set(one) for one in told)


def test_export(folder: Path) -> None:
    table = list(csv.DictReader(io.StringIO(migpt(folder, "export").stdout.removeprefix("\ufeff"))))
    assert [row["text"] for row in table] == ["'=1+1", "关灯", "为什么天是蓝的", "很久以前"]
    file = folder / "out" / "turns.jsonl"
    done = migpt(folder, "export", "-f", "jsonl", "-o", str(file))
    assert done.returncode == 0, done.stderr
    assert "4" in done.stdout
    assert len(file.read_text(encoding="utf-8").splitlines()) == 4
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    unwritable = migpt(folder, "export", "-o", "/proc/nothing/turns.csv")
    assert unwritable.returncode == 1
    assert "Traceback" not in unwritable.stderr


def test_no_history_yet(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("", encoding="utf-8")
    for command in ("history", "export"):
        done = migpt(tmp_path, command)
        assert done.returncode == 1
        assert "还没有历史" in done.stderr
    assert not (tmp_path / "data").exists()


def test_a_file_that_is_no_history(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("", encoding="utf-8")
    file = history_file(tmp_path / "data")
    file.parent.mkdir(parents=True)
    file.write_text("not a database " * 100, encoding="utf-8")
    done = migpt(tmp_path, "history")
    assert done.returncode == 1
    assert "读不了历史" in done.stderr
    assert "Traceback" not in done.stderr


async def test_reading_beside_a_writer_that_reading_cannot_become(folder: Path) -> None:
    file = history_file(folder / "data")
    async with HistoryStore(file) as writer, HistoryStore(file, is_read_only=True) as reader:
        await writer.record([turn(5, "刚刚")])
        assert [one.text for one in await reader.find(Filter(), limit=1)] == ["刚刚"]
        with pytest.raises(HistoryUnavailableError):
            await reader.record([turn(6, "不行")])
