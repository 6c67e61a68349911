"""`migpt classify` and `migpt train`, as programs."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import cast

import pytest

from migpt_brain.corrections import Corrections
from migpt_shared.messages import Address, Target


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("classify")


def run(folder: Path, *arguments: str, said: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "migpt_cli", *arguments]
    environment = {**os.environ, "MIGPT_LANGUAGE": "en", "PYTHONIOENCODING": "utf-8", "COLUMNS": "120"}
    return subprocess.run(command, cwd=folder, env=environment, input=said, capture_output=True, check=False)


def answers(done: subprocess.CompletedProcess[bytes]) -> list[dict[str, object]]:
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.decode("utf-8").splitlines()]


def test_one_json_object_for_each_line(folder: Path) -> None:
    lines = ["今天会下雨吗", "闭嘴", "打开高级对话", "为什么天是蓝的", "把客厅灯调成暖色", "", "明早六点叫我"]
    done = run(folder, "classify", said="\n".join(lines).encode())
    judged = answers(done)
    assert [answer["text"] for answer in judged] == lines
    assert [answer["label_pred"] for answer in judged] == [
        "native", "control", "control", "llm", "home", "native", "native",
    ]  # fmt: skip
    assert [answer["reason"] for answer in judged] == [
        "classified_native",
        "control_phrase",
        "control_phrase",
        "classified_llm",
        "classified_home",
        "nothing_said",
        "classified_native",
    ]
    assert all(isinstance(answer["p_llm"], float) and 0 <= answer["p_llm"] <= 1 for answer in judged)
    assert b"training" in done.stderr
    assert (folder / "data" / "intent" / "model.json").is_file()


def test_the_kept_model_is_used(folder: Path) -> None:
    first = run(folder, "classify", said="讲讲黑洞\n".encode())
    second = run(folder, "classify", said="讲讲黑洞\n".encode())
    assert answers(first) == answers(second)
    assert second.stderr == b""


def test_bytes_that_are_no_text_are_answered_too(folder: Path) -> None:
    judged = answers(run(folder, "classify", said=b"\xff\xfe\n\xe5\xbc\n" + "放首歌\r\n".encode()))
    assert len(judged) == 3
    assert judged[2]["text"] == "放首歌"
    assert judged[2]["label_pred"] == "native"


def test_each_answer_comes_at_once(folder: Path) -> None:
    command = [sys.executable, "-m", "migpt_cli", "classify"]
    with subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for text in ("几点了呀", "什么是熵"):
            process.stdin.write(f"{text}\n".encode())
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["text"] == text  # the input is still open
        process.stdin.close()
        assert process.wait(timeout=30) == 0


def test_keywords_count_when_asked_for(folder: Path) -> None:
    said = "帮我定个闹钟\n小周打开灯\n".encode()
    plain = answers(run(folder, "classify", said=said))
    assert [answer["label_pred"] for answer in plain] == ["native", "home"]
    assert [answer["reason"] for answer in plain] == ["classified_native", "classified_home"]
    by_keyword = answers(run(folder, "classify", "--keywords", said=said))
    assert [answer["reason"] for answer in by_keyword] == ["ai_keyword", "home_keyword"]
    assert [answer["label_pred"] for answer in by_keyword] == ["llm", "home"]


def test_a_threshold_of_the_household_counts(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(f"data_dir = '{folder / 'data'}'\n[routing]\nllm_threshold = 0.9999999\n")
    [answer] = answers(run(tmp_path, "classify", said="什么是熵\n".encode()))
    assert answer["label_pred"] == "native"
    assert isinstance(answer["p_llm"], float)
    assert answer["p_llm"] > 0.9


def test_corrections_count(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder / "data", tmp_path / "data")
    said = "今天会下雨吗\n为什么天是蓝的\n".encode()
    before = answers(run(tmp_path, "classify", said=said))
    assert [answer["label_pred"] for answer in before] == ["native", "llm"]

    async def correct() -> None:
        async with Corrections(Corrections.default_url(tmp_path / "data")) as store:
            for text, target in (("为什么天是蓝的", "native"), ("今天会下雨吗？", "llm")):
                await store.keep(store.make(Address("home", "room"), text, cast("Target", target)))

    asyncio.run(correct())
    done = run(tmp_path, "classify", said=said)
    assert [answer["label_pred"] for answer in answers(done)] == ["llm", "native"]
    assert [answer["reason"] for answer in answers(done)] == ["corrected_llm", "corrected_native"]
    assert b"training" in done.stderr, "the model learns them"
    assert run(tmp_path, "classify", said=said).stderr == b""
    shown = run(tmp_path, "train").stdout.decode("utf-8")
    assert "2 corrections" in shown


def test_judging_imports_no_sdk_of_a_language_model(folder: Path) -> None:
    program = (
        "import sys; from migpt_cli.main import main; sys.argv = ['migpt', 'classify']\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code\n"
        "print({'openai', 'httpx2', 'sqlalchemy', 'sklearn', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=folder, input=b"", capture_output=True, check=False)
    assert done.stdout.strip() == b"set()", done.stderr


def test_train_shows_the_evaluation(folder: Path, tmp_path: Path) -> None:
    done = run(folder, "train", "--pictures", str(tmp_path / "pictures"))
    assert done.returncode == 0, done.stderr
    shown = done.stdout.decode("utf-8")
    for part in ("cross-validated", "By domain", "weather", "Judgements", "precision", "Do the probabilities hold"):
        assert part in shown
    assert shown.count("●") >= 30, "both pictures are drawn"
    assert {file.name for file in (tmp_path / "pictures").iterdir()} == {"precision-recall.svg", "calibration.svg"}
    assert answers(run(folder, "classify", said="什么是熵\n".encode()))[0]["label_pred"] == "llm"


def test_pictures_that_cannot_be_written_are_told(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "pictures").write_text("in the way")
    done = run(folder, "train", "--pictures", str(tmp_path / "pictures"))
    assert done.returncode == 1
    assert b"cannot be written" in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_data_folder_that_cannot_be_written_is_told(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("in the way")
    done = run(tmp_path, "classify", said="放首歌\n".encode())
    assert done.returncode == 1
    assert b"intent model" in done.stderr
    assert b"Traceback" not in done.stderr.splitlines()[0]
